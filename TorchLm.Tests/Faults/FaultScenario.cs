using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>A run that faults are to happen to, and what it ends with when none do.</summary>
internal sealed class FaultScenario
{
    /// <summary>A text that takes no time to prepare or to evaluate.</summary>
    public static readonly string SmallCorpus = string.Join('\n', Enumerable.Range(0, 1000).Select(i => $"{i} times {i % 7} is {i * (i % 7)}."));

    private readonly string _folder;
    private readonly string[] _arguments;

    /// <summary>Makes the run once, undisturbed.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="folder">Where runs are made.</param>
    /// <param name="faults">What is the matter with the machine in all runs alike, such as a slow disk.</param>
    /// <param name="steps">Steps of the run.</param>
    /// <param name="window">Time within which a fault strikes a process that has begun to train.</param>
    /// <param name="arguments">Of <c>torchlm train</c>, besides the folder and the steps.</param>
    public FaultScenario(string name, string folder, string? faults, int steps, TimeSpan window, params string[] arguments)
    {
        (Name, _folder, Faults, Steps, Window) = (name, folder, faults, steps, window);
        _arguments = [.. arguments, "--set", $"training.steps={steps}", "--set", "training.logInterval=1"];
        Reference = new RunFolder(Path.Combine(folder, name + "-reference"));
        using FaultProcess process = Start(Reference, null);
        process.AssertEnds(0);
    }

    public string Name { get; }

    public string? Faults { get; }

    public int Steps { get; }

    public TimeSpan Window { get; }

    /// <summary>The undisturbed run.</summary>
    public RunFolder Reference { get; }

    /// <summary>A folder for another run.</summary>
    public RunFolder NewRun(int number) => new(Path.Combine(_folder, $"{Name}-{number}"));

    /// <summary>Begins a run, or goes on with what is there, as a user would who reads what the program says.</summary>
    public FaultProcess Start(RunFolder run, string? moreFaults)
    {
        string[] command = !run.Exists ? [.. _arguments, "--out", run.Path] : run.Steps().Count == 0 ? [.. _arguments, "--out", run.Path, "--overwrite"] : ["--resume", run.Path];
        string faults = string.Join(',', new[] { Faults, moreFaults }.OfType<string>());
        return new FaultProcess(_folder, faults, ["train", .. command]);
    }

    /// <summary>Asserts that a run has ended with the same bytes and the same measurements as the undisturbed one.</summary>
    public void AssertSame(RunFolder run, string story) => AssertSame(Reference, run, Steps, $"{Name}, {story}");

    /// <summary>Asserts that two runs have the same weights and moments at a step and the same measurements, but for times.</summary>
    public static void AssertSame(RunFolder expected, RunFolder actual, long step, string story)
    {
        AssertSameWeights(expected, actual, step, story);
        string[] said = Measurements(expected), says = Measurements(actual);
        Assert.True(said.SequenceEqual(says), $"metrics.jsonl differs after {story}: {string.Join(" instead of ", says.Except(said).Take(1).Concat(said.Except(says).Take(1)))}");
        Assert.Equal(expected.BestStep, actual.BestStep);
    }

    /// <summary>Asserts that two runs have the same weights and moments at a step; what went wrong stands in their metrics.</summary>
    public static void AssertSameWeights(RunFolder expected, RunFolder actual, long step, string story)
    {
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            byte[] theirs = File.ReadAllBytes(Path.Combine(expected.StepPath(step), file)), ours = File.ReadAllBytes(Path.Combine(actual.StepPath(step), file));
            Assert.True(theirs.AsSpan().SequenceEqual(ours), $"{file} differs after {story}");
        }
    }

    /// <summary>The last step that a run has made, whether it was saved or not; 0 before the first.</summary>
    public static long LastStep(RunFolder run)
    {
        if (!File.Exists(run.MetricsPath)) return 0;
        using var file = new FileStream(run.MetricsPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long start = Math.Max(0, file.Length - 8192), last = 0; // the end alone: this is asked for again and again
        file.Position = start;
        using var reader = new StreamReader(file);
        foreach (string line in reader.ReadToEnd().Split('\n').Skip(start > 0 ? 1 : 0))
        {
            try
            {
                last = Math.Max(last, JsonNode.Parse(line)!["step"]!.GetValue<long>());
            }
            catch (JsonException)
            {
                // the line that it was killed over
            }
        }
        return last;
    }

    private static string[] Measurements(RunFolder run) =>
    [
        .. File.ReadLines(run.MetricsPath).Select(line =>
        {
            JsonObject json = JsonNode.Parse(line)!.AsObject();
            foreach (string name in new[] { "tokens_per_second", "mfu", "rss_mb", "ms", "seconds" }) json.Remove(name);
            return json.ToJsonString();
        }),
    ];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} ({Steps} steps)");
}
