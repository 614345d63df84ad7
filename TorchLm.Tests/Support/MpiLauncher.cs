using System.Diagnostics;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Support;

/// <summary>An mpirun of this machine.</summary>
/// <param name="Kind">"Open MPI" or "MPICH".</param>
/// <param name="Path">The program.</param>
internal sealed record MpiLauncher(string Kind, string Path)
{
    public const string OpenMpi = "Open MPI", Mpich = "MPICH";

    private static readonly Lazy<IReadOnlyList<MpiLauncher>> s_installed = new(() => [.. Find()]);

    /// <summary>The one of a kind, or null.</summary>
    public static MpiLauncher? Of(string kind) => s_installed.Value.FirstOrDefault(launcher => launcher.Kind == kind);

    /// <summary>Runs the real program as several processes.</summary>
    public ProgramProcess Run(int ranks, IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        using Process process = Start(ranks, variables, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Path} -np {ranks} torchlm {string.Join(' ', arguments)} did not end.");
        }
        return new ProgramProcess(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Starts the real program as several processes.</summary>
    public Process Start(int ranks, IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] own = Kind != OpenMpi ? [] : Environment.UserName == "root" ? ["--allow-run-as-root", "--oversubscribe"] : ["--oversubscribe"];
        string program = System.IO.Path.Combine(AppContext.BaseDirectory, "torchlm.dll");
        foreach (string argument in own.Concat(["-np", $"{ranks}", "dotnet", program, .. arguments]))
        {
            start.ArgumentList.Add(argument);
        }
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        start.Environment["OMP_NUM_THREADS"] = "1";
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Distributions have both under names of their own, and plain mpirun for one of them.</summary>
    private static IEnumerable<MpiLauncher> Find()
    {
        if (!OperatingSystem.IsLinux()) yield break;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        foreach (string name in new[] { "mpirun.openmpi", "mpirun.mpich", "mpirun", "mpiexec.hydra" })
        {
            if (folders.Select(folder => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists) is not { } path) continue;
            var start = new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (text.Contains("Open MPI", StringComparison.Ordinal)) yield return new MpiLauncher(OpenMpi, path);
            if (text.Contains("HYDRA", StringComparison.OrdinalIgnoreCase)) yield return new MpiLauncher(Mpich, path);
        }
    }
}

/// <summary>A promise about several processes, skipped where an mpirun of these kinds is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute(params string[] kinds) =>
        Skip = kinds.FirstOrDefault(kind => MpiLauncher.Of(kind) is null) is { } missing ? $"the mpirun of {missing} is not installed" : null;
}

/// <summary>The same in several cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute(string kind) => Skip = MpiLauncher.Of(kind) is null ? $"the mpirun of {kind} is not installed" : null;
}
