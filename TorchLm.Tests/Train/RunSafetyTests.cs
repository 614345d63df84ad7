using TorchLm.Core.Checkpoints;

namespace TorchLm.Tests.Train;

/// <summary>What the program refuses so that no run is lost, mixed up or shared.</summary>
public sealed class RunSafetyTests : IDisposable
{
    private static readonly string[] s_train = ["train", "--preset", "gpt2-tiny", "--precision", "fp32", "--set", "training.steps=4"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.layerCount=3", "model.")]
    [InlineData("data.path=other.txt", "data.")]
    public void A_resumed_run_keeps_its_model_and_data_and_its_configuration_file(string setting, string word)
    {
        Done([.. s_train, "--out", "run", "--max-steps", "2"]);
        string config = Read("run/config.json");
        Run("train", "--resume", "run", "--set", setting).AssertRefused(word);
        Assert.Equal(config, Read("run/config.json"));
        Done("train", "--resume", "run", "--set", "training.logInterval=1");
        Assert.Contains("\"logInterval\": 1", Read("run/config.json"), StringComparison.Ordinal);
    }

    [Fact]
    public void Overwriting_keeps_the_old_run_until_the_new_one_has_begun()
    {
        Done([.. s_train, "--out", "run"]);
        byte[] weights = File.ReadAllBytes(At("run/step-00000004/model.safetensors"));
        Run([.. s_train, "--out", "run", "--overwrite", "--data", "nowhere.txt"]).AssertRefused("nowhere.txt");
        Assert.Equal(weights, File.ReadAllBytes(At("run/step-00000004/model.safetensors")));
        Assert.Equal(["run"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        Done([.. s_train, "--out", "run", "--overwrite", "--seed", "7"]);
        Assert.NotEqual(weights, File.ReadAllBytes(At("run/step-00000004/model.safetensors")));
        Assert.Equal(["run"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_folder_in_which_a_process_trains_is_left_to_it()
    {
        using System.Diagnostics.Process process = ProgramProcess.Start(_folder.Path, ["train", "--preset", "gpt2-tiny", "--set", "training.steps=1000000"]);
        try
        {
            Task output = Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
            while (!process.HasExited && !File.Exists(At("checkpoints/gpt2-tiny/metrics.jsonl"))) await Task.Delay(50);
            Run("train", "--resume", "checkpoints/gpt2-tiny").AssertRefused($"Process {process.Id} on host", "has been training in", "since 2");
            Run([.. s_train, "--out", "checkpoints/gpt2-tiny", "--overwrite"]).AssertRefused($"Process {process.Id} on host");
            Done(s_train);
            Assert.True(File.Exists(At("checkpoints/gpt2-tiny-2/config.json")));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [LinuxFact]
    public async Task On_a_file_system_without_locks_the_owner_that_is_named_counts_while_its_process_lives()
    {
        string[] train = ["train", "--preset", "gpt2-tiny", "--precision", "fp32", "--out", "run", "--set", "training.steps=1000000", "--set", "training.saveInterval=20"];
        using System.Diagnostics.Process first = Start(train);
        try
        {
            Task output = Task.WhenAll(first.StandardError.ReadToEndAsync(), first.StandardOutput.ReadToEndAsync());
            while (!first.HasExited && !File.Exists(At("run/latest.json"))) await Task.Delay(50);
            (int code, string errors) = await End(Start("train", "--resume", "run"));
            Assert.Equal(2, code);
            Assert.Contains("on host", errors, StringComparison.Ordinal);
            Assert.True(File.Exists(At("run/run.lock")));
        }
        finally
        {
            first.Kill(entireProcessTree: true);
        }
        await first.WaitForExitAsync();
        (int resumed, string said) = await End(Start("train", "--resume", "run", "--max-time", "3s"));
        Assert.True(resumed == 0, said);
        Assert.Contains("ended without finishing", said, StringComparison.Ordinal);
        Assert.False(File.Exists(At("run/run.lock")));

        // .NET's own switch: no file is locked.
        System.Diagnostics.Process Start(params string[] arguments) => System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "torchlm.dll"), .. arguments])
        {
            WorkingDirectory = _folder.Path, RedirectStandardError = true, RedirectStandardOutput = true,
            Environment = { ["OMP_NUM_THREADS"] = "1", ["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1" },
        })!;

        static async Task<(int Code, string Errors)> End(System.Diagnostics.Process process)
        {
            using (process)
            {
                Task output = process.StandardOutput.ReadToEndAsync();
                string errors = await process.StandardError.ReadToEndAsync();
                await output;
                await process.WaitForExitAsync();
                return (process.ExitCode, errors);
            }
        }
    }

    [Fact]
    public async Task A_killed_process_leaves_a_lock_that_the_next_one_takes_over_and_speaks_of_once()
    {
        const string Ended = "ended without finishing";
        using (System.Diagnostics.Process process = ProgramProcess.Start(_folder.Path,
            ["train", "--preset", "gpt2-tiny", "--precision", "fp32", "--out", "run", "--set", "training.steps=1000000", "--set", "training.saveInterval=20"]))
        {
            Task output = Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
            while (!process.HasExited && !File.Exists(At("run/latest.json"))) await Task.Delay(50);
            process.Kill();
            await process.WaitForExitAsync();
            Assert.True(File.Exists(At("run/run.lock")));
            ProgramProcess next = Run("train", "--resume", "run", "--set", "training.steps=1000000", "--max-time", "3s");
            Assert.Equal(0, next.ExitCode);
            Assert.Contains($"Process {process.Id}, which was training here (since 2", next.Errors, StringComparison.Ordinal);
            Assert.Contains(Ended, next.Errors, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(At("run/run.lock")));
        _folder.Write("run/run.lock", "\u001b[31m{\"pid\": \0");
        ProgramProcess last = Run("train", "--resume", "run", "--max-time", "3s");
        Assert.Equal(0, last.ExitCode);
        Assert.DoesNotContain(Ended, last.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(At("run/run.lock")));
    }

    [Fact]
    public void A_run_whose_time_is_up_is_saved_and_says_how_to_go_on()
    {
        ProgramProcess result = Run("train", "--preset", "gpt2-tiny", "--out", "run", "--set", "training.steps=1000000", "--max-time", "6s");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Matches(@"^Time is up; saved at step [\d,]+ of 1,000,000\. Continue with: torchlm train --resume run\n$", result.Output);
        Assert.True(new RunFolder(At("run")).LatestStep is not null);
        Assert.False(File.Exists(At("run/run.lock")));
    }

    [Fact]
    public void The_micro_batch_that_auto_finds_trains_as_if_it_had_been_named()
    {
        string[] settings = [.. s_train, "--set", "training.batchSize=2", "--set", "training.gradientAccumulationSteps=3", "--micro-batch"];
        ProgramProcess auto = Run([.. settings, "auto", "--out", "auto"]);
        Assert.Matches(@"^Micro-batch 6 x 1 \(effective batch 6\): the whole of it fits in \d+\.\d GiB of memory\.\n", auto.Errors);
        Assert.Equal(0, auto.ExitCode);
        Done([.. settings, "6", "--out", "named"]);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(At($"named/step-00000004/{file}")), File.ReadAllBytes(At($"auto/step-00000004/{file}")));
        }
        Assert.Equal(Read("named/config.json"), Read("auto/config.json"));
        Assert.Contains("\"batchSize\": 6", Read("auto/config.json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_run_may_take_another_micro_batch_and_says_that_it_is_another_run_then()
    {
        Done([.. s_train, "--out", "run", "--max-steps", "2"]);
        ProgramProcess resumed = Run("train", "--resume", "run", "--micro-batch", "2");
        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("another run", resumed.Errors, StringComparison.Ordinal);
        Assert.Contains("\"gradientAccumulationSteps\": 4", Read("run/config.json"), StringComparison.Ordinal);
        Run("train", "--resume", "run", "--set", "training.steps=6", "--micro-batch", "5").AssertRefused("--micro-batch is 5", "effective batch of 8", "use 4 or 8.");
        Run([.. s_train, "--out", "other", "--micro-batch", "many"]).AssertRefused("--micro-batch is 'many'", "auto");
        Assert.False(Directory.Exists(At("other")));
    }

    [Fact]
    public void A_run_is_not_continued_on_other_data()
    {
        string Text(string word) => string.Concat(Enumerable.Repeat($"{word} is the word of the day.\n", 400));
        Done("prepare", _folder.Write("one.txt", Text("abc")), "--out", "set", "--tokenizer", "char");
        Done([.. s_train, "--data", "set", "--out", "run", "--max-steps", "2"]);
        Directory.Delete(At("set"), recursive: true);
        Done("prepare", _folder.Write("two.txt", Text("cab")), "--out", "set", "--tokenizer", "char");
        Run("train", "--resume", "run").AssertRefused("is no longer what the run began with", "--init-from");

        Done([.. s_train, "--out", "own", "--max-steps", "2"]);
        string shard = Directory.GetFiles(At("own/data"), "*train*.bin").Single();
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^7] ^= 1;
        File.WriteAllBytes(shard, bytes);
        Run("train", "--resume", "own").AssertRefused("is damaged", "SHA-256");
    }

    [LinuxFact]
    public void A_log_on_a_full_disk_costs_no_run()
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c",
            $"dotnet '{Path.Combine(AppContext.BaseDirectory, "torchlm.dll")}' train --preset gpt2-tiny --set training.steps=4 --precision fp32 --out run >/dev/full 2>&1"])
        {
            WorkingDirectory = _folder.Path, Environment = { ["OMP_NUM_THREADS"] = "1" },
        })!;
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode); // standard output could not be written, which is said where it can be
        Assert.Equal(4, new RunFolder(At("run")).LatestStep);
    }

    [Fact]
    public void As_many_checkpoints_stay_as_were_asked_for()
    {
        Done([.. s_train, "--out", "run", "--set", "training.saveInterval=1", "--set", "training.evalInterval=4", "--max-steps", "3", "--keep", "3"]);
        Assert.Contains("\"keepCheckpoints\": 3", Read("run/config.json"), StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], new RunFolder(At("run")).Steps());
        Done("train", "--resume", "run", "--keep", "1");
        Assert.Equal([4], new RunFolder(At("run")).Steps());
        Run([.. s_train, "--out", "other", "--keep", "0"]).AssertRefused("--keep is 0", "at least 1");
    }

