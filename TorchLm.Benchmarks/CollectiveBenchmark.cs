using System.Diagnostics;
using TorchLm.Core.Distributed;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>How long an operation takes, and what that makes in bandwidth.</summary>
/// <param name="Operation">Its name.</param>
/// <param name="Bytes">The length of the whole tensor: what each rank sums, or has when all is gathered.</param>
/// <param name="Milliseconds">The median.</param>
/// <param name="BusFactor">What a link must carry at least, in lengths of the whole tensor: 2(N-1)/N for all-reduce, of N ranks.</param>
/// <param name="CopyMilliseconds">A copy of as many bytes within one process, beside the other ranks' copies.</param>
public sealed record CollectiveTime(string Operation, long Bytes, double Milliseconds, double BusFactor, double CopyMilliseconds)
{
    /// <summary>Length over time, in gigabytes a second.</summary>
    public double AlgorithmBandwidth => Bytes / Milliseconds / 1e6;

    /// <summary>What the slowest link carries at least, in gigabytes a second: comparable between operations and numbers of ranks.</summary>
    public double BusBandwidth => AlgorithmBandwidth * BusFactor;

    /// <summary>The copy's length over its time, in gigabytes a second.</summary>
    public double CopyBandwidth => Bytes / CopyMilliseconds / 1e6;
}

/// <summary>An all-reduce beside a computation that takes several times as long, as a backward pass does.</summary>
/// <param name="Bytes">What is reduced.</param>
/// <param name="Compute">The computation alone, in milliseconds.</param>
/// <param name="Communicate">An all-reduce that is waited for at once: what it would cost after the computation.</param>
/// <param name="Both">One that is begun before the computation and waited for after it.</param>
public sealed record CollectiveOverlap(long Bytes, double Compute, double Communicate, double Both)
{
    /// <summary>How much of the all-reduce is hidden: 1 is all, 0 nothing, and below that it were better done afterwards.</summary>
    public double HiddenShare => (Compute + Communicate - Both) / Communicate;
}

/// <summary>Times operations that ranks do together.</summary>
public static class CollectiveBenchmark
{
    private const int LeastRounds = 5, MostRounds = 51;

    /// <summary>Times every operation on float32.</summary>
    /// <param name="collective">The engine.</param>
    /// <param name="device">Where its tensors lie.</param>
    /// <param name="bytes">The length of the whole tensor; it is rounded to what all ranks can share.</param>
    /// <param name="duration">The time for each operation.</param>
    public static IReadOnlyList<CollectiveTime> Run(ICollective collective, Device device, long bytes, TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(collective);
        int ranks = collective.WorldSize;
        long part = Math.Max(1, bytes / sizeof(float) / ranks), length = part * ranks * sizeof(float);
        using Tensor whole = zeros(part * ranks, device: device), other = zeros(part * ranks, device: device);
        using Tensor own = zeros(part, device: device);
        double copy = Time(collective, device, duration, () => other.copy_(whole)), share = (ranks - 1.0) / ranks;
        CollectiveTime Of(string name, double factor, Action action) => new(name, length, Time(collective, device, duration, action), factor, copy);
        return
        [
            Of("all-reduce", 2 * share, () => collective.AllReduce(whole)),
            Of("all-reduce begun", 2 * share, () => collective.BeginAllReduce(whole).Wait()),
            Of("reduce-scatter", share, () => collective.ReduceScatter(whole, own)),
            Of("all-gather", share, () => collective.AllGather(own, whole)),
            Of("broadcast", 1, () => collective.Broadcast(whole, 0)),
        ];
    }

    /// <summary>Times an all-reduce beside matrix products.</summary>
    /// <param name="collective">The engine.</param>
    /// <param name="device">Where its tensors lie.</param>
    /// <param name="bytes">What is reduced.</param>
    /// <param name="duration">The time for each measurement.</param>
    public static CollectiveOverlap Overlap(ICollective collective, Device device, long bytes, TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(collective);
        const int Width = 256, Trial = 20, Times = 4;
        using Tensor data = zeros(Math.Max(1, bytes / sizeof(float)), device: device), factor = zeros([Width, Width], device: device);
        void Compute(int products)
        {
            for (int i = 0; i < products; i++) factor.matmul(factor).Dispose();
        }

        double communicate = Time(collective, device, duration, () => collective.AllReduce(data));
        double one = Time(collective, device, duration, () => Compute(Trial)) / Trial;
        byte[] products = BitConverter.GetBytes((int)Math.Clamp(Times * communicate / one, 1, 1_000_000));
        collective.Broadcast(products, 0); // all do the same work
        int count = BitConverter.ToInt32(products);
        double compute = Time(collective, device, duration, () => Compute(count));
        double both = Time(collective, device, duration, () =>
        {
            IPendingCollective pending = collective.BeginAllReduce(data);
            Compute(count);
            pending.Wait();
        });
        return new CollectiveOverlap(data.numel() * sizeof(float), compute, communicate, both);
    }

    /// <summary>The median in milliseconds over as many rounds as rank 0 has time for. Every round starts on all ranks together.</summary>
    private static double Time(ICollective collective, Device device, TimeSpan duration, Action action)
    {
        var times = new List<double>();
        var clock = Stopwatch.StartNew();
        byte[] goesOn = [1];
        for (int round = -1; goesOn[0] != 0; round++)
        {
            collective.Barrier();
            long start = Stopwatch.GetTimestamp();
            action();
            if (device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize(device);
            if (round >= 0) times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds); // the first one warms up
            goesOn[0] = times.Count < LeastRounds || (clock.Elapsed < duration && times.Count < MostRounds) ? (byte)1 : (byte)0;
            collective.Broadcast(goesOn, 0);
        }
        return ShapeBenchmark.Median(times);
    }
}
