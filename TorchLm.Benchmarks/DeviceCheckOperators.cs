using System.Diagnostics;
using TorchLm.Core.Kernels;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Operations;
using TorchLm.Core.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>Single operations on a device: products, embedding, attention, copies.</summary>
internal sealed class OperatorChecks(Device device, DeviceCheckPrecision precision)
{
    private bool IsCuda => device.type == DeviceType.CUDA;

    public IEnumerable<CheckCase> Cases =>
    [
        new CheckCase("matrix product", MatrixProduct), new CheckCase("embedding", Embedding), new CheckCase("attention against explicit softmax", Attention),
        new CheckCase("attention kernel", Kernel), new CheckCase("batches copied beside the computation", Copies),
        new CheckCase("Muon's orthogonalisation", Orthogonalisation),
    ];

    /// <summary>Random signs keep the error of 512 products near the square root of their number.</summary>
    private CheckOutcome MatrixProduct()
    {
        precision.Precision.Switch(device);
        var random = new Random(1);
        Tensor a = DeviceCheckNumbers.Normal(random, 384, 512).to(precision.Type), b = DeviceCheckNumbers.Normal(random, 512, 320).to(precision.Type);
        Tensor product = a.to(device).matmul(b.to(device));
        return new CheckOutcome(DeviceCheckNumbers.RelativeError(product, a.to(ScalarType.Float64).matmul(b.to(ScalarType.Float64))), precision.Allowed(32));
    }

    /// <summary>Rows come out as they are; the gradient sums over ids that come several times.</summary>
    private CheckOutcome Embedding()
    {
        var random = new Random(2);
        Tensor weight = DeviceCheckNumbers.Normal(random, 50, 64).to(ScalarType.Float32), ids = DeviceCheckNumbers.Ids(random, 50, 4, 128);
        Tensor upstream = DeviceCheckNumbers.Normal(random, 4, 128, 64).to(ScalarType.Float32);
        Tensor here = weight.to(device, copy: true).requires_grad_(true), there = weight.to(ScalarType.Float64).requires_grad_(true);
        Tensor rows = Aten.Embedding(here, ids.to(device)), expected = there.index_select(0, ids.view(-1)).view(4, 128, 64);
        rows.mul(upstream.to(device)).sum().backward();
        expected.mul(upstream.to(ScalarType.Float64)).sum().backward();
        CheckOutcome same = DeviceCheckNumbers.Same(DeviceCheckNumbers.Values(rows), DeviceCheckNumbers.Values(expected));
        return same.Passed ? new CheckOutcome(DeviceCheckNumbers.RelativeError(here.grad!, there.grad!), 16 * Math.Pow(2, -24)) : same;
    }

    /// <summary>A GPU iterates in bf16 whatever the run's precision is; singular values of 24 rows of 96 random numbers are all large enough for that.</summary>
    private CheckOutcome Orthogonalisation()
    {
        Tensor gradients = DeviceCheckNumbers.Normal(new Random(4), 2, 24, 96);
        Tensor expected = new Orthogonalization(5).Direct(gradients.to(ScalarType.Float64)), actual = new Orthogonalization(5).Of(gradients.to(ScalarType.Float32).to(device));
        return new CheckOutcome(DeviceCheckNumbers.RelativeError(actual, expected), IsCuda ? 16 * Math.Pow(2, -8) : 256 * Math.Pow(2, -24));
    }

