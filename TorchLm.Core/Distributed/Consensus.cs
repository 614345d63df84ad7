using System.Buffers.Binary;
using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>
/// Lets ranks decide the same. Each may know something else (a signal reached one of them, a disk refuses another), but all must take the same way, as
/// a rank that goes alone waits for the others for ever. All ranks call the same method at the same point. A process that is alone agrees with itself.
/// </summary>
/// <param name="collective">The ranks; the caller keeps it.</param>
/// <param name="device">Where the engine's tensors lie.</param>
public sealed class Consensus(ICollective collective, Device device)
{
    /// <summary>What holds on any rank holds on all, for each of several statements.</summary>
    /// <param name="statements">This rank's.</param>
    public bool[] Any(params ReadOnlySpan<bool> statements)
    {
        if (collective.WorldSize == 1) return statements.ToArray();
        long[] ones = new long[statements.Length];
        for (int i = 0; i < ones.Length; i++) ones[i] = statements[i] ? 1 : 0;
        return [.. Sum(ones).Select(count => count > 0)];
    }

    /// <summary>Sums of numbers over all ranks.</summary>
    /// <param name="values">This rank's.</param>
    public double[] Sum(params double[] values)
    {
        if (collective.WorldSize == 1) return values;
        using Tensor sums = tensor(values, device: device);
        collective.AllReduce(sums);
        return Read<double>(sums);
    }

    /// <summary>A number of each rank, in their order.</summary>
    /// <param name="value">This rank's.</param>
    public double[] Gather(double value)
    {
        if (collective.WorldSize == 1) return [value];
        using Tensor own = tensor(new[] { value }, device: device), all = zeros([collective.WorldSize], ScalarType.Float64, device);
        collective.AllGather(own, all);
        return Read<double>(all);
    }

    /// <summary>What rank 0 says.</summary>
    /// <param name="value">What this rank would say; of rank 0 alone it counts.</param>
    public bool OfFirst(bool value) => OfFirst(value ? 1L : 0L) != 0;

    /// <inheritdoc cref="OfFirst(bool)"/>
    public long OfFirst(long value)
    {
        if (collective.WorldSize == 1) return value;
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        collective.Broadcast(bytes, 0);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    /// <summary>Bytes that rank 0 has.</summary>
    /// <param name="value">On the other ranks anything.</param>
    public byte[] OfFirst(byte[] value)
    {
        long length = OfFirst((long)value.Length);
        byte[] bytes = collective.Rank == 0 ? value : new byte[length];
        collective.Broadcast(bytes, 0);
        return bytes;
    }

    private long[] Sum(long[] values)
    {
        using Tensor sums = tensor(values, device: device);
        collective.AllReduce(sums);
        return Read<long>(sums);
    }

    private static T[] Read<T>(Tensor values)
        where T : unmanaged
    {
        using Tensor host = values.cpu();
        return [.. host.data<T>()];
    }
}
