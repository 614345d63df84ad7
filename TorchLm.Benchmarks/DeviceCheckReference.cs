using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>
/// The same model in float64 on the CPU, of products, sums and an explicit softmax alone, and AdamW as its paper writes it: what devices are compared with.
/// </summary>
internal sealed class DeviceCheckReference : IDisposable
{
    private readonly ModelConfig _config;
    private readonly Dictionary<string, Tensor> _weights;
    private readonly Dictionary<string, (double[] First, double[] Second)> _moments;
    private int _updates;

    /// <summary>Draws weights widely, gains and biases included, so that no part of the computation is nearly linear, uniform or zero.</summary>
    public DeviceCheckReference(ModelConfig config, int seed)
    {
        _config = config;
        var random = new Random(seed);
        using var model = new Gpt(config);
        _weights = model.named_parameters().ToDictionary(p => p.name, p =>
        {
            // Rows that pad the vocabulary stay zero.
            long[] shape = p.parameter.shape;
            long used = p.name == "tokens.weight" ? config.VocabularySize * shape[1] : p.parameter.numel();
            bool isGain = shape.Length == 1 && p.name.EndsWith(".weight", StringComparison.Ordinal);
            double[] values = [.. DeviceCheckNumbers.NormalValues(random, used, isGain ? 1 : 0, 0.1).Select(v => (double)(float)v), .. new double[p.parameter.numel() - used]];
            return tensor(values, shape, requires_grad: true).DetachFromDisposeScope();
        });
        _moments = _weights.ToDictionary(w => w.Key, w => (new double[w.Value.numel()], new double[w.Value.numel()]));
    }

    /// <summary>Gives a model the same weights.</summary>
    public void CopyTo(Gpt model)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters()) parameter.copy_(_weights[name]);
    }

    /// <summary>Ids (B, T) to logits (B, T, V).</summary>
    public Tensor Logits(Tensor ids)
    {
        long b = ids.shape[0], t = ids.shape[1], c = _config.EmbeddingSize;
        Tensor tokens = _weights["tokens.weight"].narrow(0, 0, _config.VocabularySize);
        Tensor x = tokens.index_select(0, ids.view(-1)).view(b, t, c).Plus(_weights["positions.weight"].narrow(0, 0, t));
        for (int i = 0; i < _config.LayerCount; i++)
        {
            string block = $"blocks.{i}.";
            x = x.Plus(Linear(Attention(Linear(Norm(x, block + "attentionNorm"), block + "attention.qkv")), block + "attention.output"));
            x = x.Plus(Linear(Gelu(Linear(Norm(x, block + "mlpNorm"), block + "mlp.expand")), block + "mlp.project"));
        }
        return nn.functional.linear(Norm(x, "finalNorm"), tokens);
    }

    /// <summary>The mean cross-entropy in nats per token.</summary>
    public Tensor Loss(Tensor inputs, Tensor targets)
    {
        Tensor logProbabilities = nn.functional.log_softmax(Logits(inputs), -1).view(-1, _config.VocabularySize);
        return logProbabilities.gather(1, targets.view(-1, 1)).mean().neg();
    }

    /// <summary>The gradients by the parameters' names, since the last update.</summary>
    public Dictionary<string, double[]> Gradients() => _weights.ToDictionary(w => w.Key, w => DeviceCheckNumbers.Values(w.Value.grad!));

    /// <summary>One step: loss, gradients, clipping by the global norm, AdamW. Gives the loss before the update.</summary>
    public double Step(Tensor inputs, Tensor targets, OptimizerConfig config)
    {
        using var scope = NewDisposeScope();
        Tensor loss = Loss(inputs, targets);
        loss.backward();
        Dictionary<string, double[]> gradients = Gradients();
        double norm = Math.Sqrt(gradients.Values.Sum(g => g.Sum(v => v * v)));
        double clip = config.GradientClip > 0 ? Math.Max(1, norm / config.GradientClip) : 1;
        _updates++;
        using var noGradient = no_grad();
        foreach ((string name, Tensor weight) in _weights)
        {
            weight.copy_(tensor(Updated(DeviceCheckNumbers.Values(weight), gradients[name], _moments[name], clip, weight.dim() >= 2, config), weight.shape));
            weight.grad = null;
        }
        return loss.item<double>();
    }

    public void Dispose()
    {
        foreach (Tensor weight in _weights.Values) weight.Dispose();
    }

    /// <summary>AdamW with decoupled decay of matrices (Loshchilov and Hutter 2019).</summary>
    private double[] Updated(double[] weights, double[] gradients, (double[] First, double[] Second) moments, double clip, bool decays, OptimizerConfig config)
    {
        (double[] first, double[] second) = moments;
        for (int i = 0; i < weights.Length; i++)
        {
            double g = gradients[i] / clip;
            first[i] = config.Beta1 * first[i] + (1 - config.Beta1) * g;
            second[i] = config.Beta2 * second[i] + (1 - config.Beta2) * g * g;
            double mean = first[i] / (1 - Math.Pow(config.Beta1, _updates)), square = second[i] / (1 - Math.Pow(config.Beta2, _updates));
            if (decays) weights[i] -= config.LearningRate * config.WeightDecay * weights[i];
            weights[i] -= config.LearningRate * mean / (Math.Sqrt(square) + config.Epsilon);
        }
        return weights;
    }

    private Tensor Linear(Tensor x, string name) => nn.functional.linear(x, _weights[name + ".weight"], _weights[name + ".bias"]);

    private Tensor Norm(Tensor x, string name) =>
        nn.functional.layer_norm(x, [_config.EmbeddingSize], _weights[name + ".weight"], _weights[name + ".bias"]);

    /// <summary>Queries, keys and values side by side (B, T, 3C) to (B, T, C).</summary>
    private Tensor Attention(Tensor qkv)
    {
        long b = qkv.shape[0], t = qkv.shape[1], c = _config.EmbeddingSize, heads = _config.HeadCount;
        Tensor[] parts = [.. qkv.chunk(3, 2).Select(p => p.view(b, t, heads, c / heads).transpose(1, 2))];
        return Attention(parts[0], parts[1], parts[2]).transpose(1, 2).reshape(b, t, c);
    }

    /// <summary>Causal attention with all scores in memory: softmax(q·kᵀ/√D)·v for (B, H, T, D), in the type and on the device of its arguments.</summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v)
    {
        long t = q.shape[2];
        var mask = new double[t * t];
        for (long row = 0; row < t; row++) Array.Fill(mask, double.NegativeInfinity, (int)(row * t + row + 1), (int)(t - row - 1));
        Tensor scores = q.matmul(k.transpose(2, 3)).Times(1 / Math.Sqrt(q.shape[3])).Plus(tensor(mask, [t, t]).to(q.dtype).to(q.device));
        return nn.functional.softmax(scores, -1).matmul(v);
    }

    /// <summary>Hendrycks and Gimpel 2016, in the tanh form: x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).</summary>
    private static Tensor Gelu(Tensor x)
    {
        Tensor inner = x.Plus(x.mul(x).mul(x).Times(0.044715)).Times(Math.Sqrt(2 / Math.PI));
        return x.Times(0.5).Plus(x.Times(0.5).mul(inner.tanh()));
    }
}
