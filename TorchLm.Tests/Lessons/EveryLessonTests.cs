using TorchLm.Core;
using TorchLm.Lessons;
using TorchLm.Lessons.Pages;

namespace TorchLm.Tests.Lessons;

/// <summary>What holds for each lesson.</summary>
public class EveryLessonTests
{
    public static TheoryData<string> All => [.. LessonCatalog.All.Select(l => l.Name)];

    public static TheoryData<string> WithSeed => [.. LessonCatalog.All.Where(l => l.Seed is not null).Select(l => l.Name)];

    public static TheoryData<string> WithSteps => [.. LessonCatalog.All.Where(l => l.Steps is not null).Select(l => l.Name)];

    [Fact]
    public void They_are_told_in_this_order() => Assert.Equal(
        ["neuron", "chain-rule", "losses", "activations", "exam", "perceptron", "xor", "optimizers", "next-token", "quadrants", "tokens", "rnn", "attention", "tiny-transformer", "gpt"],
        LessonCatalog.All.Select(l => l.Name));

    [Theory]
    [MemberData(nameof(All))]
    public void Its_numbers_are_what_they_should_be(string name)
    {
        LessonRun run = LessonRun.Of(name);
        Assert.True(run.Result.Passed, CheckReport.Sentence(run.Result.Checks));
        Assert.True(run.Result.Checks.Count >= 9, $"only {run.Result.Checks.Count} numbers are checked");
        Assert.Contains($"{run.Result.Checks.Count} numbers checked", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Its_text_fits_a_terminal(string name)
    {
        string[] lines = LessonRun.Of(name).Output.Split('\n');
        Assert.All(lines.Where(l => !l.StartsWith("Pictures:", StringComparison.Ordinal)), l => Assert.InRange(l.TrimEnd().Length, 0, 120));
        Assert.All(lines, l => Assert.DoesNotContain(l, c => char.IsControl(c) && c != '\r'));
        Assert.DoesNotContain("NaN", LessonRun.Of(name).Output.Replace("NaN     NaN     NaN", "", StringComparison.Ordinal), StringComparison.Ordinal); // but for losses' own example
    }

    [Theory]
    [MemberData(nameof(All))]
    public void It_draws_pictures_that_show_something(string name)
    {
        LessonRun run = LessonRun.Of(name);
        Assert.NotEmpty(run.Result.Pictures);
        foreach (string file in run.Result.Pictures)
        {
            Assert.StartsWith(name + "-", Path.GetFileName(file), StringComparison.Ordinal);
            using var bitmap = SkiaSharp.SKBitmap.Decode(file);
            Assert.Equal(0, bitmap.Width % 480);
            Assert.Equal(0, bitmap.Height % 360);
            for (int row = 0; row < bitmap.Height / 360; row++) // each row of plots has one at its left
            {
                var colours = new HashSet<SkiaSharp.SKColor>();
                for (int y = 0; y < 360; y += 3)
                {
                    for (int x = 0; x < 480; x += 3) colours.Add(bitmap.GetPixel(x, (row * 360) + y));
                }
                Assert.True(colours.Count > 20, $"{Path.GetFileName(file)}, row {row}, has {colours.Count} colours");
            }
        }
    }

    [Theory]
    [MemberData(nameof(WithSeed))]
    public void Another_seed_gives_other_numbers_which_hold_too(string name)
    {
        Lesson lesson = LessonCatalog.Find(name);
        LessonRun run = LessonRun.Run(name, new LessonOptions { Seed = 11, Steps = lesson.Steps is null ? null : Math.Min(20, lesson.Steps.Value) });
        Assert.True(run.Result.Passed, CheckReport.Sentence(run.Result.Checks));
        Assert.NotEqual(LessonRun.Of(name).Output, run.Output);
        Assert.Empty(run.Result.Pictures);
    }

    [Theory]
    [MemberData(nameof(WithSteps))]
    public void One_step_is_enough_to_run(string name)
    {
        LessonRun run = LessonRun.Run(name, new LessonOptions { Steps = 1 });
        Assert.True(run.Result.Passed, CheckReport.Sentence(run.Result.Checks));
    }

    [Theory]
    [MemberData(nameof(WithSteps))]
    public void A_reader_can_stop_it(string name)
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => LessonRun.Run(name, new LessonOptions { Cancel = stop.Token }));
    }

    [Fact]
    public void What_a_lesson_does_not_have_cannot_be_chosen()
    {
        Assert.Equal("The lesson 'chain-rule' trains nothing, so that it has no --steps.", Refusal("chain-rule", new LessonOptions { Steps = 5 }));
        Assert.Equal("The lesson 'perceptron' draws no random numbers, so that it has no --seed.", Refusal("perceptron", new LessonOptions { Seed = 5 }));
        Assert.Equal("--steps is 0, but must be 1 or more.", Refusal("perceptron", new LessonOptions { Steps = 0 }));
    }

    private static string Refusal(string name, LessonOptions options) => Assert.Throws<InputException>(() => LessonRun.Run(name, options)).Message;
}
