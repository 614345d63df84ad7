using TorchLm.Core.Kernels;
using static TorchSharp.torch;
using BFloat16 = TorchLm.Core.Kernels.BFloat16;

namespace TorchLm.Tests.Kernels;

public class CausalAttentionKernelTests
{
    public static TheoryData<int, int, int, int> Shapes()
    {
        var shapes = new TheoryData<int, int, int, int>();
        foreach (int length in (int[])[1, 5, 16, 17, 64, 100, 257])
        {
            foreach (int headSize in (int[])[16, 32, 64, 80, 128]) shapes.Add(1 + length % 2, length, 1 + headSize / 16 % 3, headSize);
        }
        shapes.Add(3, 130, 4, 48);
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void It_computes_attention_and_its_gradients_in_float32(int batch, int length, int heads, int headSize) =>
        CompareWithReference<Float32>(new(batch, length, heads, headSize), rounding: 0);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void It_computes_attention_and_its_gradients_in_bfloat16(int batch, int length, int heads, int headSize) =>
        CompareWithReference<BFloat16>(new(batch, length, heads, headSize), rounding: 1.0 / 256);

    [Fact]
    public void Large_scores_do_not_overflow()
    {
        var shape = new AttentionShape(1, 70, 1, 16);
        float[] qkv = RandomValues(shape, 3, seed: 5);
        // Queries and keys of ±4.5 in all channels: scores of ±81.
        for (int t = 0; t < shape.Length; t++)
        {
            for (int d = 0; d < 16; d++)
            {
                qkv[t * 48 + d] = t % 3 == 0 ? -4.5f : 4.5f;
                qkv[t * 48 + 16 + d] = t % 5 == 0 ? -4.5f : 4.5f;
            }
        }
        CompareWithReference<Float32>(shape, rounding: 0, qkv);
    }

    [Fact]
    public void What_a_position_gives_does_not_depend_on_later_positions()
    {
        var shape = new AttentionShape(1, 150, 2, 32);
        float[] qkv = RandomValues(shape, 3, seed: 6);
        (float[] output, float[] logSumExp) = Forward<Float32>(shape, qkv);
        foreach (int position in (int[])[1, 8, 37, 64, 100, 149])
        {
            float[] changed = [.. qkv];
            for (int i = position * 3 * 64; i < changed.Length; i++) changed[i] = 100 - 3 * changed[i];
            (float[] changedOutput, float[] changedLogSumExp) = Forward<Float32>(shape, changed);
            Assert.Equal(output[..(position * 64)], changedOutput[..(position * 64)]);
            Assert.NotEqual(output[(position * 64)..], changedOutput[(position * 64)..]);
            for (int head = 0; head < 2; head++) Assert.Equal(logSumExp[(head * 150)..(head * 150 + position)], changedLogSumExp[(head * 150)..(head * 150 + position)]);
        }
    }

    [Fact]
    public void Heads_and_sequences_do_not_mix()
    {
        var shape = new AttentionShape(2, 20, 3, 16);
        float[] qkv = RandomValues(shape, 3, seed: 7), outputGradient = RandomValues(shape, 1, seed: 8);
        (float[] output, float[] logSumExp) = Forward<Float32>(shape, qkv);
        float[] gradient = Backward<Float32>(shape, qkv, output, outputGradient, logSumExp);
        // All of sequence 1's head 2 changes.
        float[] changedQkv = [.. qkv], changedOutputGradient = [.. outputGradient];
        for (int i = 0; i < qkv.Length; i++)
        {
            if (Owner(i, parts: 3) == (1, 2)) changedQkv[i] += 1;
        }
        for (int i = 0; i < outputGradient.Length; i++)
        {
            if (Owner(i, parts: 1) == (1, 2)) changedOutputGradient[i] += 1;
        }
        (float[] changedOutput, float[] changedLogSumExp) = Forward<Float32>(shape, changedQkv);
        float[] changedGradient = Backward<Float32>(shape, changedQkv, changedOutput, changedOutputGradient, changedLogSumExp);
        for (int i = 0; i < output.Length; i++) Assert.Equal(Owner(i, parts: 1) != (1, 2), output[i] == changedOutput[i]);
        for (int i = 0; i < gradient.Length; i++)
        {
            if (Owner(i, parts: 3) != (1, 2)) Assert.Equal(gradient[i], changedGradient[i]);
        }
        Assert.NotEqual(gradient, changedGradient);

        // (sequence, head) of an element of a (2, 20, parts, 3, 16).
        static (int, int) Owner(int index, int parts) => (index / (20 * parts * 48), index / 16 % 3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(100)]
    public void NaN_is_passed_on_but_not_to_the_next_call(int length)
    {
        var shape = new AttentionShape(1, length, 2, 32);
        float[] qkv = RandomValues(shape, 3, seed: 13), outputGradient = RandomValues(shape, 1, seed: 14);
        (float[] output, float[] logSumExp) = Forward<Float32>(shape, qkv);
        float[] gradient = Backward<Float32>(shape, qkv, output, outputGradient, logSumExp);

        float[] query = [.. qkv];
        query[(length - 1) * 3 * 64 + 5] = float.NaN;
        (float[] lastOutput, float[] lastLogSumExp) = Forward<Float32>(shape, query);
        Assert.All(lastOutput[^64..^32], x => Assert.True(float.IsNaN(x)));
        Assert.Equal(output[^32..], lastOutput[^32..]);
        Assert.True(float.IsNaN(lastLogSumExp[length - 1]));

        // Everything NaN, in more positions than are computed afterwards: so is the memory that the kernel works in.
        var longer = new AttentionShape(1, length + 64, 2, 32);
        float[] nothing = NaNs(longer.Length * 64), nothings = NaNs(longer.Length * 192);
        (float[] nanOutput, float[] nanLogSumExp) = Forward<Float32>(longer, nothings);
        Assert.All(nanOutput.Concat(nanLogSumExp), x => Assert.True(float.IsNaN(x)));
        Assert.Equal(output, Forward<Float32>(shape, qkv).Output);
        Assert.All(Backward<Float32>(longer, nothings, nothing, nothing, nanLogSumExp), x => Assert.True(float.IsNaN(x)));
        Assert.Equal(gradient, Backward<Float32>(shape, qkv, output, outputGradient, logSumExp));
    }

    [Fact]
    public void It_agrees_with_libtorch()
    {
        var shape = new AttentionShape(2, 75, 3, 32);
        float[] qkv = RandomValues(shape, 3, seed: 9), outputGradient = RandomValues(shape, 1, seed: 10);
        (float[] output, float[] logSumExp) = Forward<Float32>(shape, qkv);
        float[] gradient = Backward<Float32>(shape, qkv, output, outputGradient, logSumExp);

        using var scope = NewDisposeScope();
        using Tensor input = tensor(qkv, [2, 75, 3, 3, 32]).requires_grad_(true);
        Tensor[] parts = input.permute(2, 0, 3, 1, 4).unbind(0);
        Tensor expected = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true).transpose(1, 2).contiguous();
        expected.backward([tensor(outputGradient, [2, 75, 3, 32])]);
        AssertClose(Doubles(expected.detach()), output, rounding: 0, "output");
        AssertClose(Doubles(input.grad!), gradient, rounding: 0, "gradient");

        static double[] Doubles(Tensor values) => [.. values.data<float>().Select(x => (double)x)];
    }

    [Theory]
    [InlineData(1, 16, true)]
    [InlineData(1000, 64, true)]
    [InlineData(64, 8, false)]
    [InlineData(64, 40, false)]
    [InlineData(0, 64, false)]
    [InlineData(2_000_000_000, 64, false)]
    public void It_says_which_shapes_it_supports(int length, int headSize, bool supported) =>
        Assert.Equal(supported, CausalAttentionKernel.Supports(new(2, length, 2, headSize)));

    internal static float[] RandomValues(AttentionShape shape, int parts, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, shape.Batch * shape.Length * parts * shape.Heads * shape.HeadSize).Select(_ => random.NextSingle() * 4 - 2)];
    }

    internal static float[] RandomQkv(AttentionShape shape, int seed)
    {
        var random = new Random(seed);
        int count = shape.Batch * shape.Length * (shape.Heads + 2 * shape.KeyHeads) * shape.HeadSize;
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 4 - 2)];
    }

    internal static unsafe (float[] Output, float[] LogSumExp) Forward<TElement>(AttentionShape shape, float[] qkv)
        where TElement : struct, IElement
    {
        var input = new GuardedBuffer<TElement>(qkv);
        var output = new GuardedBuffer<TElement>(NaNs(shape.Batch * shape.Length * shape.Heads * shape.HeadSize));
        var logSumExp = new GuardedBuffer<Float32>(NaNs(shape.Batch * shape.Heads * shape.Length));
        fixed (byte* pInput = input.Bytes, pOutput = output.Bytes, pLogSumExp = logSumExp.Bytes)
        {
            CausalAttentionKernel.Forward<TElement>(shape, GuardedBuffer<TElement>.Start(pInput), GuardedBuffer<TElement>.Start(pOutput), (float*)GuardedBuffer<Float32>.Start(pLogSumExp));
        }
        return (output.Values(), logSumExp.Values());
    }

    internal static unsafe float[] Backward<TElement>(AttentionShape shape, float[] qkv, float[] output, float[] outputGradient, float[] logSumExp)
        where TElement : struct, IElement
    {
        var input = new GuardedBuffer<TElement>(qkv);
        var outputs = new GuardedBuffer<TElement>(output);
        var outputGradients = new GuardedBuffer<TElement>(outputGradient);
        var logSumExps = new GuardedBuffer<Float32>(logSumExp);
        var gradient = new GuardedBuffer<TElement>(NaNs(qkv.Length));
        fixed (byte* pInput = input.Bytes, pOutput = outputs.Bytes, pOutputGradient = outputGradients.Bytes, pLogSumExp = logSumExps.Bytes, pGradient = gradient.Bytes)
        {
            CausalAttentionKernel.Backward<TElement>(
                shape, GuardedBuffer<TElement>.Start(pInput), GuardedBuffer<TElement>.Start(pOutput), GuardedBuffer<TElement>.Start(pOutputGradient), (float*)GuardedBuffer<Float32>.Start(pLogSumExp), GuardedBuffer<TElement>.Start(pGradient));
        }
        return gradient.Values();
    }

    private static float[] NaNs(int count) => [.. Enumerable.Repeat(float.NaN, count)];

    internal static void CompareWithReference<TElement>(AttentionShape shape, double rounding, float[]? values = null)
        where TElement : struct, IElement
    {
        float[] qkv = new GuardedBuffer<TElement>(values ?? RandomQkv(shape, seed: 1)).Values();
        float[] outputGradient = new GuardedBuffer<TElement>(RandomValues(shape, 1, seed: 2)).Values();
        var (expectedOutput, expectedLogSumExp) = AttentionDefinition.Forward(shape, qkv);
        (float[] output, float[] logSumExp) = Forward<TElement>(shape, qkv);
        AssertClose(expectedOutput, output, rounding, "output");
        AssertClose(expectedLogSumExp, logSumExp, 0, "logSumExp");

        // Backwards, what the forward pass gave is an input like any other, and rounded as any other.
        float[] givenOutput = new GuardedBuffer<TElement>([.. expectedOutput.Select(x => (float)x)]).Values();
        float[] givenLogSumExp = [.. expectedLogSumExp.Select(x => (float)x)];
        double[] expected = AttentionDefinition.Backward(shape, qkv, givenOutput, outputGradient, givenLogSumExp);
        float[] gradient = Backward<TElement>(shape, qkv, givenOutput, outputGradient, givenLogSumExp);
        for (int part = 0; part < 3; part++) AssertClose(Part(expected, part), Part(gradient, part), rounding, $"gradient of {"QKV"[part]}");

        T[] Part<T>(T[] all, int part) => [.. all.Where((_, i) => PartOf(i / shape.HeadSize % (shape.Heads + 2 * shape.KeyHeads)) == part)];

        int PartOf(int head) => head < shape.Heads ? 0 : head < shape.Heads + shape.KeyHeads ? 1 : 2;
    }

    private static void AssertClose(double[] expected, float[] actual, double rounding, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(expected[i] - actual[i]);
            Assert.True(error <= 1e-5 * scale + rounding * Math.Abs(expected[i]), $"{name}[{i}] is {actual[i]:r}, expected {expected[i]:r}");
        }
    }
}

/// <summary>The number of threads is libtorch's for the whole process: alone.</summary>
[Collection(GlobalRandomState.Name)]
public class CausalAttentionKernelThreadTests
{
    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        var shape = new AttentionShape(3, 90, 3, 32);
        float[] qkv = CausalAttentionKernelTests.RandomValues(shape, 3, seed: 11), outputGradient = CausalAttentionKernelTests.RandomValues(shape, 1, seed: 12);
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var (output1, logSumExp1, gradient1) = Compute();
            set_num_threads(2);
            var (output2, logSumExp2, gradient2) = Compute();
            Assert.Equal(output1, output2);
            Assert.Equal(logSumExp1, logSumExp2);
            Assert.Equal(gradient1, gradient2);
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
