using System.Collections.Concurrent;
using TorchLm.Lessons;
using TorchLm.Lessons.Pages;

namespace TorchLm.Tests.Lessons;

/// <summary>A lesson that was run with pictures, once for all tests.</summary>
internal sealed record LessonRun(LessonResult Result, string Output)
{
    private static readonly Lazy<TemporaryFolder> s_pictures = new(() =>
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    });

    private static readonly ConcurrentDictionary<string, Lazy<LessonRun>> s_runs = [];

    /// <summary>The lesson's run with its own steps and seed.</summary>
    public static LessonRun Of(string name) => s_runs.GetOrAdd(name, _ => new Lazy<LessonRun>(() => Run(name, new LessonOptions { PictureFolder = s_pictures.Value.Path }))).Value;

    /// <summary>Runs a lesson.</summary>
    public static LessonRun Run(string name, LessonOptions options)
    {
        using var output = new StringWriter();
        LessonResult result = LessonRunner.Run(LessonCatalog.Find(name), output, options);
        return new LessonRun(result, output.ToString());
    }

    /// <summary>The lesson's own numbers of a kind, which were held against others.</summary>
    public double[] Values(string what)
    {
        double[] values = [.. Result.Checks.Where(c => c.What == what).Select(c => c.Value)];
        Assert.NotEmpty(values);
        return values;
    }

    /// <summary>Asserts that numbers of a kind are those of the known answers.</summary>
    public void AssertKnown(string what, double[] expected, double relative = 1e-9)
    {
        double[] values = Values(what);
        Assert.Equal(expected.Length, values.Length);
        for (int i = 0; i < values.Length; i++) Assert.InRange(values[i], expected[i] - (relative * Math.Max(1e-300, Math.Abs(expected[i]))) - double.Epsilon, expected[i] + (relative * Math.Abs(expected[i])) + double.Epsilon);
    }
}
