using System.Globalization;
using TorchLm.Core.Configuration;
using TorchLm.Core.Native;
using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// A GPT language model (Radford et al. 2019): token and position embeddings, transformer blocks, a final norm and an output head, which by default
/// is tied to the token embedding. <see cref="ModelConfig"/> names what each part may be.
/// </summary>
/// <remarks>
/// Letters in shapes: B sequences, T positions, C channels, H heads, D = C / H, K heads of keys and values, F channels
/// inside the MLP, V vocabulary.
/// A model lives on one device from its construction on; it is not moved.
/// </remarks>
public sealed class Gpt : nn.Module<Tensor, Tensor>
{
    private readonly Embedding tokens;
    private readonly Embedding? positions;
    private readonly Norm? embeddingNorm;
    private readonly Block[] _blocks;
    private readonly ModuleList<Block> blocks;
    private readonly Norm? finalNorm;
    private readonly Embedding? head;                                                 // a row for each token; null where the token embedding's are used
    private readonly MasterWeight _head;
    private readonly Tensor? _sinusoids;                                              // (T, C)
    private readonly RotaryPositions? _rotary;
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
        using var initial = new InitialWeights(config, seed, Device);
        ScalarType type = precision.ComputeType();
        bool post = config.NormPlacement == ModelConfig.PostNorm;
        tokens = new Embedding(initial.Embeddings(config.VocabularySize, config.EmbeddingSize, config.PaddedVocabularySize));
        positions = config.Positions == ModelConfig.LearnedPositions ? new Embedding(initial.Embeddings(config.ContextLength, config.EmbeddingSize)) : null;
        embeddingNorm = config.EmbeddingNorm ? new Norm(config, initial, ScalarType.Float32) : null;
        _blocks = [.. Enumerable.Range(0, config.LayerCount).Select(layer => new Block(config, layer, initial, type))];
        blocks = nn.ModuleList(_blocks);
        finalNorm = post ? null : new Norm(config, initial, type);
        head = config.TiedHead ? null : new Embedding(initial.Head());
        _head = new MasterWeight((head ?? tokens).Weight);
        _sinusoids = config.Positions == ModelConfig.Sinusoidal
            ? tensor(SinusoidalPositions.Table(config), [config.ContextLength, config.EmbeddingSize], device: Device).DetachFromDisposeScope() : null;
        _rotary = config.Positions == ModelConfig.Rope ? new RotaryPositions(config, Device) : null;
        _positionIds = tensor(Enumerable.Range(0, config.ContextLength).Select(i => (long)i).ToArray(), device: Device).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>The shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device { get; }

    /// <summary>What matrix products and attention compute in; weights, residual stream, norms and loss are float32.</summary>
    public Precision Precision { get; }

    /// <summary>Is shown each block's number, from 0, and its output (B, T, C), as it is computed; null is nobody.</summary>
    internal Action<int, Tensor>? OnBlock { get; set; }

