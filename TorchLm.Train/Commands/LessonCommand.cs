using System.CommandLine;
using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Lessons;
using TorchLm.Lessons.Pages;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm lesson</c>: from one neuron to the transformer, with every number checked.</summary>
internal static class LessonCommand
{
    private const string All = "all", List = "list";

    public static Command Create()
    {
        var name = new Argument<string>("NAME")
        {
            Description = $"A lesson's name; {List} says which there are, {All} runs them one after the other.",
            DefaultValueFactory = _ => List,
        };
        name.CompletionSources.Add([List, All, .. LessonCatalog.All.Select(lesson => lesson.Name)]);
        var steps = new Option<int?>("--steps") { Description = "Training steps or epochs. Default: the lesson's own.", HelpName = "N" };
        var seed = new Option<long?>("--seed") { Description = "Seed of random numbers, 0 to 4294967295. Default: the lesson's own.", HelpName = "N" };
        var pictures = new Option<string?>("--out") { Description = "A folder for the lesson's pictures (PNG). Default: none are drawn.", HelpName = "DIR" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace pictures of an earlier call." };
        Option<int?> threads = CommonOptions.Threads();
        var command = new DocumentedCommand("lesson", "Learn how this works, from one neuron to the transformer.",
            ["torchlm lesson list", "torchlm lesson neuron", "torchlm lesson gpt --out pictures"])
        {
            name, steps, seed, pictures, overwrite, threads,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            string asked = parsed.GetValue(name)!;
            if (asked == List) return PrintList();
            bool all = asked == All;
            if (all && (parsed.GetValue(steps) ?? parsed.GetValue(seed)) is not null)
            {
                throw new InputException("--steps and --seed are for one lesson at a time; name it instead of 'all'.");
            }
            CommonOptions.UseThreads(parsed.GetValue(threads));
            IReadOnlyList<Lesson> lessons = all ? LessonCatalog.All : [LessonCatalog.Find(asked)];
            var options = new LessonOptions
            {
                Steps = parsed.GetValue(steps), Seed = parsed.GetValue(seed), Cancel = cancel,
                PictureFolder = PictureFolder(parsed.GetValue(pictures), lessons, parsed.GetValue(overwrite)),
            };
            return Run(lessons, options, all);
        }));
        return command;
    }

    private static int PrintList()
    {
        foreach (Lesson lesson in LessonCatalog.All)
        {
            string choices = string.Join(", ", new[] { lesson.Steps is { } n ? $"--steps {n}" : null, lesson.Seed is { } s ? $"--seed {s}" : null }.OfType<string>());
            Console.WriteLine($"{LessonCatalog.NumberOf(lesson),2}  {lesson.Name,-17} {lesson.Title,-57} {choices}".TrimEnd());
        }
        Console.WriteLine($"\nRun one: torchlm lesson {LessonCatalog.All[0].Name}   with pictures: --out DIR   all of them: torchlm lesson {All}");
        return ExitCode.Done;
    }

    private static int Run(IReadOnlyList<Lesson> lessons, LessonOptions options, bool table)
    {
        long start = Stopwatch.GetTimestamp();
        var results = new List<LessonResult>();
        foreach (Lesson lesson in lessons)
        {
            if (results.Count > 0) Console.WriteLine("\n");
            results.Add(LessonRunner.Run(lesson, Console.Out, options));
        }
        if (table)
        {
            Console.WriteLine("\n\nWhat was checked\n================\n");
            foreach (string line in TextTable.Lines(CheckReport.Headings, CheckReport.Rows(results))) Console.WriteLine(line);
            Console.WriteLine($"\n{results.Sum(r => r.Checks.Count)} numbers in {lessons.Count} lessons, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} seconds.");
        }
        LessonResult[] wrong = [.. results.Where(r => !r.Passed)];
        foreach (LessonResult result in wrong) Console.Error.WriteLine($"torchlm: lesson {result.Lesson.Name}: {CheckReport.Sentence(result.Checks)}");
        return wrong.Length == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>Makes the folder, and sees that nothing in it is replaced without a word.</summary>
    private static string? PictureFolder(string? folder, IReadOnlyList<Lesson> lessons, bool overwrite)
    {
        if (folder is null) return null;
        if (LessonRunner.PictureWarning() is { } warning) Console.Error.WriteLine($"torchlm: warning: {warning}.");
        try
        {
            Directory.CreateDirectory(folder);
            string? there = lessons.SelectMany(l => Directory.EnumerateFiles(folder, l.Name + "-*.png")).FirstOrDefault();
            if (there is not null && !overwrite) throw new InputException($"There are pictures in '{folder}' already, such as {Path.GetFileName(there)}: name another folder, or add --overwrite.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--out: the folder '{folder}' cannot be used: {e.Message}");
        }
        return folder;
    }
}
