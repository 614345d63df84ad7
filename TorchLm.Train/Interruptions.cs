using System.Runtime.InteropServices;

namespace TorchLm.Train;

/// <summary>
/// Signals that System.CommandLine leaves alone. It asks a command to end at the first Ctrl-C or SIGTERM; here a closed terminal (SIGHUP) asks the same,
/// and a second Ctrl-C ends the process at once, without saving.
/// </summary>
internal sealed class Interruptions : IDisposable
{
    private readonly CancellationTokenSource _hangUp = new();
    private readonly PosixSignalRegistration _onHangUp, _onInterrupt;
    private int _interrupts;

    public Interruptions()
    {
        _onHangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true; // else the process would end here
            _hangUp.Cancel();
        });
        _onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref _interrupts) < 2) return;
            Console.Error.WriteLine("torchlm: Interrupted twice: ended at once, without saving.");
            Environment.Exit(ExitCode.Interrupted);
        });
    }

    /// <summary>Cancelled when the terminal is closed.</summary>
    public CancellationToken HangUp => _hangUp.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _onHangUp.Dispose();
        _onInterrupt.Dispose();
        _hangUp.Dispose();
    }
}
