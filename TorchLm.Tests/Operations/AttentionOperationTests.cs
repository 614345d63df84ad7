using TorchLm.Core.Kernels;
using TorchLm.Core.Operations;
using static TorchLm.Tests.Operations.OperationCheck;
using static TorchSharp.torch;

namespace TorchLm.Tests.Operations;

/// <summary>Attention by the kernel and by libtorch, with shared keys and windows, against its definition in double precision.</summary>
public class AttentionOperationTests
{
    private const int Batch = 2, Heads = 4;

    public static TheoryData<int, int, int, int, string> Cases
    {
        get
        {
            var cases = new TheoryData<int, int, int, int, string>();
            foreach (string precision in (string[])["fp32", "bf16"])
            {
                foreach (int headSize in (int[])[8, 32])
                {
                    foreach (int window in (int[])[0, 1, 7, 70, 90, 500]) cases.Add(90, headSize, 2, window, precision);
                    cases.Add(1, headSize, 1, 1, precision);
                    cases.Add(90, headSize, 1, 0, precision);
                    cases.Add(90, headSize, 4, 7, precision);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Of_a_whole_sequence(int length, int headSize, int keyHeads, int window, string precision)
    {
        var shape = new AttentionShape(1, 1, Heads, headSize) { KeyHeads = keyHeads, Window = window, Scale = 0.3f };
        Tensor qkv = Normal(1, 1, Batch, length, (Heads + 2 * keyHeads) * headSize).to(TypeOf(precision));
        foreach (CpuKernel without in (CpuKernel[])[CpuKernel.None, CpuKernel.Attention])
        {
            CpuKernels.Without = without;
            try
            {
                Compare(precision, [qkv], x => CausalAttentionOperation.Apply(x[0], shape, 0), x => Definition(x[0], shape));
            }
            finally
            {
                CpuKernels.Without = CpuKernel.None;
            }
        }
    }

    /// <summary>The last of a sequence's queries, as they are asked with a cache, get what they get with all others.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(30)]
    [InlineData(40)]
    public void Of_new_positions_after_a_past(int window)
    {
        using var scope = NewDisposeScope();
        const int Length = 40, HeadSize = 8;
        var shape = new AttentionShape(Batch, Length, Heads, HeadSize) { KeyHeads = 2, Window = window };
        Tensor qkv = Normal(1, 1, Batch, Length, (Heads + 4) * HeadSize), expected = Definition(qkv.to(ScalarType.Float64), shape);
        (Tensor queries, Tensor keys, Tensor values) = CausalAttentionOperation.Split(qkv, shape);
        foreach (int count in (int[])[1, 2, 7, 8, 31, 39, 40])
        {
            Tensor actual = CausalAttentionOperation.OfPositions(queries.narrow(2, Length - count, count), keys, values, shape, 0);
            Tensor last = expected.narrow(1, Length - count, count);
            Assert.Equal(last.shape, actual.shape);
            Assert.True(actual.to(ScalarType.Float64).sub(last).abs().max().item<double>() < 1e-6, $"{count} new positions");
        }
    }

    /// <summary>softmax(scale · Q·Kᵀ + mask) · V for each head (Vaswani et al. 2017, 3.2).</summary>
    private static Tensor Definition(Tensor qkv, AttentionShape shape)
    {
        long length = qkv.shape[1], size = shape.HeadSize;
        Tensor positions = arange(length), distance = positions.unsqueeze(1).sub(positions.unsqueeze(0));
        Tensor hidden = distance.lt(0).logical_or(distance.ge(shape.Window == 0 ? length : shape.Window));
        var results = new List<Tensor>();
        for (int head = 0; head < shape.Heads; head++)
        {
            int shared = head / (shape.Heads / shape.KeyHeads);
            Tensor q = Head(head), k = Head(shape.Heads + shared), v = Head(shape.Heads + shape.KeyHeads + shared);
            Tensor scores = q.matmul(k.transpose(1, 2)).mul((double)shape.Scale).masked_fill(hidden, double.NegativeInfinity);
            results.Add(scores.softmax(2).matmul(v));
        }
        return cat(results, 2);

        Tensor Head(long number) => qkv.narrow(2, number * size, size);
    }
}
