using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// The keys and values of what the model has already read, so that a new token costs one position's work and not the whole prefix's.
/// Room for a full context is taken at once. It is for generation: use it within <c>torch.no_grad()</c>.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly LayerCache[] _layers;
    private readonly int _capacity;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="model">Whose keys and values it will hold.</param>
    /// <param name="batchSize">Sequences that are generated side by side (B).</param>
    public KeyValueCache(Gpt model, int batchSize)
    {
        ModelConfig config = model.Config;
        _capacity = config.ContextLength;
        _layers = [.. Enumerable.Range(0, config.LayerCount).Select(_ => new LayerCache(model, batchSize, _capacity))];
    }

    /// <summary>Positions that are filled.</summary>
    public int Length { get; private set; }

    /// <summary>Forgets everything, to start a new sequence.</summary>
    public void Clear() => Length = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LayerCache layer in _layers) layer.Dispose();
    }

    internal LayerCache? Layer(int index)
    {
        _layers[index].Begin(Length);
        return _layers[index];
    }

    internal void Advance(int positions)
    {
        if (Length + positions > _capacity) throw new InvalidOperationException($"The cache holds {_capacity} positions.");
        Length += positions;
    }
}

/// <summary>One block's part of the cache: keys and values (B, K, capacity, D), and the inputs just before that convolutions need, (B, width - 1, C).</summary>
internal sealed class LayerCache : IDisposable
{
    private readonly Tensor _keys, _values;

    public LayerCache(Gpt model, int batchSize, int capacity)
    {
        ModelConfig config = model.Config;
        _keys = Room(config.KeyValueHeads, capacity, config.HeadSize);
        _values = Room(config.KeyValueHeads, capacity, config.HeadSize);
        if (config.ConvolutionWidth == 0) return;
        BeforeAttention = Room(config.ConvolutionWidth - 1, config.EmbeddingSize);
        BeforeMlp = Room(config.ConvolutionWidth - 1, config.EmbeddingSize);

        Tensor Room(params long[] shape) => empty([batchSize, .. shape], model.Precision.ComputeType(), model.Device).DetachFromDisposeScope();
    }

    public int Length { get; private set; }

    /// <summary>What the convolution before attention has read last; null where there is none.</summary>
    public Tensor? BeforeAttention { get; }

    /// <summary>What the convolution before the MLP has read last.</summary>
    public Tensor? BeforeMlp { get; }

    /// <summary>Sets how many positions there are; before the first, convolutions read zeros.</summary>
    public void Begin(int length)
    {
        Length = length;
        if (length > 0) return;
        BeforeAttention?.zero_().Dispose();
        BeforeMlp?.zero_().Dispose();
    }

    /// <summary>Stores the keys and values (B, K, T, D) of new positions and gives those of all positions so far (B, K, past + T, D).</summary>
    public (Tensor Keys, Tensor Values) Append(Tensor keys, Tensor values)
    {
        long t = keys.shape[2];
        _keys.narrow(2, Length, t).copy_(keys);
        _values.narrow(2, Length, t).copy_(values);
        return (_keys.narrow(2, 0, Length + t), _values.narrow(2, 0, Length + t));
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
        BeforeAttention?.Dispose();
        BeforeMlp?.Dispose();
    }
}