    private CheckOutcome Attention()
    {
        precision.Precision.Switch(device);
        var random = new Random(3);
        const int Heads = 3, HeadSize = 64;
        Tensor joint = DeviceCheckNumbers.Normal(random, 2, 256, 3 * Heads * HeadSize).to(precision.Type);
        Tensor upstream = DeviceCheckNumbers.Normal(random, 2, 256, Heads * HeadSize).to(precision.Type);
        Tensor here = joint.to(device, copy: true).requires_grad_(true), there = joint.to(ScalarType.Float64).requires_grad_(true);
        Tensor[] parts = there.view(2, 256, 3, Heads, HeadSize).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor fused = CausalAttentionOperation.Apply(here, new AttentionShape(2, 256, Heads, HeadSize), dropout: 0);
        Tensor explicitly = DeviceCheckReference.Attention(parts[0], parts[1], parts[2]).transpose(1, 2).reshape(upstream.shape);
        fused.mul(upstream.to(device)).sum().backward();
        explicitly.mul(upstream.to(ScalarType.Float64)).sum().backward();
        double values = DeviceCheckNumbers.RelativeError(fused, explicitly), gradients = DeviceCheckNumbers.RelativeError(here.grad!, there.grad!);
        return new CheckOutcome(double.IsNaN(values + gradients) ? double.NaN : Math.Max(values, gradients), precision.Allowed(32),
            $"values {values:0.0e+0}, gradients {gradients:0.0e+0}");
    }

    /// <summary>The error is 1 where libtorch falls back on explicit attention, which holds all T² scores.</summary>
    private CheckOutcome Kernel()
    {
        var random = new Random(4);
        long t = IsCuda ? 1024 : 256;
        Tensor[] inputs = [.. Enumerable.Range(0, 3).Select(_ => DeviceCheckNumbers.Normal(random, 4, 12, t, 64).to(precision.Type).to(device).requires_grad_(true))];
        AttentionKernel kernel = Aten.ChosenAttention(inputs[0], inputs[1], inputs[2]);
        double fused = Time(() => nn.functional.scaled_dot_product_attention(inputs[0], inputs[1], inputs[2], is_casual: true));
        double explicitly = Time(() => DeviceCheckReference.Attention(inputs[0], inputs[1], inputs[2]));
        string others = string.Join(", ", new[] { ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16 }.Select(type => $"{type} {Name(Choice(type))}"));
        return new CheckOutcome(kernel is AttentionKernel.Math or AttentionKernel.None ? 1 : 0, 0,
            $"{Name(kernel)}: forward and backward of 4 x 12 x {t} x 64 in {fused:0.00} ms, explicitly in {explicitly:0.00} ms (by type: {others})");

        AttentionKernel Choice(ScalarType type)
        {
            Tensor[] typed = [.. inputs.Select(i => i.detach().to(type).requires_grad_(true))];
            return Aten.ChosenAttention(typed[0], typed[1], typed[2]);
        }

        static string Name(AttentionKernel kernel) => kernel.ToString().ToLowerInvariant();

        double Time(Func<Tensor> attention)
        {
            var times = new List<double>();
            for (int i = 0; i < 7; i++)
            {
                using var scope = NewDisposeScope();
                long start = Stopwatch.GetTimestamp();
                attention().sum().backward();
                if (IsCuda) cuda.synchronize(device);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            return times.Order().ElementAt(3);
        }
    }

    /// <summary>
    /// Batches as the loader makes them: on another thread, from pinned memory that is given back at once, while the device is busy. The error counts
    /// batches that arrive changed.
    /// </summary>
    private CheckOutcome Copies()
    {
        const int Batches = 100;
        Tensor busy = ones([512, 512], device: device);
        int changed = 0;
        for (int i = 0; i < Batches; i++)
        {
            using var scope = NewDisposeScope();
            long[] ids = [.. Enumerable.Range(0, 4096).Select(n => (long)n * 31 + i)];
            using Tensor arrived = Task.Run(() => Copy(ids)).GetAwaiter().GetResult();
            busy.matmul(busy).Dispose();
            if (i % 8 == 0 || !IsCuda) changed += arrived.cpu().data<long>().ToArray().AsSpan().SequenceEqual(ids) ? 0 : 1;
            else changed += arrived.sum().item<long>() == ids.Sum() ? 0 : 1;
        }
        return new CheckOutcome(changed, 0, $"{Batches} batches of 4,096 ids");
    }

    private Tensor Copy(long[] ids)
    {
        using var scope = NewDisposeScope();
        Tensor pageable = tensor(ids);
        return (IsCuda ? pageable.pin_memory().to(device, non_blocking: true) : pageable.clone()).DetachFromDisposeScope();
    }
}
