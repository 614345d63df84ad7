using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>The small transformer of many tutorials, with LayerNorm after each sum as in the first paper, or before each part as in GPT-2.</summary>
/// <remarks>
/// Biases everywhere, an output head of its own, exact GELU and Glorot's initial deviations, as PyTorch's Transformer has them: in that it differs from
/// <see cref="Core.Model.Gpt"/> besides the place of the norms.
/// </remarks>
internal sealed class TutorialTransformer : nn.Module
{
    private readonly int _width, _heads;
    private readonly Block[] _blocks;
    private readonly Parameter[] _finalNorm;
    private readonly Parameter tokens, positions, head;

    public TutorialTransformer(int vocabulary, int width, int layers, int heads, int context, bool normFirst,
        NumPyRandom random) : base(nameof(TutorialTransformer))
    {
        (_width, _heads, NormFirst) = (width, heads, normFirst);
        tokens = Own("tokens", Drawn(random, 1, vocabulary, width));
        positions = Own("positions", Drawn(random, 1, context, width));
        _blocks = [.. Enumerable.Range(0, layers).Select(i => new Block(this, i, random))];
        _finalNorm = normFirst ? [Own("norm.weight", ones(width)), Own("norm.bias", zeros(width))] : [];
        head = Own("head", Drawn(random, 1 / Math.Sqrt(3 * width), vocabulary, width));
    }

    /// <summary>Whether norms stand before attention and MLP.</summary>
    public bool NormFirst { get; }

    /// <summary>How many numbers a model of this shape has.</summary>
    public static long CountOf(int vocabulary, int width, int layers, int context, bool normFirst)
    {
        long w = width, block = (3 * w * w) + (3 * w) + (w * w) + w + (8 * w * w) + (5 * w) + (4 * w);
        return (2L * vocabulary * w) + (context * w) + (layers * block) + (normFirst ? 2 * w : 0);
    }

    /// <summary>Ids (B, T) to logits (B, T, V).</summary>
    public Tensor Logits(Tensor ids)
    {
        Tensor x = tokens.index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], _width).Plus(positions.narrow(0, 0, ids.shape[1]));
        foreach (Block block in _blocks) x = block.Forward(x);
        if (NormFirst) x = nn.functional.layer_norm(x, [_width], _finalNorm[0], _finalNorm[1]);
        return x.matmul(head.t());
    }

    /// <summary>Adds the gradients of the mean cross-entropy to the parameters'.</summary>
    public Tensor Accumulate(Tensor ids, Tensor targets)
    {
        Tensor loss = nn.functional.cross_entropy(Logits(ids).flatten(0, 1), targets.flatten());
        loss.backward();
        return loss.detach();
    }

    /// <summary>The first block alone: (B, T, C) to (B, T, C).</summary>
    public Tensor FirstBlock(Tensor x) => _blocks[0].Forward(x);

    /// <summary>The first block's parameters under the names of libtorch's encoder layer.</summary>
    public Dictionary<string, Parameter> FirstBlockParameters => _blocks[0].Parameters;

    private Parameter Own(string name, Tensor values)
    {
        var parameter = new Parameter(values);
        register_parameter(name.Replace('.', '_'), parameter);
        return parameter;
    }

    private static Tensor Drawn(NumPyRandom random, double deviation, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        return random.Normal(deviation, rows, columns).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private sealed class Block
    {
        private readonly TutorialTransformer _model;

        public Block(TutorialTransformer model, int index, NumPyRandom random)
        {
            _model = model;
            int c = model._width;
            double Glorot(int rows, int columns) => Math.Sqrt(2.0 / (rows + columns));
            (string Name, Tensor Values)[] all =
            [
                ("self_attn.in_proj_weight", Drawn(random, Glorot(3 * c, c), 3 * c, c)), ("self_attn.in_proj_bias", zeros(3 * c)),
                ("self_attn.out_proj.weight", Drawn(random, Glorot(c, c), c, c)), ("self_attn.out_proj.bias", zeros(c)),
                ("linear1.weight", Drawn(random, Glorot(4 * c, c), 4 * c, c)), ("linear1.bias", zeros(4 * c)),
                ("linear2.weight", Drawn(random, Glorot(c, 4 * c), c, 4 * c)), ("linear2.bias", zeros(c)),
                ("norm1.weight", ones(c)), ("norm1.bias", zeros(c)), ("norm2.weight", ones(c)), ("norm2.bias", zeros(c)),
            ];
            Parameters = all.ToDictionary(p => p.Name, p => model.Own($"blocks.{index}.{p.Name}", p.Values));
        }

        public Dictionary<string, Parameter> Parameters { get; }

        public Tensor Forward(Tensor x)
        {
            if (_model.NormFirst)
            {
                x = x.Plus(Attention(Norm("norm1", x)));
                return x.Plus(Mlp(Norm("norm2", x)));
            }
            x = Norm("norm1", x.Plus(Attention(x)));
            return Norm("norm2", x.Plus(Mlp(x)));
        }

        private Tensor Attention(Tensor x)
        {
            long b = x.shape[0], t = x.shape[1], c = x.shape[2];
            Tensor joint = x.matmul(Parameters["self_attn.in_proj_weight"].t()).Plus(Parameters["self_attn.in_proj_bias"]);
            Tensor[] parts = joint.view(b, t, 3, _model._heads, c / _model._heads).permute(2, 0, 3, 1, 4).unbind(0);
            Tensor mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true).transpose(1, 2).reshape(b, t, c);
            return mixed.matmul(Parameters["self_attn.out_proj.weight"].t()).Plus(Parameters["self_attn.out_proj.bias"]);
        }

        private Tensor Mlp(Tensor x)
        {
            Tensor hidden = nn.functional.gelu(x.matmul(Parameters["linear1.weight"].t()).Plus(Parameters["linear1.bias"]));
            return hidden.matmul(Parameters["linear2.weight"].t()).Plus(Parameters["linear2.bias"]);
        }

        private Tensor Norm(string name, Tensor x) =>
            nn.functional.layer_norm(x, [_model._width], Parameters[name + ".weight"], Parameters[name + ".bias"]);
    }
}
