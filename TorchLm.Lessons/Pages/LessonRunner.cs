using System.Diagnostics;
using TorchLm.Reports.Plots;
using TorchLm.Core;
using static TorchSharp.torch;

namespace TorchLm.Lessons.Pages;

/// <summary>What came of a lesson.</summary>
/// <param name="Lesson">Which.</param>
/// <param name="Checks">Its numbers, each held against another.</param>
/// <param name="Pictures">Files that it drew.</param>
/// <param name="Time">How long it took.</param>
public sealed record LessonResult(Lesson Lesson, IReadOnlyList<Check> Checks, IReadOnlyList<string> Pictures, TimeSpan Time)
{
    /// <summary>Whether all numbers are what they should be.</summary>
    public bool Passed => Checks.All(c => c.Passed);
}

/// <summary>Runs lessons.</summary>
public static class LessonRunner
{
    /// <summary>Runs one lesson.</summary>
    /// <param name="lesson">Which.</param>
    /// <param name="output">Where its text goes.</param>
    /// <param name="options">What the reader chose.</param>
    /// <exception cref="InputException">The lesson has nothing to choose where something was chosen, or a choice is impossible.</exception>
    public static LessonResult Run(Lesson lesson, TextWriter output, LessonOptions options)
    {
        if (options.Steps is { } steps)
        {
            if (lesson.Steps is null) throw new InputException($"The lesson '{lesson.Name}' trains nothing, so that it has no --steps.");
            if (steps < 1) throw new InputException($"--steps is {steps}, but must be 1 or more.");
        }
        if (options.Seed is not null && lesson.Seed is null) throw new InputException($"The lesson '{lesson.Name}' draws no random numbers, so that it has no --seed.");
        long start = Stopwatch.GetTimestamp();
        string heading = $"{LessonCatalog.NumberOf(lesson)}. {lesson.Name}: {lesson.Title}";
        output.WriteLine($"{heading}\n{new string('=', heading.Length)}");
        var page = new LessonPage(lesson, output, options);
        using (NewDisposeScope()) lesson.Run(page);
        var result = new LessonResult(lesson, page.Checks, page.Pictures, Stopwatch.GetElapsedTime(start));
        if (!page.IsAsPublished) page.Text("(What the text says of results is true of the lesson's own steps and seed.)");
        page.Text(CheckReport.Sentence(result.Checks));
        if (result.Pictures.Count > 0) output.WriteLine($"Pictures: {string.Join(", ", result.Pictures)}");
        if (LessonCatalog.After(lesson) is { } next) output.WriteLine($"Next: torchlm lesson {next.Name} ({next.Title})");
        return result;
    }

    /// <summary>What pictures would lack on this machine; null where nothing.</summary>
    public static string? PictureWarning() => PictureFont.Missing();
}
