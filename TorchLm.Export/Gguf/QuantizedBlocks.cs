using System.Buffers.Binary;

namespace TorchLm.Export.Gguf;

/// <summary>
/// ggml's simple block formats (ggml-common.h, block_q8_0 and block_q4_0), rounded as its reference implementation rounds. A block holds 32
/// neighbouring weights of a row.
/// </summary>
/// <remarks>
/// Q8_0: a half-precision scale d, then 32 signed bytes q; a weight is d · q. d is the largest magnitude / 127.
/// Q4_0: a half-precision scale d, then 16 bytes; byte i holds weight i in its low and weight i + 16 in its high four bits, each as q + 8;
/// a weight is d · q. d is the value of largest magnitude / -8, so that this value is met exactly by q = -8.
/// Quotients are rounded by the scale in float32, before that is rounded to half precision.
/// </remarks>
internal static class QuantizedBlocks
{
    public const int Q8Bytes = 2 + 32, Q4Bytes = 2 + 16;

    private const int Size = GgufTypes.BlockSize;

    public static void ToQ8(ReadOnlySpan<float> weights, Span<byte> blocks)
    {
        for (; weights.Length > 0; weights = weights[Size..], blocks = blocks[Q8Bytes..])
        {
            float scale = MathF.Abs(Extreme(weights[..Size])) / 127, inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(blocks, (Half)scale);
            for (int i = 0; i < Size; i++) blocks[2 + i] = (byte)(sbyte)MathF.Round(weights[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    public static void ToQ4(ReadOnlySpan<float> weights, Span<byte> blocks)
    {
        for (; weights.Length > 0; weights = weights[Size..], blocks = blocks[Q4Bytes..])
        {
            float scale = Extreme(weights[..Size]) / -8, inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(blocks, (Half)scale);
            for (int i = 0; i < Size / 2; i++) blocks[2 + i] = (byte)(Nibble(weights[i] * inverse) | Nibble(weights[i + Size / 2] * inverse) << 4);
        }
    }

    public static void FromQ8(ReadOnlySpan<byte> blocks, Span<float> weights)
    {
        for (; weights.Length > 0; weights = weights[Size..], blocks = blocks[Q8Bytes..])
        {
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(blocks);
            for (int i = 0; i < Size; i++) weights[i] = scale * (sbyte)blocks[2 + i];
        }
    }

    public static void FromQ4(ReadOnlySpan<byte> blocks, Span<float> weights)
    {
        for (; weights.Length > 0; weights = weights[Size..], blocks = blocks[Q4Bytes..])
        {
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(blocks);
            for (int i = 0; i < Size / 2; i++)
            {
                weights[i] = scale * ((blocks[2 + i] & 15) - 8);
                weights[i + Size / 2] = scale * ((blocks[2 + i] >> 4) - 8);
            }
        }
    }

    /// <summary>The value of the largest magnitude, with its sign; the first of several.</summary>
    private static float Extreme(ReadOnlySpan<float> values)
    {
        float extreme = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > MathF.Abs(extreme)) extreme = value;
        }
        return extreme;
    }

    /// <summary>q + 8 in [0, 15], rounded half up.</summary>
    private static int Nibble(float quotient) => Math.Min(15, (int)(quotient + 8.5f));
}
