using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Tests.Model;

/// <summary>
/// The model once more, written to be checked by eye: double precision, plain arrays, one sequence at a time, gradients derived by hand. It shares no
/// code and no library with <see cref="Gpt"/>.
/// </summary>
internal sealed class ReferenceGpt
{
    private readonly ModelConfig _config;
    private readonly IReferenceLayer[][] _attentionBranches, _mlpBranches;
    private readonly ReferenceLayerNorm _finalNorm;

    public ReferenceGpt(ModelConfig config, IReadOnlyDictionary<string, double[]> weights)
    {
        _config = config;
        Parameters = new ReferenceParameters(weights);
        int c = config.EmbeddingSize;
        _attentionBranches = [.. Enumerable.Range(0, config.LayerCount).Select(i => new IReferenceLayer[]
        {
            new ReferenceLayerNorm(Parameters, $"blocks.{i}.attentionNorm", c),
            new ReferenceLinear(Parameters, $"blocks.{i}.attention.qkv", c, 3 * c),
            new ReferenceAttention(c, config.HeadCount),
            new ReferenceLinear(Parameters, $"blocks.{i}.attention.output", c, c),
        })];
        _mlpBranches = [.. Enumerable.Range(0, config.LayerCount).Select(i => new IReferenceLayer[]
        {
            new ReferenceLayerNorm(Parameters, $"blocks.{i}.mlpNorm", c),
            new ReferenceLinear(Parameters, $"blocks.{i}.mlp.expand", c, 4 * c),
            new ReferenceGelu(config.Gelu == "tanh"),
            new ReferenceLinear(Parameters, $"blocks.{i}.mlp.project", 4 * c, c),
        })];
        _finalNorm = new ReferenceLayerNorm(Parameters, "finalNorm", c);
    }

    /// <summary>Takes the weights of a model.</summary>
    public static ReferenceGpt Of(Gpt model) =>
        new(model.Config, TinyGpt.Parameters(model).ToDictionary(p => p.Key, p => Array.ConvertAll(p.Value, v => (double)v)));

    public ReferenceParameters Parameters { get; }

    /// <summary>Logits of one sequence: T rows of V.</summary>
    public double[] Logits(long[] ids) => Head(Hidden(ids));

    /// <summary>The mean cross-entropy over all tokens; gradients are added to the parameters'.</summary>
    public double LossWithGradients(long[][] inputs, long[][] targets)
    {
        double loss = 0, share = 1.0 / inputs.Sum(r => r.Length);
        for (int b = 0; b < inputs.Length; b++) loss += share * SequenceLossWithGradients(inputs[b], targets[b], share);
        return loss;
    }

    /// <summary>The mean cross-entropy over all tokens.</summary>
    public double Loss(long[][] inputs, long[][] targets) =>
        inputs.Zip(targets, (i, t) => CrossEntropies(Logits(i), t).Sum()).Sum() / inputs.Sum(r => r.Length);

    /// <summary>Logits (T rows of V) read off after the embedding and after each block.</summary>
    public double[][] Lens(long[] ids) => [.. Stream(ids).Select(x => Head(_finalNorm.Forward(x)))];

    /// <summary>[layer][head][query position][key position up to it] of one sequence.</summary>
    public double[][][][] Attention(long[] ids)
    {
        Stream(ids);
        return [.. _attentionBranches.Select(branch => branch.OfType<ReferenceAttention>().Single().Shares)];
    }

    private double[] Hidden(long[] ids) => _finalNorm.Forward(Stream(ids)[^1]);

    private double[][] Stream(long[] ids)
    {
        int c = _config.EmbeddingSize;
        double[] tokens = Parameters.Value("tokens.weight"), positions = Parameters.Value("positions.weight");
        var x = new double[ids.Length * c];
        for (int i = 0; i < x.Length; i++) x[i] = tokens[ids[i / c] * c + i % c] + positions[i];
        var stream = new List<double[]> { x };
        for (int l = 0; l < _config.LayerCount; l++)
        {
            x = Sum(x, _attentionBranches[l].Aggregate(x, (y, layer) => layer.Forward(y)));
            x = Sum(x, _mlpBranches[l].Aggregate(x, (y, layer) => layer.Forward(y)));
            stream.Add(x);
        }
        return [.. stream];
    }

    private double[] Head(double[] hidden)
    {
        (int c, int v) = (_config.EmbeddingSize, _config.VocabularySize);
        double[] tokens = Parameters.Value("tokens.weight");
        var logits = new double[hidden.Length / c * v];
        for (int i = 0; i < logits.Length; i++)
        {
            for (int k = 0; k < c; k++) logits[i] += hidden[i / v * c + k] * tokens[i % v * c + k];
        }
        return logits;
    }

    private IEnumerable<double> CrossEntropies(double[] logits, long[] targets) =>
        targets.Select((target, t) => -Math.Log(ReferenceAttention.Softmax(Row(logits, t))[target]));

    private double[] Row(double[] logits, int t) => logits[(t * _config.VocabularySize)..((t + 1) * _config.VocabularySize)];

    private double SequenceLossWithGradients(long[] ids, long[] targets, double weight)
    {
        (int c, int v) = (_config.EmbeddingSize, _config.VocabularySize);
        double[] tokens = Parameters.Value("tokens.weight"), dTokens = Parameters.Gradient("tokens.weight");
        double[] dPositions = Parameters.Gradient("positions.weight");
        double[] hidden = Hidden(ids), logits = Head(hidden), dHidden = new double[hidden.Length];
        for (int t = 0; t < ids.Length; t++)
        {
            double[] dLogits = ReferenceAttention.Softmax(Row(logits, t));
            dLogits[targets[t]] -= 1;
            for (int j = 0; j < v; j++)
            {
                for (int k = 0; k < c; k++)
                {
                    dHidden[t * c + k] += weight * dLogits[j] * tokens[j * c + k];
                    dTokens[j * c + k] += weight * dLogits[j] * hidden[t * c + k];
                }
            }
        }
        double[] dx = _finalNorm.Backward(dHidden);
        for (int l = _config.LayerCount - 1; l >= 0; l--)
        {
            dx = Sum(dx, _mlpBranches[l].Reverse().Aggregate(dx, (dy, layer) => layer.Backward(dy)));
            dx = Sum(dx, _attentionBranches[l].Reverse().Aggregate(dx, (dy, layer) => layer.Backward(dy)));
        }
        for (int i = 0; i < dx.Length; i++)
        {
            dTokens[ids[i / c] * c + i % c] += dx[i];
            dPositions[i] += dx[i];
        }
        return CrossEntropies(logits, targets).Sum();
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
