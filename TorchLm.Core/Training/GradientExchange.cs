using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>
/// Sums the gradients of all ranks. They lie in buckets, contiguous pieces of memory of some megabytes, in the order in which the backward pass
/// finishes them; a bucket is summed as soon as it is full of finished gradients, while the backward pass goes on.
/// </summary>
/// <remarks>
/// The last block's gradients are finished first and the embeddings' last. Each parameter's <c>grad</c> is a view of its bucket, so that nothing is copied.
/// </remarks>
internal sealed class GradientExchange : IDisposable
{
    /// <summary>
    /// Bytes in a bucket: large enough that a network's latency does not count, small enough that the first is full long before the last gradient.
    /// </summary>
    public const long DefaultBucketBytes = 25 << 20;

    private const int Alignment = 16; // in floats: 64 bytes, as libtorch aligns tensors

    private readonly ICollective _collective;
    private readonly IReadOnlyList<Bucket> _buckets;
    private readonly List<IPendingCollective> _pending = [];

    /// <summary>Takes memory for the gradients of a model.</summary>
    /// <param name="model">The model, which the caller keeps.</param>
    /// <param name="collective">The ranks; the caller keeps it.</param>
    /// <param name="bucketBytes">The least size of a bucket, but for the last one.</param>
    public GradientExchange(Gpt model, ICollective collective, long bucketBytes = DefaultBucketBytes)
    {
        _collective = collective;
        _buckets = [.. Fill(model, bucketBytes)];
    }

    /// <summary>Buckets; for tests.</summary>
    internal int BucketCount => _buckets.Count;

    /// <summary>How many buckets are being summed or are summed already.</summary>
    public int Begun => _pending.Count;

    /// <summary>Sets all gradients to zero, each in its place.</summary>
    public void Clear()
    {
        using var noGradient = no_grad();
        Wait();
        foreach (Bucket bucket in _buckets)
        {
            bucket.Whole.zero_().Dispose();
            foreach ((Parameter parameter, Tensor place) in bucket.Parts) parameter.grad = place;
        }
    }

    /// <summary>Says that the gradients of a block, and of all that comes after it in the model, are finished on this rank.</summary>
    /// <param name="block">The block from 0; as many as there are blocks means what comes after the last of them.</param>
    public void Finished(int block)
    {
        while (Begun < _buckets.Count && _buckets[Begun].LowestBlock >= block) _pending.Add(_collective.BeginAllReduce(_buckets[Begun].Whole));
    }

    /// <summary>Says that all gradients are finished on this rank, and waits until they are summed.</summary>
    public void Finish()
    {
        Finished(-1);
        Wait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Bucket bucket in _buckets)
        {
            bucket.Whole.Dispose();
            foreach ((_, Tensor place) in bucket.Parts) place.Dispose();
        }
    }

    private void Wait()
    {
        foreach (IPendingCollective pending in _pending) pending.Wait();
        _pending.Clear();
    }

    private static IEnumerable<Bucket> Fill(Gpt model, long bucketBytes)
    {
        var parameters = new List<(Parameter Parameter, int Block)>();
        int lowest = model.Config.LayerCount;
        long floats = 0;
        foreach (var group in model.named_parameters().GroupBy(p => model.BlockOf(p.name)).OrderByDescending(g => g.Key))
        {
            foreach ((_, Parameter parameter) in group)
            {
                parameters.Add((parameter, group.Key));
                floats += Padded(parameter);
            }
            lowest = group.Key;
            if (floats * sizeof(float) < bucketBytes) continue;
            yield return new Bucket([.. parameters.Select(p => p.Parameter)], lowest);
            parameters.Clear();
            floats = 0;
        }
        if (parameters.Count > 0) yield return new Bucket([.. parameters.Select(p => p.Parameter)], lowest);
    }

    private static long Padded(Parameter parameter) => (parameter.numel() + Alignment - 1) / Alignment * Alignment;

    private sealed class Bucket
    {
        public Bucket(IReadOnlyList<Parameter> parameters, int lowestBlock)
        {
            LowestBlock = lowestBlock;
            using var noGradient = no_grad();
            Whole = zeros([parameters.Sum(Padded)], ScalarType.Float32, parameters[0].device).DetachFromDisposeScope();
            long at = 0;
            var parts = new List<(Parameter, Tensor)>();
            foreach (Parameter parameter in parameters)
            {
                using var scope = NewDisposeScope();
                parts.Add((parameter, Whole.narrow(0, at, parameter.numel()).view(parameter.shape).DetachFromDisposeScope()));
                at += Padded(parameter);
            }
            Parts = parts;
        }

        public Tensor Whole { get; }

        /// <summary>The parameters, and where their gradients lie.</summary>
        public IReadOnlyList<(Parameter Parameter, Tensor Place)> Parts { get; }

        /// <summary>The bucket is finished when this block is.</summary>
        public int LowestBlock { get; }
    }
}
