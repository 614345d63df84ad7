using TorchLm.Export.Gguf;

namespace TorchLm.Tests.Export;

/// <summary>ggml's block formats against their definition, computed in double precision.</summary>
public class QuantizedBlocksTests
{
    [Fact]
    public void Known_blocks_have_known_bytes()
    {
        float[] weights = new float[32];
        (weights[0], weights[1], weights[2], weights[17]) = (1, -1, 0.5f, -2);
        byte[] q8 = new byte[34], q4 = new byte[18];
        QuantizedBlocks.ToQ8(weights, q8);
        QuantizedBlocks.ToQ4(weights, q4);
        Assert.Equal(BitConverter.GetBytes((Half)(2f / 127)), q8[..2]);
        Assert.Equal([64, unchecked((byte)-64), 32, 0], q8[2..6]); // 63.5 and 31.75 of 127, halves away from zero
        Assert.Equal(unchecked((byte)-127), q8[2 + 17]);
        Assert.Equal(BitConverter.GetBytes((Half)0.25f), q4[..2]); // -2 / -8
        Assert.Equal(8 + 4 | (8 + 0) << 4, q4[2]); // weight 0 is 1 = 4 · 0.25, weight 16 is 0
        Assert.Equal(8 - 4 | (8 - 8) << 4, q4[3]); // weight 1 is -1, weight 17 is -2 = -8 · 0.25
    }

    [Fact]
    public void The_error_is_at_most_half_a_step_and_the_largest_value_of_a_block_is_met()
    {
        var random = new Random(5);
        float[] weights = [.. Enumerable.Range(0, 32 * 200).Select(i => (float)(TinyGpt.Normal(random) * Math.Pow(10, i / 32 % 4 - 1)))];
        byte[] q8 = new byte[200 * 34], q4 = new byte[200 * 18];
        float[] from8 = new float[weights.Length], from4 = new float[weights.Length];
        QuantizedBlocks.ToQ8(weights, q8);
        QuantizedBlocks.ToQ4(weights, q4);
        QuantizedBlocks.FromQ8(q8, from8);
        QuantizedBlocks.FromQ4(q4, from4);
        for (int block = 0; block < 200; block++)
        {
            float[] own = weights[(32 * block)..(32 * block + 32)];
            double largest = own.Max(Math.Abs);
            int at = 32 * block + Array.FindIndex(own, w => Math.Abs(w) == largest);
            for (int i = 32 * block; i < 32 * block + 32; i++)
            {
                Assert.Equal(weights[i], from8[i], largest * (0.5 / 127 + 1e-3)); // the scale in half precision adds up to 2^-11
                Assert.Equal(weights[i], from4[i], largest * (1.0 / 8 + 1e-3)); // +8 does not exist: opposite values near the largest lose up to a step
            }
            Assert.Equal(weights[at], from4[at], largest * 1e-3);
        }
    }

    /// <summary>The definition once more, a weight at a time.</summary>
    [Fact]
    public void Rounding_is_that_of_the_definition()
    {
        var random = new Random(6);
        float[] weights = [.. Enumerable.Range(0, 320).Select(_ => (float)TinyGpt.Normal(random))];
        byte[] q8 = new byte[340], q4 = new byte[180];
        QuantizedBlocks.ToQ8(weights, q8);
        QuantizedBlocks.ToQ4(weights, q4);
        for (int i = 0; i < weights.Length; i++)
        {
            float[] block = weights[(i / 32 * 32)..(i / 32 * 32 + 32)];
            double extreme = block.MaxBy(Math.Abs), in8 = weights[i] * 127 / Math.Abs(extreme), in4 = weights[i] * -8 / extreme;
            int found8 = (sbyte)q8[i / 32 * 34 + 2 + i % 32], pair = q4[i / 32 * 18 + 2 + i % 16], found4 = (i % 32 < 16 ? pair & 15 : pair >> 4) - 8;
            Assert.Equal(in8, found8, 0.5 + 1e-4);
            Assert.Equal(Math.Min(in4, 7), found4, 0.5 + 1e-4);
        }
    }

    [Fact]
    public void A_block_of_zeros_stays_one()
    {
        byte[] q8 = [.. Enumerable.Repeat((byte)9, 34)], q4 = [.. Enumerable.Repeat((byte)9, 18)];
        float[] back = [.. Enumerable.Repeat(9f, 32)];
        QuantizedBlocks.ToQ8(new float[32], q8);
        QuantizedBlocks.FromQ8(q8, back);
        Assert.All(back, w => Assert.Equal(0, w));
        QuantizedBlocks.ToQ4(new float[32], q4);
        QuantizedBlocks.FromQ4(q4, back);
        Assert.All(back, w => Assert.Equal(0, w));
    }
}
