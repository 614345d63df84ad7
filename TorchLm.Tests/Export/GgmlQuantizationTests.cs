using TorchLm.Export.Gguf;

namespace TorchLm.Tests.Export;

/// <summary>ggml's own reference quantisation, out of the library that llama.cpp runs on, makes the same bytes.</summary>
public class GgmlQuantizationTests
{
    private delegate void Quantize(ref float weights, ref byte blocks, long count);

    private delegate void Dequantize(ref byte blocks, ref float weights, long count);

    /// <summary>Scales from half precision's subnormal numbers to its largest, ties between two values, blocks of zeros and of one value.</summary>
    private static float[] Weights()
    {
        var random = new Random(7);
        var weights = new List<float>();
        for (int block = 0; block < 4000; block++)
        {
            double scale = Math.Pow(10, random.Next(-9, 6));
            weights.AddRange(Enumerable.Range(0, 32).Select(_ => (float)(TinyGpt.Normal(random) * scale)));
        }
        for (int block = 0; block < 1000; block++)
        {
            // A scale of a half exactly (63.5 / 127 and -4 / -8), and quarters: every second quotient is just between two integers.
            float extreme = block % 2 == 0 ? 63.5f : 4;
            int quarters = (int)(4 * extreme);
            float[] ties = [.. Enumerable.Range(0, 32).Select(_ => (random.Next(2 * quarters + 1) - quarters) / 4f)];
            ties[random.Next(32)] = random.Next(2) == 0 ? extreme : -extreme;
            weights.AddRange(ties);
        }
        weights.AddRange(new float[32]);
        weights.AddRange(Enumerable.Repeat(-0.0f, 32));
        weights.AddRange(Enumerable.Repeat(0.3f, 32));
        weights.AddRange(Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? 1f : -1f)); // the extreme is there with both signs
        return [.. weights];
    }

    [Theory]
    [InlineData(GgufType.Q8, "q8_0", QuantizedBlocks.Q8Bytes)]
    [InlineData(GgufType.Q4, "q4_0", QuantizedBlocks.Q4Bytes)]
    public void Blocks_are_ggmls_bit_for_bit(GgufType type, string name, int size)
    {
        float[] weights = Weights();
        byte[] own = new byte[weights.Length / 32 * size], theirs = new byte[own.Length];
        if (type == GgufType.Q8) QuantizedBlocks.ToQ8(weights, own);
        else QuantizedBlocks.ToQ4(weights, own);
        LlamaCpp.Ggml<Quantize>($"quantize_row_{name}_ref")(ref weights[0], ref theirs[0], weights.Length);
        Assert.Equal(theirs, own);

        float[] ownBack = new float[weights.Length], theirBack = new float[weights.Length];
        if (type == GgufType.Q8) QuantizedBlocks.FromQ8(theirs, ownBack);
        else QuantizedBlocks.FromQ4(theirs, ownBack);
        LlamaCpp.Ggml<Dequantize>($"dequantize_row_{name}")(ref theirs[0], ref theirBack[0], weights.Length);
        Assert.Equal(theirBack.Select(BitConverter.SingleToInt32Bits), ownBack.Select(BitConverter.SingleToInt32Bits));
    }
}
