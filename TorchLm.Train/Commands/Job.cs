using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Devices;
using TorchLm.Core.Distributed;
using TorchSharp;

namespace TorchLm.Train.Commands;

/// <summary>What rank 0 has decided, and the others go by.</summary>
/// <param name="Config">The configuration with nothing left open.</param>
/// <param name="RunFolder">Where rank 0 writes.</param>
/// <param name="DataFolder">The data set.</param>
/// <param name="MaxSteps">The run's step after which to stop; null is no limit.</param>
/// <param name="IsTimed">Whether rank 0's time is limited.</param>
internal sealed record JobPlan(string Config, string RunFolder, string DataFolder, long? MaxSteps, bool IsTimed);

/// <summary>
/// The processes that a launcher has started for one command, or this one alone. Rank 0 reads and decides, tells the others, and speaks for all; a rank
/// that fails says so and ends the job, as the others would wait for it for ever.
/// </summary>
internal sealed class Job : IDisposable
{
    /// <summary>A rank that gives no sign of life for so long is lost. Signs come from a thread of their own, once a second.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(20);

    /// <summary>A rank that is alive and does not come to what the others wait for within this time is lost as well.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    /// <summary>How long the launcher may take to end this process, when it was asked to end all.</summary>
    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(2);

    private readonly Consensus _consensus;
    private bool _announced, _ended;
    private string? _run; // its folder

    private Job(ICollective ranks, DeviceChoice device)
    {
        (Ranks, Device) = (ranks, device);
        _consensus = new Consensus(ranks, device.Device);
    }

    public ICollective Ranks { get; }

    /// <summary>Where this process computes.</summary>
    public DeviceChoice Device { get; }

    public bool IsFirst => Ranks.Rank == 0;

    /// <summary>Meets the others.</summary>
    /// <param name="launch">What this process was told; null where it is alone.</param>
    /// <param name="device">The value of <c>--device</c>.</param>
    /// <exception cref="InputException">The device does not work, or the processes cannot work together.</exception>
    public static Job Open(ProcessLaunch? launch, string device)
    {
        try
        {
            DeviceChoice choice = DeviceChoice.Of(device, launch?.LocalRank ?? 0);
            var job = new Job(Collectives.Open(launch, choice.Device), choice);
            job.Ranks.Watch(s_silence, sentence => job.Abandon(sentence, ExitCode.Failed)); // rank 0 may prepare data for hours now, and others wait
            return job;
        }
        catch (InputException e) when (launch is { WorldSize: > 1 })
        {
            throw new InputException($"Rank {launch.Rank} on {Environment.MachineName}: {e.Message}", e); // another machine's may be well
        }
    }

    /// <summary>Tells the other ranks what to do; before that they only wait.</summary>
    public void Announce(JobPlan plan)
    {
        _announced = true;
        _consensus.OfFirst(JsonSerializer.SerializeToUtf8Bytes(plan));
        Begin(plan);
    }

    /// <summary>Waits for rank 0's plan; null where rank 0 has failed and said why.</summary>
    public JobPlan? Await()
    {
        byte[] plan = _consensus.OfFirst([]);
        if (plan.Length == 0)
        {
            End();
            return null;
        }
        JobPlan read = JsonSerializer.Deserialize<JobPlan>(plan)!;
        Begin(read);
        return read;
    }

    /// <summary>Lets go of the others, when all are done with one another.</summary>
    public void End()
    {
        if (_ended) return;
        _ended = true;
        Ranks.Dispose();
    }

    /// <summary>Where rank 0 fails before it has told the others what to do, they are told that there is nothing.</summary>
    public void Dispose()
    {
        if (_ended) return;
        if (IsFirst && !_announced) _consensus.OfFirst([]);
        End();
    }

    /// <summary>Does this rank's work. What goes wrong when several are at work is said with the rank's name, and ends them all.</summary>
    public int Run(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (Ranks.WorldSize > 1 && !_ended && (_announced || !IsFirst))
        {
            _ended = true;
            int code = e is InputException ? ExitCode.WrongInput : ExitCode.Failed;
            Abandon(e.Message, code);
            return code;
        }
    }

    /// <summary>From here on a rank that is alone with what it does holds the others up.</summary>
    private void Begin(JobPlan plan)
    {
        _run = plan.RunFolder;
        if (Device.Device.type == DeviceType.CPU) Ranks.Patience = s_patience; // on a GPU it would let each operation be waited for
    }

    /// <summary>Says what is wrong and ends all ranks, as far as they can be reached, and this one in any case: its other threads may hang within MPI.</summary>
    private void Abandon(string sentence, int code)
    {
        string how = code == ExitCode.Failed && _run is not null && MayGoOn(_run)
            ? $" The run goes on from its last checkpoint with the same launcher and: torchlm train --resume {Hint.Path(_run)}" : "";
        Console.Error.WriteLine($"torchlm: {Program.OneLine($"{Name(Ranks)}: {sentence}{how}")}");
        var abort = new Thread(() => Ranks.Abort(code)) { IsBackground = true };
        abort.Start();
        abort.Join(s_end);
        Thread.Sleep(s_end); // the launcher's signal may be on its way
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        process.Kill(); // an orderly end would wait for threads that hang within MPI
    }

    /// <summary>Whether there is a checkpoint, as far as can be seen: a folder may hang as well, and need not be visible to other ranks than the first.</summary>
    private bool MayGoOn(string run)
    {
        if (!IsFirst) return true;
        Task<bool> looks = Task.Run(() =>
        {
            try
            {
                return new RunFolder(run).Steps().Count > 0;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return true;
            }
        });
        return !looks.Wait(TimeSpan.FromSeconds(1)) || looks.Result;
    }

    /// <summary>A rank in words.</summary>
    public static string Name(ICollective ranks) => $"rank {ranks.Rank} on {Environment.MachineName}";
}
