using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// A GPT language model (Radford et al. 2019): token and position embeddings, pre-LayerNorm transformer blocks, a final LayerNorm and an output head
/// that is tied to the token embedding.
/// </summary>
/// <remarks>
/// Letters in shapes: B sequences, T positions, C channels, H heads, D = C / H, V vocabulary.
/// A model lives on one device from its construction on; it is not moved.
/// </remarks>
public sealed class Gpt : nn.Module<Tensor, Tensor>
{
    /// <summary>Standard deviation of all initial weight matrices but the residual projections.</summary>
    internal const double InitialDeviation = 0.02;

    private readonly Embedding tokens;
    private readonly Embedding positions;
    private readonly Block[] _blocks;
    private readonly ModuleList<Block> blocks;
    private readonly LayerNorm finalNorm;
    private readonly MasterWeight _head;                                              // the token embedding's weights, which the output head shares
    private readonly Tensor _positionIds;                                           // 0, 1, …, T - 1

    /// <summary>Makes a model with fresh weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="seed">Decides the initial weights.</param>
    /// <param name="device">Where it lives; the CPU where nothing is said.</param>
    /// <param name="precision">What matrix products and attention compute in.</param>
    /// <exception cref="InputException">The shape is impossible.</exception>
    public Gpt(ModelConfig config, long seed = 0, Device? device = null, Precision precision = Precision.Float32) : base(nameof(Gpt))
    {
        config.Validate();
        Config = config;
        Device = device ?? CPU;
        Precision = precision;
        using var initial = new InitialWeights(seed, Device);
        tokens = new Embedding(config.VocabularySize, config.PaddedVocabularySize, config.EmbeddingSize, InitialDeviation, initial);
        positions = new Embedding(config.ContextLength, config.ContextLength, config.EmbeddingSize, InitialDeviation, initial);
        _blocks = [.. Enumerable.Range(0, config.LayerCount).Select(_ => new Block(config, initial, precision.ComputeType()))];
        blocks = nn.ModuleList(_blocks);
        finalNorm = new LayerNorm(config.EmbeddingSize, initial, config.Bias, precision.ComputeType());
        _head = new MasterWeight(tokens.Weight);
        _positionIds = tensor(Enumerable.Range(0, config.ContextLength).Select(i => (long)i).ToArray(), device: Device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>The shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device { get; }

    /// <summary>What matrix products and attention compute in; weights, residual stream, norms and loss are float32.</summary>
    public Precision Precision { get; }

    /// <summary>Logits for the token after each position: ids (B, T) int64 to (B, T, V). The caller owns the result.</summary>
    public override Tensor forward(Tensor ids) => forward(ids, null);

    /// <summary>
    /// Logits for the token after each position: ids (B, T) int64 to (B, T, V), where ids continue what <paramref name="cache"/> holds, if there is
    /// one. The caller owns the result.
    /// </summary>
    public Tensor forward(Tensor ids, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope();
        return Logits(Hidden(ids, cache)).MoveToOuterDisposeScope();
    }

    /// <summary>Logits for the token after the last position only: ids (B, T) to (B, V). The caller owns the result.</summary>
    public Tensor NextTokenLogits(Tensor ids, KeyValueCache? cache = null)
    {
        using var scope = NewDisposeScope();
        Tensor last = Hidden(ids, cache).select(1, -1);                             // (B, C)
        return Logits(last).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The mean cross-entropy in nats per token, without gradients: inputs and targets (B, T) int64 to a scalar. The caller owns the result.
    /// </summary>
    public Tensor Loss(Tensor inputs, Tensor targets)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor hidden = Hidden(inputs);
        return LinearCrossEntropy.Loss(hidden, _head, targets, Config.VocabularySize).MoveToOuterDisposeScope();
    }

    /// <summary>Adds the gradient of the mean cross-entropy to every parameter's <c>grad</c>.</summary>
    /// <param name="inputs">(B, T) int64.</param>
    /// <param name="targets">(B, T) int64.</param>
    /// <param name="scale">A float32 scalar on the model's device that gradients, not the loss, are multiplied by; null is 1.</param>
    /// <param name="seedDropout">
    /// Called before each part of the model that drops activations, to seed the device's generator: with 0 before the embeddings, with i before the
    /// i-th block. Null leaves the generator as it is.
    /// </param>
    /// <param name="checkpointActivations">
    /// Keeps only each block's input and computes the block again for its gradients: less memory, a third more arithmetic, the same gradients.
    /// </param>
    /// <param name="onForward">Called once the hidden states are computed, or queued on a GPU.</param>
    /// <returns>The loss in nats per token, unscaled and detached; the caller owns it.</returns>
    public Tensor AccumulateGradients(Tensor inputs, Tensor targets, Tensor? scale = null, Action<int>? seedDropout = null,
        bool checkpointActivations = false, Action? onForward = null)
    {
        using var scope = NewDisposeScope();
        if (!checkpointActivations)
        {
            Tensor hidden = Hidden(inputs, null, seedDropout);
            onForward?.Invoke();
            return Backward(hidden, targets, scale).MoveToOuterDisposeScope();
        }

        Precision.Switch(Device);
        if (training && Config.Dropout > 0) ArgumentNullException.ThrowIfNull(seedDropout); // or the second computation would drop others
        var checkpoints = new ActivationCheckpoints(_blocks, seedDropout);
        Tensor embedded = Embed(inputs, 0, seedDropout);
        Tensor last = checkpoints.Forward(embedded.detach()).requires_grad_();
        onForward?.Invoke();
        Tensor loss = Backward(finalNorm.forward(last), targets, scale);
        GradientNode.Backward(embedded, checkpoints.Backward(last.grad!));
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Ids (B, T) to the final LayerNorm's output (B, T, C), which the caller owns.</summary>
    internal Tensor Hidden(Tensor ids, KeyValueCache? cache = null, Action<int>? seedDropout = null)
    {
        Precision.Switch(Device);
        using var scope = NewDisposeScope(); // what is not needed for gradients is freed here
        Tensor x = Embed(ids, cache?.Length ?? 0, seedDropout);
        for (int i = 0; i < _blocks.Length; i++)
        {
            using Tensor input = x; // where it is needed for gradients, the graph keeps it
            using var blockScope = NewDisposeScope();
            seedDropout?.Invoke(i + 1);
            x = _blocks[i].forward(input, cache?.Layer(i)).MoveToOuterDisposeScope();
        }
        cache?.Advance((int)ids.shape[1]);
        return finalNorm.forward(x).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What stands in the residual stream on the way of ids (B, T): what the first block is given, then what each block gives, all (B, T, C). The
    /// caller owns them.
    /// </summary>
    internal Tensor[] ResidualStream(Tensor ids)
    {
        Precision.Switch(Device);
        using var scope = NewDisposeScope();
        var stream = new Tensor[_blocks.Length + 1];
        stream[0] = Embed(ids, 0, null).MoveToOuterDisposeScope();
        for (int i = 0; i < _blocks.Length; i++) stream[i + 1] = _blocks[i].forward(stream[i]).MoveToOuterDisposeScope();
        return stream;
    }

    /// <summary>
    /// What the model would say if it ended here (the logit lens, nostalgebraist 2020): the final LayerNorm and the output head on a residual stream
    /// (B, T, C), to (B, T, V). The caller owns the result.
    /// </summary>
    internal Tensor ReadOff(Tensor x)
    {
        using var scope = NewDisposeScope();
        return Logits(finalNorm.forward(x)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// How much positions look at each other in the heads of block <paramref name="layer"/>, which is given x (B, T, C): (B, H, T, T). The caller
    /// owns the result.
    /// </summary>
    internal Tensor AttentionWeights(int layer, Tensor x)
    {
        using var scope = NewDisposeScope();
        return _blocks[layer].AttentionWeights(x).MoveToOuterDisposeScope();
    }

    /// <summary>Goes back from hidden states (B, T, C) to all parameters that they come from, by way of the output head and the loss.</summary>
    /// <returns>The loss; the caller owns it.</returns>
    internal Tensor Backward(Tensor hidden, Tensor targets, Tensor? scale)
    {
        using var scope = NewDisposeScope();
        (Tensor loss, Tensor hiddenGradient) =
            LinearCrossEntropy.LossAndGradients(hidden, _head, targets, Config.VocabularySize, scale);
        GradientNode.Backward(hidden, hiddenGradient);
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Standard deviation of the two projections that write to the residual stream, so that its variance does not grow with depth.</summary>
    internal static double ResidualDeviation(ModelConfig config) => InitialDeviation / Math.Sqrt(2.0 * config.LayerCount);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _head.Dispose();
            _positionIds.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Ids (B, T), the first of them at position <paramref name="past"/>, to the first block's input (B, T, C).</summary>
    private Tensor Embed(Tensor ids, int past, Action<int>? seedDropout)
    {
        int t = (int)ids.shape[1];
        if (past + t > Config.ContextLength)
        {
            throw new ArgumentException($"{past + t} positions do not fit a context of {Config.ContextLength} tokens.", nameof(ids));
        }
        seedDropout?.Invoke(0);
        Tensor x = tokens.forward(ids).Plus(positions.forward(_positionIds.narrow(0, past, t)));   // (B, T, C)
        return nn.functional.dropout(x, Config.Dropout, training);
    }

    /// <summary>Hidden states (…, C) to logits (…, V), padding rows of the vocabulary cut off.</summary>
    private Tensor Logits(Tensor hidden)
    {
        Tensor logits = LinearOperation.Apply(hidden, _head, null).to(ScalarType.Float32);
        return Config.PaddedVocabularySize == Config.VocabularySize ? logits : logits.narrow(-1, 0, Config.VocabularySize).contiguous();
    }
}
