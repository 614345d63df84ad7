using System.Diagnostics;
using TorchLm.Tests.Train;
using YamlDotNet.RepresentationModel;

namespace TorchLm.Tests.Distributed;

/// <summary>What starts jobs: the scripts in scripts/scale-out.</summary>
public sealed class ScaleOutScriptsTests : IDisposable
{
    private static readonly string s_scripts = Path.Combine(ProgramProcess.RepositoryRoot, "scripts", "scale-out");

    /// <summary>A shell cannot trap signals that were ignored when it began, as they are below nohup and in jobs in the background.</summary>
    private static readonly string[] s_supervisor = ["env", "--default-signal=INT,HUP", "bash", Path.Combine(s_scripts, "keep-running.sh")];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void The_Slurm_job_begins_resumes_and_queues_itself_again()
    {
        _folder.Write("bin/srun", "#!/bin/sh\necho \"srun $*\"\nexit $SRUN_CODE\n");
        _folder.Write("bin/scontrol", "#!/bin/sh\necho \"scontrol $*\"\n");
        (int code, string output) = Sbatch("130");
        Assert.Equal(130, code);
        Assert.Equal("srun --mpi=pmix --kill-on-bad-exit=1 torchlm train --out run --preset gpt2-124m\nscontrol requeue 7\n", output);
        _folder.Write("run/config.json", "{}");
        Assert.Equal("srun --mpi=pmix --kill-on-bad-exit=1 torchlm train --out run --overwrite --preset gpt2-124m\n", Sbatch("1").Output);
        _folder.Write("run/latest.json", "{}");
        (code, output) = Sbatch("0");
        Assert.Equal(0, code);
        Assert.Equal("srun --mpi=pmix --kill-on-bad-exit=1 torchlm train --resume run\n", output);
    }

    [LinuxFact]
    public void The_supervisor_goes_on_from_the_last_checkpoint_until_the_run_has_ended()
    {
        // It fails twice, each time with a new checkpoint, and then ends.
        string program = _folder.Write("bin/job", "#!/bin/sh\necho \"$*\"\nn=$(cat count 2>/dev/null || echo 0)\nn=$((n + 1))\necho $n > count\nmkdir -p run\necho $n > run/latest.json\n" +
            "[ $n -ge 3 ] || exit 9\n");
        (int code, string output) = Supervise(program);
        Assert.Equal(0, code);
        Assert.Equal("train --out run --data x\ntrain --resume run\ntrain --resume run\n", output);
    }

    [LinuxFact]
    public void The_supervisor_begins_anew_what_was_lost_before_its_first_checkpoint()
    {
        string program = _folder.Write("bin/job", "#!/bin/sh\necho \"$*\"\n[ ! -e run/config.json ] || exit 0\nmkdir -p run\necho > run/config.json\nexit 9\n");
        (int code, string output) = Supervise(program);
        Assert.Equal(0, code);
        Assert.Equal("train --out run --data x\ntrain --out run --overwrite --data x\n", output);
    }

    /// <summary>HUP is the end of its terminal.</summary>
    [LinuxFact]
    public void The_supervisor_passes_a_request_to_stop_on_and_ends()
    {
        foreach (string signal in new[] { "TERM", "HUP", "USR1" })
        {
            string program = _folder.Write("bin/job", $"#!/bin/bash\ntrap 'echo saved; exit 130' USR1\necho begun\nkill -{signal} $PPID\nwhile true; do sleep 0.1; done\n");
            (int code, string output) = Supervise(program);
            Assert.Equal((130, "begun\nsaved\n"), (code, output));
        }
    }

    /// <summary>The launcher runs before the script has learned which process it is; bash's trap DEBUG stands between the two.</summary>
    [LinuxFact]
    public void The_supervisor_passes_a_request_to_stop_on_that_comes_while_the_launcher_starts()
    {
        string program = _folder.Write("bin/job", "#!/bin/sh\ntrap 'echo saved; exit 130' USR1\n: > begun\nwhile true; do sleep 0.1; done\n");
        string between = _folder.Write("between.sh",
            "trap 'case $BASH_COMMAND in child=\\$!) while [ ! -e begun ]; do sleep 0.05; done; echo early; kill -TERM $$ ;; esac' DEBUG\n");
        (int code, string output) = Supervise(program, ("BASH_ENV", between));
        Assert.Equal((130, "early\nsaved\n"), (code, output));
    }

