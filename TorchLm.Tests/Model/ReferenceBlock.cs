using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Model;

/// <summary>A block: first, maybe, the embeddings mixed in again; then attention and the MLP, with their norms before or after the sums.</summary>
internal sealed class ReferenceBlock
{
    private readonly ReferenceParameters _parameters;
    private readonly string? _shortcut;
    private readonly bool _normsAfter;
    private readonly IReferenceLayer _attentionNorm, _mlpNorm;
    private readonly IReferenceLayer[] _attention, _mlp;
    private double[] _x = [], _embedded = [];

    public ReferenceBlock(ModelConfig config, int layer, ReferenceParameters parameters)
    {
        string name = $"blocks.{layer}";
        int c = config.EmbeddingSize, d = c / config.HeadCount;
        int keyHeads = config.KeyValueHeadCount == 0 ? config.HeadCount : config.KeyValueHeadCount;
        int heads = config.HeadCount + 2 * keyHeads, turned = config.HeadCount + keyHeads;
        _parameters = parameters;
        _shortcut = config.EmbeddingShortcuts ? name + ".shortcut" : null;
        _normsAfter = config.NormPlacement == "post";
        _attentionNorm = Norm(config, parameters, name + ".attentionNorm");
        _mlpNorm = Norm(config, parameters, name + ".mlpNorm");

        bool seesAll = config.SlidingWindow == 0
            || (config.FullAttentionInterval > 0 && ((layer + 1) % config.FullAttentionInterval == 0 || layer + 1 == config.LayerCount));
        Attention = new ReferenceAttention(config.HeadCount, keyHeads, d, seesAll ? 0 : config.SlidingWindow);
        var attention = new List<IReferenceLayer> { new ReferenceLinear(parameters, name + ".attention.qkv", c, heads * d) };
        if (config.QkNorm) attention.Add(new ReferenceQueryKeyNorm(turned, heads, d, config.NormEpsilon, config.QkNormScale));
        if (config.Positions == "rope") attention.Add(new ReferenceRotary(config));
        if (config.ValueEmbeddings) attention.Add(new ReferenceValueEmbedding(parameters, name + ".attention.values", heads * d, keyHeads * d));
        if (config.ConvolutionWidth > 0) attention.Insert(0, new ReferenceConvolution(parameters, name + ".attentionConvolution", c));
        _attention = [.. attention, Attention, new ReferenceLinear(parameters, name + ".attention.output", c, c)];

        int f = parameters.Value(name + ".mlp.project.weight").Length / c;
        _mlp =
        [
            .. config.ConvolutionWidth > 0 ? new[] { new ReferenceConvolution(parameters, name + ".mlpConvolution", c) } : [],
            new ReferenceLinear(parameters, name + ".mlp.expand", c, config.Mlp == "swiglu" ? 2 * f : f),
            config.Mlp switch { "relu2" => new ReferenceRelu2(), "swiglu" => new ReferenceSwiGlu(f), _ => new ReferenceGelu(config.Gelu == "tanh") },
            new ReferenceLinear(parameters, name + ".mlp.project", f, c),
        ];
    }

    public ReferenceAttention Attention { get; }

    /// <summary>The norm of a name that a model of this shape has.</summary>
    public static IReferenceLayer Norm(ModelConfig config, ReferenceParameters parameters, string name) => config.Norm == "rmsnorm"
        ? new ReferenceRmsNorm(parameters, name, config.EmbeddingSize, config.NormEpsilon)
        : new ReferenceLayerNorm(parameters, name, config.EmbeddingSize, config.NormEpsilon);

    /// <param name="x">T rows of C.</param>
    /// <param name="embedded">What the first block was given.</param>
    /// <param name="ids">The tokens.</param>
    public double[] Forward(double[] x, double[] embedded, long[] ids)
    {
        (_x, _embedded) = (x, embedded);
        foreach (ReferenceValueEmbedding values in _attention.OfType<ReferenceValueEmbedding>()) values.Ids = ids;
        if (_shortcut is not null)
        {
            double keep = _parameters.Value(_shortcut + ".keep")[0], add = _parameters.Value(_shortcut + ".add")[0];
            x = [.. x.Zip(embedded, (a, b) => keep * a + add * b)];
        }
        return Residual(Residual(x, _attentionNorm, _attention), _mlpNorm, _mlp);
    }

    /// <summary>From the gradient of the result to that of the input; that of the embeddings is added to.</summary>
    public double[] Backward(double[] outputGradient, double[] embeddedGradient)
    {
        double[] dx = ResidualBackward(ResidualBackward(outputGradient, _mlpNorm, _mlp), _attentionNorm, _attention);
        if (_shortcut is null) return dx;
        double keep = _parameters.Value(_shortcut + ".keep")[0], add = _parameters.Value(_shortcut + ".add")[0];
        for (int i = 0; i < dx.Length; i++)
        {
            _parameters.Gradient(_shortcut + ".keep")[0] += dx[i] * _x[i];
            _parameters.Gradient(_shortcut + ".add")[0] += dx[i] * _embedded[i];
            embeddedGradient[i] += add * dx[i];
        }
        return [.. dx.Select(d => keep * d)];
    }

    public static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private double[] Residual(double[] x, IReferenceLayer norm, IReferenceLayer[] layers)
    {
        double[] y = layers.Aggregate(_normsAfter ? x : norm.Forward(x), (y, layer) => layer.Forward(y));
        return _normsAfter ? norm.Forward(Sum(x, y)) : Sum(x, y);
    }

    private double[] ResidualBackward(double[] dy, IReferenceLayer norm, IReferenceLayer[] layers)
    {
        if (_normsAfter) dy = norm.Backward(dy);
        double[] dx = layers.Reverse().Aggregate(dy, (d, layer) => layer.Backward(d));
        return Sum(dy, _normsAfter ? dx : norm.Backward(dx));
    }
}
