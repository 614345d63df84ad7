using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Faults;

/// <summary>
/// Damage to each file that a run goes on from, seen through the program: it is named, the checkpoint before is used, and the run ends as if nothing had
/// been. <see cref="Checkpoints.ResumePointTests"/> tries many more places of each file.
/// </summary>
public sealed class DamageTests(DamageTests.Runs runs) : IClassFixture<DamageTests.Runs>
{
    private const int Steps = 12;

    [LinuxTheory]
    [InlineData("model.safetensors", -1)]
    [InlineData("optimizer.safetensors", 70_000)]
    [InlineData("state.json", 100)]
    public void Damage_to_a_file_of_the_latest_checkpoint_costs_the_steps_since_the_one_before(string file, int flipAt) =>
        Resumes($"step-00000008/{file}", flipAt, continuesAt: 6, $"{file}' is damaged", "set aside as 'step-00000008.damaged'");

    [LinuxTheory]
    [InlineData("latest.json", -1)]
    [InlineData("best.json", 4)]
    public void Damage_to_a_pointer_costs_nothing(string file, int flipAt) => Resumes(file, flipAt, continuesAt: 8, $"{file}' is damaged");

    [LinuxFact]
    public void Where_all_checkpoints_are_damaged_the_run_is_refused_and_nothing_is_deleted()
    {
        RunFolder run = runs.CopyOfStopped();
        string[] weights = [.. run.Steps().Select(step => Path.Combine(run.StepPath(step), "model.safetensors"))];
        foreach (string file in weights) Damage(file, 1000);
        using FaultProcess process = runs.Resume(run);
        process.AssertEnds(2);
        Assert.Contains("has no checkpoint to continue from; start it anew with --overwrite.", process.Errors, StringComparison.Ordinal);
        Assert.Equal(weights.Length, process.Errors.Split("model.safetensors' is damaged").Length - 1);
        Assert.Equal(weights.Length, Directory.GetFiles(run.Path, "model.safetensors", SearchOption.AllDirectories).Length);
    }

    private void Resumes(string name, int flipAt, long continuesAt, params string[] sentences)
    {
        RunFolder run = runs.CopyOfStopped();
        Damage(Path.Combine(run.Path, name), flipAt);
        using FaultProcess process = runs.Resume(run);
        process.AssertEnds(0);
        foreach (string sentence in sentences) Assert.Contains(sentence, process.Errors, StringComparison.Ordinal);
        Assert.Equal(continuesAt, process.ContinuedAt);
        FaultScenario.AssertSame(runs.Whole, run, Steps, $"damage to {name}");
    }

    /// <summary>Flips a bit of a byte, or cuts off the last third where the byte's number is negative.</summary>
    private static void Damage(string file, int flipAt)
    {
        byte[] bytes = File.ReadAllBytes(file);
        if (flipAt < 0) bytes = bytes[..(2 * bytes.Length / 3)];
        else bytes[flipAt] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    /// <summary>A run of 12 steps, and the same one stopped at step 8 with checkpoints of steps 6 and 8 in it, which each test gets a copy of.</summary>
    public sealed class Runs : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private int _copies;

        public Runs()
        {
            if (!OperatingSystem.IsLinux()) return;
            string[] train = ["train", "--preset", "gpt2-tiny", "--precision", "fp32", "--set", $"training.steps={Steps}", "--set", "training.saveInterval=2", "--set",
                "training.evalInterval=4", "--set", "training.logInterval=1", "--data", _folder.Write("corpus.txt", FaultScenario.SmallCorpus)];
            using (FaultProcess whole = new(_folder.Path, null, [.. train, "--out", "whole"])) whole.AssertEnds(0);
            using (FaultProcess stopped = new(_folder.Path, null, [.. train, "--out", "stopped", "--max-steps", "8"])) stopped.AssertEnds(0);
        }

        public RunFolder Whole => new(_folder["whole"]);

        public RunFolder CopyOfStopped()
        {
            string from = _folder["stopped"], to = _folder[$"copy-{++_copies}"];
            foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            return new RunFolder(to);
        }

        internal FaultProcess Resume(RunFolder run) => new(_folder.Path, null, "train", "--resume", run.Path);

        public void Dispose() => _folder.Dispose();
    }
}
