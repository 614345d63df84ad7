using System.Collections.Concurrent;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Sums the gradients of all ranks. They lie in buckets, contiguous pieces of memory of some megabytes, in the order in which the backward pass
/// finishes them; a bucket is summed as soon as it is full of finished gradients, while the backward pass goes on.
/// </summary>
/// <remarks>
/// The last block's gradients are finished first and the embeddings' last. Each parameter's <c>grad</c> is a view of its bucket, so that nothing is copied.
/// Where ranks share the optimiser's state (ZeRO stage 1, Rajbhandari et al. 2020), each rank gets the sum of its part of each bucket alone (reduce-scatter),
/// updates those weights, and gets the others' (all-gather), which go the same way through the buckets.
/// </remarks>
internal sealed class GradientExchange : IDisposable
{
    /// <summary>
    /// Bytes in a bucket: large enough that a network's latency does not count, small enough that the first is full long before the last gradient.
    /// </summary>
    public const long DefaultBucketBytes = 25 << 20;

    private const int Alignment = 16; // in floats: 64 bytes, as libtorch aligns tensors

    /// <summary>What cannot be taken back from an engine.</summary>
    private static readonly ConcurrentBag<GradientExchange> s_given = [];

    private readonly ICollective _collective;
    private readonly IReadOnlyList<Bucket> _buckets;
    private readonly List<IPendingCollective> _pending = [];
    private bool _gathers; // weights of the others are being received

    /// <summary>Takes memory for the gradients of a model.</summary>
    /// <param name="model">The model, which the caller keeps.</param>
    /// <param name="collective">The ranks; the caller keeps it.</param>
    /// <param name="shards">Whether each rank updates its part alone.</param>
    /// <param name="bucketBytes">The least size of a bucket, but for the last one.</param>
    public GradientExchange(Gpt model, ICollective collective, bool shards = false, long bucketBytes = DefaultBucketBytes)
    {
        _collective = collective;
        _buckets = [.. Fill(model, bucketBytes)];
        if (shards) Shards = [.. _buckets.SelectMany(b => b.Shards())];
    }

    /// <summary>The ranks.</summary>
    public ICollective Ranks => _collective;

