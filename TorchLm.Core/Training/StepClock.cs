using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>Where the time of training steps went: milliseconds a step, on average.</summary>
/// <param name="Data">Fetching batches.</param>
/// <param name="Forward">From ids to the last hidden states.</param>
/// <param name="Backward">Output head, loss and all gradients; the head's gradients are made with its loss, so that the two cannot be told apart.</param>
/// <param name="Optimizer">Clipping and the update.</param>
/// <param name="Exchange">Waiting for the gradients of other ranks, and for their weights where each updates its part; 0 where there are none.</param>
public sealed record StepPhases(double Data, double Forward, double Backward, double Optimizer, double Exchange = 0)
{
    /// <summary>What this rank computed, without waiting for others.</summary>
    public double Own => Data + Forward + Backward + Optimizer;
}

/// <summary>Adds up the time that the parts of steps take.</summary>
/// <remarks>
/// On a GPU work is queued, so that a part's time shows only where the device is waited for; this is done in steps that wait for it anyway. On a CPU all
/// steps are measured.
/// </remarks>
internal sealed class StepClock(Device device)
{
    private readonly bool _queues = device.type == DeviceType.CUDA;
    private double _data, _forward, _backward, _exchange, _optimizer;
    private long _last;
    private int _steps;
    private bool _measures;

    /// <summary>A step begins.</summary>
    /// <param name="waits">Whether it ends with values read back from the device.</param>
    public void Begin(bool waits)
    {
        _measures = waits || !_queues;
        if (!_measures) return;
        if (_queues) cuda.synchronize(device);
        _steps++;
        _last = Stopwatch.GetTimestamp();
    }

    /// <summary>A batch is there.</summary>
    public void DataDone() => Lap(ref _data);

    /// <summary>The hidden states are there.</summary>
    public void ForwardDone() => Lap(ref _forward);

    /// <summary>The gradients are there.</summary>
    public void BackwardDone() => Lap(ref _backward);

    /// <summary>What other ranks had to give is there.</summary>
    public void ExchangeDone() => Lap(ref _exchange);

    /// <summary>The update is made.</summary>
    public void OptimizerDone() => Lap(ref _optimizer);

    /// <summary>The mean over the steps measured since the last call; null where there was none.</summary>
    public StepPhases? Take()
    {
        if (_steps == 0) return null;
        var phases = new StepPhases(_data / _steps, _forward / _steps, _backward / _steps, _optimizer / _steps, _exchange / _steps);
        (_data, _forward, _backward, _exchange, _optimizer, _steps) = (0, 0, 0, 0, 0, 0);
        return phases;
    }

    private void Lap(ref double sum)
    {
        if (!_measures) return;
        if (_queues) cuda.synchronize(device);
        long now = Stopwatch.GetTimestamp();
        sum += Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds;
        _last = now;
    }
}