    /// <summary>
    /// Is told in a backward pass that the gradients of a block, and of all that comes after it, are complete: its number, or the number of blocks for
    /// what comes after the last one. Null is nobody.
    /// </summary>
    internal Action<int>? OnBlockGradients { get; set; }

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
    /// The mean cross-entropy in nats per token, without gradients: inputs (B, T) and targets (B, S) int64 to a scalar. Fewer targets than inputs
    /// are those of the last S positions. The caller owns the result.
    /// </summary>
    public Tensor Loss(Tensor inputs, Tensor targets)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor hidden = Hidden(inputs);
        if (targets.shape[1] < hidden.shape[1]) hidden = hidden.narrow(1, hidden.shape[1] - targets.shape[1], targets.shape[1]).contiguous();
        return LinearCrossEntropy.Loss(hidden, _head, targets, LossOf(0)).MoveToOuterDisposeScope();
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
    /// <param name="zLoss">
    /// What log² Σ exp of the logits weighs beside the loss (PaLM, Chowdhery et al. 2022), so that logits do not drift; it is not in the result.
    /// </param>
    /// <param name="onForward">Called once the hidden states are computed, or queued on a GPU.</param>
    /// <returns>The loss in nats per token, unscaled and detached; the caller owns it.</returns>
    public Tensor AccumulateGradients(Tensor inputs, Tensor targets, Tensor? scale = null, Action<int>? seedDropout = null,
        bool checkpointActivations = false, double zLoss = 0, Action? onForward = null)
    {
        using var scope = NewDisposeScope();
        if (!checkpointActivations)
        {
            Tensor hidden = Hidden(inputs, null, seedDropout);
            onForward?.Invoke();
            return Backward(hidden, targets, scale, zLoss).MoveToOuterDisposeScope();
        }

        Precision.Switch(Device);
        if (training && Config.Dropout > 0) ArgumentNullException.ThrowIfNull(seedDropout); // or the second computation would drop others
        Tensor embedded = Embed(inputs, 0, seedDropout), shared = embedded.detach().requires_grad_(Config.EmbeddingShortcuts);
        var checkpoints = new ActivationCheckpoints(_blocks, Context(inputs, shared, null), seedDropout);
        Tensor last = checkpoints.Forward(embedded.detach(), OnBlock).requires_grad_();
        onForward?.Invoke();
        Tensor loss = Backward(Normalized(last), targets, scale, zLoss);
        OnBlockGradients?.Invoke(_blocks.Length);
        Tensor gradient = checkpoints.Backward(last.grad!, OnBlockGradients);
        if (shared.grad is { } shortcuts) gradient.Accumulate(shortcuts);
        GradientNode.Backward(embedded, gradient);
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Ids (B, T) to what the output head is given (B, T, C), which the caller owns.</summary>
    internal Tensor Hidden(Tensor ids, KeyValueCache? cache = null, Action<int>? seedDropout = null)
    {
        Precision.Switch(Device);
        using var scope = NewDisposeScope(); // what is not needed for gradients is freed here
        Tensor embedded = Embed(ids, cache?.Length ?? 0, seedDropout), x = embedded.alias();
        SequenceContext context = Context(ids, embedded, cache);
        for (int i = 0; i < _blocks.Length; i++)
        {
            using Tensor input = WithSignal(x, i); // where it is needed for gradients, the graph keeps it
            using var blockScope = NewDisposeScope();
            seedDropout?.Invoke(i + 1);
            x = _blocks[i].forward(input, context, cache?.Layer(i)).MoveToOuterDisposeScope();
            OnBlock?.Invoke(i, x);
        }
        cache?.Advance((int)ids.shape[1]);
        return Normalized(WithSignal(x, _blocks.Length)).MoveToOuterDisposeScope();
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
        SequenceContext context = Context(ids, stream[0], null);
        for (int i = 0; i < _blocks.Length; i++) stream[i + 1] = _blocks[i].forward(stream[i], context).MoveToOuterDisposeScope();
        return stream;
    }

    /// <summary>
    /// What the model would say if it ended here (the logit lens, nostalgebraist 2020): the final norm and the output head on a residual stream
    /// (B, T, C), to (B, T, V). The caller owns the result.
    /// </summary>
    internal Tensor ReadOff(Tensor x)
    {
        using var scope = NewDisposeScope();
        return Logits(Normalized(x)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// How much positions look at each other in the heads of block <paramref name="layer"/>: (B, H, T, T). The caller owns the result.
    /// </summary>
    /// <param name="layer">The block, from 0.</param>
    /// <param name="ids">(B, T).</param>
    /// <param name="stream">What <see cref="ResidualStream"/> gives for them.</param>
    internal Tensor AttentionWeights(int layer, Tensor ids, Tensor[] stream)
    {
        using var scope = NewDisposeScope();
        return _blocks[layer].AttentionWeights(stream[layer], Context(ids, stream[0], null)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The block that a parameter belongs to, from 0; the number of blocks for what comes after them alone, and -1 for embeddings, to which gradients
    /// come last.
    /// </summary>
    /// <param name="parameter">The parameter's name.</param>
    internal int BlockOf(string parameter) => parameter.Split('.') switch
    {
        ["blocks", string number, ..] => int.Parse(number, CultureInfo.InvariantCulture),
        [nameof(head) or nameof(finalNorm), ..] => _blocks.Length,
        _ => -1,
    };

    /// <summary>Goes back from hidden states (B, T, C) to all parameters that they come from, by way of the output head and the loss.</summary>
    /// <returns>The loss; the caller owns it.</returns>
    internal Tensor Backward(Tensor hidden, Tensor targets, Tensor? scale, double zLoss = 0)
    {
        using var scope = NewDisposeScope();
        (Tensor loss, Tensor hiddenGradient) =
            LinearCrossEntropy.LossAndGradients(hidden, _head, targets, LossOf(zLoss), scale);
        GradientNode.Backward(hidden, hiddenGradient);
        return loss.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _head.Dispose();
            _sinusoids?.Dispose();
            _rotary?.Dispose();
            _positionIds.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>A tensor in whose gradient <see cref="OnBlockGradients"/> is told a number, where there is somebody to tell; takes the tensor over.</summary>
    private Tensor WithSignal(Tensor x, int block)
    {
        if (OnBlockGradients is not { } tell) return x;
        using (x) return GradientSignal.Behind(x, () => tell(block));
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
        Tensor x = tokens.forward(ids);                                             // (B, T, C)
        if (positions is not null) x = x.Plus(positions.forward(_positionIds.narrow(0, past, t)));
        if (_sinusoids is not null) x = x.Plus(_sinusoids.narrow(0, past, t));
        if (embeddingNorm is not null) x = embeddingNorm.forward(x);
        return nn.functional.dropout(x, Config.Dropout, training);
    }

    private SequenceContext Context(Tensor ids, Tensor embedded, KeyValueCache? cache) =>
        new(ids, embedded, _rotary?.From(cache?.Length ?? 0, (int)ids.shape[1]));

    /// <summary>
    /// The last block's output (B, T, C) in the type of products, normalised where the block has not done so. What logits are to be divided by in the
    /// maximal update parametrisation is divided out here, so that logits, loss and all gradients have it.
    /// </summary>
    private Tensor Normalized(Tensor x)
    {
        Tensor normalized = finalNorm is not null ? finalNorm.forward(x) : x.to(Precision.ComputeType());
        return Config.WidthRatio == 1 ? normalized : normalized.DividedBy(Config.WidthRatio);
    }

    private LogitLoss LossOf(double zLoss) => new(Config.VocabularySize, Config.LogitSoftCap, zLoss);

    /// <summary>Hidden states (…, C) to logits (…, V), padding rows of the vocabulary cut off.</summary>
    private Tensor Logits(Tensor hidden)
    {
        Tensor logits = LinearOperation.Apply(hidden, _head, null).to(ScalarType.Float32);
        if (Config.LogitSoftCap > 0) logits = logits.DividedBy(Config.LogitSoftCap).tanh().Times(Config.LogitSoftCap);
        return Config.PaddedVocabularySize == Config.VocabularySize ? logits : logits.narrow(-1, 0, Config.VocabularySize).contiguous();
    }
}