    /// <summary>What this rank updates; null where every rank updates all.</summary>
    public IReadOnlyList<ParameterShard>? Shards { get; }

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
            foreach ((_, Parameter parameter, Tensor place) in bucket.Parts) parameter.grad = place;
        }
    }

    /// <summary>Says that the gradients of a block, and of all that comes after it in the model, are finished on this rank.</summary>
    /// <param name="block">The block from 0; as many as there are blocks means what comes after the last of them.</param>
    public void Finished(int block)
    {
        while (Begun < _buckets.Count && _buckets[Begun].LowestBlock >= block)
        {
            Bucket bucket = _buckets[Begun];
            _pending.Add(Shards is null ? _collective.BeginAllReduce(bucket.Whole) : _collective.BeginReduceScatter(bucket.Whole, bucket.Own));
        }
    }

    /// <summary>Says that all gradients are finished on this rank, and waits until they are summed.</summary>
    public void Finish()
    {
        Finished(-1);
        Wait();
    }

    /// <summary>Gives the weights that this rank has updated to the others and takes theirs. Gradients are gone afterwards.</summary>
    public void GatherWeights()
    {
        using var noGradient = no_grad();
        foreach (ParameterShard shard in Shards ?? []) shard.Gradient.copy_(shard.Weights);
        foreach (Bucket bucket in _buckets)
        {
            _gathers = true;
            _collective.AllGather(bucket.Own, bucket.Whole);
            _gathers = false;
            foreach ((_, Parameter parameter, Tensor place) in bucket.Parts)
            {
                parameter.copy_(place);
                parameter.grad = null;
            }
        }
    }

    /// <summary>
    /// The L2 norm of the whole gradient, of which this rank has a part: a float32 scalar that the caller owns.
    /// </summary>
    /// <param name="own">This rank's part.</param>
    public Tensor Norm(IReadOnlyCollection<Tensor> own)
    {
        using var scope = NewDisposeScope();
        Tensor norm = own.Count > 0 ? GradientNorm.Of(own) : zeros([], ScalarType.Float32, _buckets[0].Whole.device), squares = norm.mul(norm);
        _collective.AllReduce(squares);
        return squares.sqrt().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_pending.Count > 0 || _gathers)
        {
            s_given.Add(this); // a failure: the engine may write there until the process ends
            return;
        }
        foreach (ParameterShard shard in Shards ?? []) shard.Dispose();
        foreach (Bucket bucket in _buckets)
        {
            bucket.Whole.Dispose();
            bucket.Own.Dispose();
            foreach ((_, _, Tensor place) in bucket.Parts) place.Dispose();
        }
    }

    private void Wait()
    {
        foreach (IPendingCollective pending in _pending) pending.Wait();
        _pending.Clear();
    }

    private IEnumerable<Bucket> Fill(Gpt model, long bucketBytes)
    {
        var parameters = new List<(string Name, Parameter Parameter)>();
        int lowest = model.Config.LayerCount;
        long floats = 0;
        foreach (var group in model.named_parameters().GroupBy(p => model.BlockOf(p.name)).OrderByDescending(g => g.Key))
        {
            foreach ((string name, Parameter parameter) in group)
            {
                parameters.Add((name, parameter));
                floats += Padded(parameter.numel(), Alignment);
            }
            lowest = group.Key;
            if (floats * sizeof(float) < bucketBytes) continue;
            yield return new Bucket(parameters, lowest, _collective);
            parameters.Clear();
            floats = 0;
        }
        if (parameters.Count > 0) yield return new Bucket(parameters, lowest, _collective);
    }

    private static long Padded(long count, long multiple) => (count + multiple - 1) / multiple * multiple;

    private sealed class Bucket
    {
        private readonly long _first; // of this rank's part

        public Bucket(IReadOnlyList<(string Name, Parameter Value)> parameters, int lowestBlock, ICollective ranks)
        {
            LowestBlock = lowestBlock;
            using var noGradient = no_grad();
            long floats = Padded(parameters.Sum(p => Padded(p.Value.numel(), Alignment)), (long)Alignment * ranks.WorldSize), part = floats / ranks.WorldSize;
            Whole = zeros([floats], ScalarType.Float32, parameters[0].Value.device).DetachFromDisposeScope();
            _first = part * ranks.Rank;
            Own = Whole.narrow(0, _first, part).DetachFromDisposeScope();
            long at = 0;
            var parts = new List<(string, Parameter, Tensor)>();
            foreach ((string name, Parameter parameter) in parameters)
            {
                using var scope = NewDisposeScope();
                parts.Add((name, parameter, Whole.narrow(0, at, parameter.numel()).view(parameter.shape).DetachFromDisposeScope()));
                at += Padded(parameter.numel(), Alignment);
            }
            Parts = parts;
        }

        public Tensor Whole { get; }

        /// <summary>This rank's part of <see cref="Whole"/>.</summary>
        public Tensor Own { get; }

        /// <summary>The parameters, and where their gradients lie.</summary>
        public IReadOnlyList<(string Name, Parameter Parameter, Tensor Place)> Parts { get; }

        /// <summary>The bucket is finished when this block is.</summary>
        public int LowestBlock { get; }

        /// <summary>What lies in this rank's part.</summary>
        public IEnumerable<ParameterShard> Shards()
        {
            long at = 0, end = _first + Own.numel();
            foreach ((string name, Parameter parameter, _) in Parts)
            {
                long count = parameter.numel(), from = Math.Max(_first, at), to = Math.Min(end, at + count);
                if (from < to) yield return ParameterShard.Of(name, parameter, from - at, Own, from - _first, to - from);
                at += Padded(count, Alignment);
            }
        }
    }
}
