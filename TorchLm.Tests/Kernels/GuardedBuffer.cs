using TorchLm.Core.Kernels;

namespace TorchLm.Tests.Kernels;

/// <summary>Elements in memory between two margins that nobody may write to.</summary>
internal sealed unsafe class GuardedBuffer<TElement>
    where TElement : struct, IElement
{
    private const int Margin = 256;

    public GuardedBuffer(float[] values)
    {
        Bytes = new byte[values.Length * TElement.Size + 2 * Margin];
        Bytes.AsSpan().Fill(0xa5);
        fixed (byte* p = Bytes)
        {
            for (int i = 0; i < values.Length; i++) TElement.Store(values[i], Start(p), i);
        }
    }

    public byte[] Bytes { get; }

    public static void* Start(byte* pinned) => pinned + Margin;

    public float[] Values()
    {
        Assert.True(Bytes.AsSpan(0, Margin).IndexOfAnyExcept((byte)0xa5) < 0 && Bytes.AsSpan(Bytes.Length - Margin).IndexOfAnyExcept((byte)0xa5) < 0);
        var values = new float[(Bytes.Length - 2 * Margin) / TElement.Size];
        fixed (byte* p = Bytes)
        {
            for (int i = 0; i < values.Length; i++) values[i] = TElement.Load(Start(p), i);
        }
        return values;
    }
}
