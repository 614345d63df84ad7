using TorchLm.Core.Kernels;
using static TorchSharp.torch;
using BFloat16 = TorchLm.Core.Kernels.BFloat16;

namespace TorchLm.Tests.Kernels;

/// <summary>The attention kernel where heads share keys, where positions see a window, and with another scale.</summary>
public class GroupedWindowedAttentionTests
{
    public static TheoryData<int, int, int, int> Cases()
    {
        var cases = new TheoryData<int, int, int, int>();
        foreach (int window in (int[])[0, 1, 5, 16, 63, 64, 65, 100, 1000])
        {
            foreach (int length in (int[])[1, 70, 150]) cases.Add(length, window, window % 3 == 0 ? 4 : 2, window % 2 == 0 ? 2 : 1);
        }
        cases.Add(90, 0, 6, 6);
        cases.Add(90, 7, 6, 6);
        cases.Add(90, 0, 6, 1);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_computes_attention_and_its_gradients_in_float32(int length, int window, int heads, int keyHeads) =>
        CausalAttentionKernelTests.CompareWithReference<Float32>(Shape(length, window, heads, keyHeads), rounding: 0);

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_computes_attention_and_its_gradients_in_bfloat16(int length, int window, int heads, int keyHeads) =>
        CausalAttentionKernelTests.CompareWithReference<BFloat16>(Shape(length, window, heads, keyHeads), rounding: 1.0 / 256);

    [Theory]
    [InlineData(1f / 32)]
    [InlineData(0.3f)]
    [InlineData(2f)]
    public void Scores_are_multiplied_by_the_scale_that_is_asked_for(float scale) =>
        CausalAttentionKernelTests.CompareWithReference<Float32>(new(2, 70, 2, 32) { KeyHeads = 1, Window = 40, Scale = scale }, rounding: 0);

    /// <summary>What lies before a window is as if it were not there, also where its score would be the greatest by far.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(70)]
    public void What_lies_before_the_window_changes_no_bit(int window)
    {
        var shape = new AttentionShape(1, 150, 2, 32) { KeyHeads = 1, Window = window };
        const int Row = 4 * 32;
        float[] qkv = CausalAttentionKernelTests.RandomQkv(shape, seed: 3), changed = [.. qkv];
        int last = 149 - window; // the last position that position 149 does not see
        for (int i = 0; i < (last + 1) * Row; i++) changed[i] = 200 * changed[i] + 1;
        float[] output = CausalAttentionKernelTests.Forward<Float32>(shape, qkv).Output;
        float[] other = CausalAttentionKernelTests.Forward<Float32>(shape, changed).Output;
        Assert.Equal(output[^64..], other[^64..]);
        Assert.NotEqual(output[^128..^64], other[^128..^64]); // position 148 sees one that changed
    }

    private static AttentionShape Shape(int length, int window, int heads, int keyHeads) =>
        new(length == 70 ? 2 : 1, length, heads, 16 + 16 * (length % 3)) { Window = window, KeyHeads = keyHeads };
}

/// <summary>The number of threads is libtorch's for the whole process: alone.</summary>
[Collection(GlobalRandomState.Name)]
public class GroupedWindowedAttentionThreadTests
{
    [Theory]
    [InlineData(2, 0)]
    [InlineData(1, 40)]
    [InlineData(4, 70)]
    public void The_number_of_threads_changes_no_bit(int keyHeads, int window)
    {
        var shape = new AttentionShape(3, 90, 4, 32) { KeyHeads = keyHeads, Window = window };
        float[] qkv = CausalAttentionKernelTests.RandomQkv(shape, seed: 11);
        float[] outputGradient = CausalAttentionKernelTests.RandomValues(shape, 1, seed: 12);
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var (output1, logSumExp1, gradient1) = Compute();
            foreach (int several in (int[])[2, 3, 5])
            {
                set_num_threads(several);
                var (output, logSumExp, gradient) = Compute();
                Assert.Equal(output1, output);
                Assert.Equal(logSumExp1, logSumExp);
                Assert.Equal(gradient1, gradient);
            }
        }
        finally
        {
            set_num_threads(threads);
        }

        (float[] Output, float[] LogSumExp, float[] Gradient) Compute()
        {
            (float[] output, float[] logSumExp) = CausalAttentionKernelTests.Forward<Float32>(shape, qkv);
            return (output, logSumExp, CausalAttentionKernelTests.Backward<Float32>(shape, qkv, output, outputGradient, logSumExp));
        }
    }
}
