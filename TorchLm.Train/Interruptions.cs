using System.Runtime.InteropServices;

namespace TorchLm.Train;

/// <summary>
/// Signals that System.CommandLine leaves alone. It asks a command to end at the first Ctrl-C or SIGTERM; here a closed terminal (SIGHUP) asks the same, and
/// so does SIGUSR1, which mpirun passes on at once, unlike the others, and which batch systems are told to send before time is over. A second Ctrl-C ends
/// the process at once, without saving.
/// </summary>
internal sealed class Interruptions : IDisposable
{
    /// <summary>SIGUSR1, which .NET has no name for, on Linux.</summary>
    private const PosixSignal User1 = (PosixSignal)10;

    private readonly CancellationTokenSource _end = new();
    private readonly PosixSignalRegistration _onHangUp, _onInterrupt;
    private readonly PosixSignalRegistration? _onUser1;
    private int _interrupts;

    public Interruptions()
    {
        _onHangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        if (OperatingSystem.IsLinux()) _onUser1 = PosixSignalRegistration.Create(User1, End);
        _onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref _interrupts) < 2) return;
            Console.Error.WriteLine("torchlm: Interrupted twice: ended at once, without saving.");
            Environment.Exit(ExitCode.Interrupted);
        });
    }

    /// <summary>Cancelled when one of these signals asks to end.</summary>
    public CancellationToken Asked => _end.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _onHangUp.Dispose();
        _onInterrupt.Dispose();
        _onUser1?.Dispose();
        _end.Dispose();
    }

    private void End(PosixSignalContext context)
    {
        context.Cancel = true; // else the process would end here
        _end.Cancel();
    }
}