    /// <summary>A terminal sends Ctrl-C to all processes of the group, and a launcher that gets it gives its ranks no time.</summary>
    [LinuxFact]
    public void The_supervisor_keeps_Ctrl_C_in_a_terminal_from_the_launcher()
    {
        string program = _folder.Write("bin/job", "#!/bin/bash\ntrap 'echo saved; exit 130' USR1\nread -r _ _ _ _ group _ </proc/$PPID/stat\n" +
            "read -r _ _ _ _ own _ </proc/$$/stat\n[ $own != $group ] || echo together\nkill -INT -- -$group\nwhile true; do sleep 0.1; done\n");
        (int code, string output) = Run(new ProcessStartInfo("setsid", ["--wait", .. s_supervisor, "run", program, "--"]));
        Assert.Equal((130, "saved\n"), (code, output));
    }

    [LinuxFact]
    public void The_supervisor_gives_up_a_run_that_gets_nowhere_and_wrong_input_at_once()
    {
        (int code, string output) = Supervise(_folder.Write("bin/broken", "#!/bin/sh\necho once\nexit 9\n"));
        Assert.Equal(9, code);
        Assert.Equal("once\nonce\n", output);
        (code, output) = Supervise(_folder.Write("bin/wrong", "#!/bin/sh\necho once\nexit 2\n"));
        Assert.Equal(2, code);
        Assert.Equal("once\n", output);
    }

    [Fact]
    public void The_MPIJob_is_YAML_that_starts_as_many_ranks_as_its_workers_have_slots()
    {
        var yaml = new YamlStream();
        using (StreamReader file = File.OpenText(Path.Combine(s_scripts, "mpijob.yaml"))) yaml.Load(file);
        var root = (YamlMappingNode)Assert.Single(yaml.Documents).RootNode;
        Assert.Equal("MPIJob", Text(root, "kind"));
        Assert.Equal("kubeflow.org/v2beta1", Text(root, "apiVersion"));
        int slots = int.Parse(Text(root, "spec", "slotsPerWorker")), workers = int.Parse(Text(root, "spec", "mpiReplicaSpecs", "Worker", "replicas"));
        string script = Text(root, "spec", "mpiReplicaSpecs", "Launcher", "template", "spec", "containers", "0", "args", "0");
        Assert.Contains($"-np {slots * workers} ", script, StringComparison.Ordinal);
        Assert.Equal($"{slots}", Text(root, "spec", "mpiReplicaSpecs", "Worker", "template", "spec", "containers", "0", "resources", "limits", "nvidia.com/gpu"));
        if (OperatingSystem.IsLinux()) Assert.Equal(0, Run(new ProcessStartInfo("bash", ["-n", "-c", script])).Code);
    }

    private static string Text(YamlNode node, params string[] path) =>
        ((YamlScalarNode)path.Aggregate(node, (at, name) => at is YamlSequenceNode list ? list[int.Parse(name)] : ((YamlMappingNode)at)[name])).Value!;

    private (int Code, string Output) Sbatch(string code) => Run(new ProcessStartInfo("bash", [Path.Combine(s_scripts, "torchlm.sbatch"), "--preset", "gpt2-124m"])
    {
        Environment = { ["RUN"] = "run", ["SLURM_JOB_ID"] = "7", ["SRUN_CODE"] = code },
    });

    private (int Code, string Output) Supervise(string program, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(s_supervisor[0], [.. s_supervisor[1..], "run", program, "--", "--data", "x"]) { Environment = { ["ATTEMPTS"] = "2", ["PAUSE"] = "0" } };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Run(start);
    }

    private (int Code, string Output) Run(ProcessStartInfo start)
    {
        start.WorkingDirectory = _folder.Path;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["PATH"] = $"{_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        if (Directory.Exists(_folder["bin"]))
        {
            foreach (string file in Directory.EnumerateFiles(_folder["bin"])) MakeExecutable(file);
        }
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("It does not end.");
        }
        Task.WaitAll(output, errors);
        return (process.ExitCode, output.Result);
    }

    private static void MakeExecutable(string file)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