    [Fact]
    public void What_a_process_left_that_was_killed_before_its_run_began_is_cleared_away()
    {
        Done([.. s_train, "--out", "run", "--max-steps", "1"]); // makes shards of the built-in corpus
        foreach (string entry in Directory.EnumerateFileSystemEntries(At("run")).Where(e => Path.GetFileName(e) is not ("data" or "tokenizer.json")))
        {
            if (Directory.Exists(entry)) Directory.Delete(entry, recursive: true);
            else File.Delete(entry);
        }
        Run([.. s_train, "--out", "run"]).AssertRefused("holds other files"); // without a lock they may be anybody's
        _folder.Write("run/run.lock", "");
        _folder.Write("run/config.json.123.tmp", "{");
        string corpus = _folder.Write("other.txt", string.Concat(Enumerable.Repeat("Another corpus altogether.\n", 400)));
        Done([.. s_train, "--out", "run", "--data", corpus]);
        Assert.DoesNotContain("fables", Read("run/data/dataset.json"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(At("run"), "*.tmp"));
    }

    [Fact]
    public void A_folder_that_holds_only_the_lock_of_a_killed_process_is_free()
    {
        _folder.Write("run/run.lock", "");
        Done([.. s_train, "--out", "run"]);
        _folder.Write("checkpoints/gpt2-tiny/run.lock", "");
        Done(s_train);
        Assert.True(File.Exists(At("checkpoints/gpt2-tiny/config.json")));
    }

    [Fact]
    public void A_vocabulary_that_is_not_the_tokenizers_is_refused_and_another_text_brings_its_own()
    {
        _folder.Write("a.txt", string.Concat(Enumerable.Repeat("abcdefg hijk\n", 100)));
        _folder.Write("b.txt", string.Concat(Enumerable.Repeat("vwxyz\n", 200)));
        Run([.. s_train, "--data", "a.txt", "--set", "model.vocabularySize=300"]).AssertRefused("model.vocabularySize", "300", "13");
        Done([.. s_train, "--data", "a.txt", "--out", "a"]);
        Done("train", "--config", "a/config.json", "--data", "b.txt", "--out", "b");
        Assert.Contains("\"vocabularySize\": 6", Read("b/config.json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_that_no_memory_holds_fails_with_a_sentence()
    {
        ProgramProcess result = Run([.. s_train, "--out", "run", "--set", "training.batchSize=100000000", "--set", "training.evalBatches=0"]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        Assert.Contains("training.batchSize", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--overwrite")]
    [InlineData("--out", "other")]
    [InlineData("--preset", "fables")]
    [InlineData("--data", "x.txt")]
    [InlineData("--config", "x.json")]
    [InlineData("--depth", "4")]
    public void Options_that_make_no_sense_on_a_resume_are_refused(params string[] options) =>
        Run(["train", "--resume", "run", .. options]).AssertRefused(options[0]);

    [Fact]
    public void A_prompt_that_is_not_UTF8_is_refused()
    {
        _folder.Write("prompt.txt", [0xff, 0xfe, 0x41, 0x00]);
        Run("sample", "--model", "run", "--prompt-file", "prompt.txt").AssertRefused("prompt.txt", "UTF-8");
    }

    private string At(string path) => Path.Combine(_folder.Path, path);

    private string Read(string path) => File.ReadAllText(At(path));

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);

    private void Done(params string[] arguments)
    {
        ProgramProcess result = Run(arguments);
        Assert.True(result.ExitCode == 0, $"torchlm {string.Join(' ', arguments)} exited with {result.ExitCode}: {result.Errors}");
    }
}
