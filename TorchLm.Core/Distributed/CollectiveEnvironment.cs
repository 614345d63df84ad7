using System.Collections;
using System.Globalization;

namespace TorchLm.Core.Distributed;

/// <summary>Finds out from environment variables whether this process is one of several, and which.</summary>
/// <remarks>
/// Launchers are asked in the order of how close they are to the process: an mpirun within a Slurm job leaves Slurm's variables in place, but they
/// describe mpirun's own daemons. Slurm's count only within a step (SLURM_STEP_ID), as the batch script itself is "process 0 of N" as well and runs
/// once.
/// </remarks>
public static class CollectiveEnvironment
{
    /// <summary>The environment variable that names the MPI library to load, where it is not found by itself or the wrong one is.</summary>
    public const string LibraryVariable = "TORCHLM_MPI_LIBRARY";

    /// <summary>What this process was told; null where it is alone.</summary>
    /// <exception cref="InputException">A variable holds what it must not.</exception>
    public static ProcessLaunch? OfThisProcess() =>
        Of(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? ""));

    /// <summary>What a process with these variables was told; null where it is alone.</summary>
    /// <param name="variables">Names and values.</param>
    /// <exception cref="InputException">A variable holds what it must not; the sentence names it.</exception>
    public static ProcessLaunch? Of(IReadOnlyDictionary<string, string> variables)
    {
        ProcessLaunch? launch = Ranks(variables, Launcher.OpenMpi, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK")
            ?? Ranks(variables, Launcher.Pmi, "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "SLURM_LOCALID")
            ?? OfSlurm(variables)
            ?? OfTorchrun(variables);
        return launch is null ? null : launch with { MpiLibrary = Text(variables, LibraryVariable), LocalSize = LocalSize(variables, launch) };
    }

    /// <summary>Slurm says it for all nodes of the step, such as 2(x3),1: where they differ, the first one's is taken, which is as many as any has.</summary>
    private static int? LocalSize(IReadOnlyDictionary<string, string> variables, ProcessLaunch launch)
    {
        string name = launch.Launcher switch
        {
            Launcher.OpenMpi => "OMPI_COMM_WORLD_LOCAL_SIZE",
            Launcher.Torchrun => "LOCAL_WORLD_SIZE",
            Launcher.Pmi when Text(variables, "MPI_LOCALNRANKS") is not null => "MPI_LOCALNRANKS",
            _ => "SLURM_STEP_TASKS_PER_NODE",
        };
        return int.TryParse(Text(variables, name)?.Split('(', ',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 ? count : null;
    }

    /// <summary>A step's own number of tasks is taken where it is said: an interactive shell is a step of one task in a job of many.</summary>
    private static ProcessLaunch? OfSlurm(IReadOnlyDictionary<string, string> variables)
    {
        if (Text(variables, "SLURM_STEP_ID") is null) return null;
        string size = Text(variables, "SLURM_STEP_NUM_TASKS") is null ? "SLURM_NTASKS" : "SLURM_STEP_NUM_TASKS";
        return Ranks(variables, Launcher.Slurm, "SLURM_PROCID", size, "SLURM_LOCALID");
    }

    private static ProcessLaunch? OfTorchrun(IReadOnlyDictionary<string, string> variables)
    {
        if (Ranks(variables, Launcher.Torchrun, "RANK", "WORLD_SIZE", "LOCAL_RANK") is not { } launch) return null;
        if (Text(variables, "MASTER_ADDR") is not { } host || Text(variables, "MASTER_PORT") is null) return launch;
        int port = Number(variables, "MASTER_PORT", 1, 65535);
        string quoted = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host; // an IPv6 address
        return launch with { Master = $"{quoted}:{port}", IsMasterTaken = Text(variables, "TORCHELASTIC_USE_AGENT_STORE") is "True" };
    }

    /// <summary>Null unless both the rank and the number of ranks are said.</summary>
    private static ProcessLaunch? Ranks(
        IReadOnlyDictionary<string, string> variables, Launcher launcher, string rank, string size, params string[] local)
    {
        if (Text(variables, rank) is null || Text(variables, size) is null) return null;
        int worldSize = Number(variables, size, 1, int.MaxValue);
        string? localRank = local.FirstOrDefault(name => Text(variables, name) is not null);
        return new ProcessLaunch(launcher, Number(variables, rank, 0, worldSize - 1), worldSize,
            localRank is null ? null : Number(variables, localRank, 0, worldSize - 1));
    }

    private static string? Text(IReadOnlyDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out string? value) && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

    private static int Number(IReadOnlyDictionary<string, string> variables, string name, int least, int most) =>
        int.TryParse(Text(variables, name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new InputException($"The environment variable {name} is '{variables[name]}', but it must be a whole number " +
                (most == int.MaxValue ? $"of at least {least}" : $"from {least} to {most}") + "; unset it where this process is to run alone.");
}
