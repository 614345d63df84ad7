using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>
/// A trained <see cref="Gpt"/> computed once more, in float64 and plain loops, from what the lessons explained: softmax (losses), GELU (activations),
/// embeddings (tokens), attention (attention).
/// </summary>
internal sealed class GptByHand
{
    private readonly Dictionary<string, double[]> _weights;
    private readonly ModelConfig _config;
    private readonly int _width;

    /// <summary>Takes the weights of a model without biases.</summary>
    public GptByHand(Gpt model)
    {
        _config = model.Config;
        _width = _config.EmbeddingSize;
        _weights = model.named_parameters().ToDictionary(p => p.name, p => Weights.Values(p.parameter));
    }

    /// <summary>What each head of each block looked at in the last <see cref="Logits"/>: [block][head], (T, T).</summary>
    public List<double[][][]> Attention { get; } = [];

    /// <summary>Ids to the logits (T, V) for the token after each.</summary>
    public double[][] Logits(IReadOnlyList<int> ids)
    {
        Attention.Clear();
        double[][] x = [.. ids.Select((id, t) => Sum(Row("tokens.weight", id), Row("positions.weight", t)))];         // (T, C)
        for (int block = 0; block < _config.LayerCount; block++)
        {
            string name = $"blocks.{block}.";
            x = Sum(x, Attend(Normalized(x, name + "attentionNorm"), name + "attention"));
            x = Sum(x, Linear([.. Linear(Normalized(x, name + "mlpNorm"), name + "mlp.expand")
                .Select(row => row.Select(ActivationsLesson.GeluTanh).ToArray())], name + "mlp.project"));
        }
        return [.. Normalized(x, "finalNorm")
            .Select(row => Enumerable.Range(0, _config.VocabularySize).Select(id => Dot(row, Row("tokens.weight", id))).ToArray())];
    }

    /// <summary>What the model itself says, row by row.</summary>
    public static double[] LogitsOf(Gpt model, int[] ids)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return Weights.Values(model.forward(tensor([.. ids.Select(i => (long)i)], [1, ids.Length])));
    }

    /// <summary>Every head for itself: (T, C) to (T, C).</summary>
    private double[][] Attend(double[][] x, string name)
    {
        int heads = _config.HeadCount, size = _width / heads;
        double[][] joint = Linear(x, name + ".qkv");                                                                 // (T, 3C)
        var mixed = new double[x.Length][];
        for (int t = 0; t < x.Length; t++) mixed[t] = new double[_width];
        var looks = new double[heads][][];
        for (int head = 0; head < heads; head++)
        {
            double[][] Part(int which) => [.. joint.Select(row => row[((which * _width) + (head * size))..((which * _width) + ((head + 1) * size))])];
            (double[][] output, looks[head]) = AttentionLesson.Attend(Part(0), Part(1), Part(2), causal: true);
            for (int t = 0; t < x.Length; t++) output[t].CopyTo(mixed[t], head * size);
        }
        Attention.Add(looks);
        return Linear(mixed, name + ".output");
    }

    /// <summary>LayerNorm: each row less its mean, divided by its deviation, times a learned gain.</summary>
    private double[][] Normalized(double[][] x, string name)
    {
        double[] gain = _weights[name + ".weight"];
        return [.. x.Select(row =>
        {
            double mean = row.Average(), deviation = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + new ModelConfig().NormEpsilon);
            return row.Select((v, c) => (v - mean) / deviation * gain[c]).ToArray();
        })];
    }

    /// <summary>x·Wᵀ, W being (out, in).</summary>
    private double[][] Linear(double[][] x, string name)
    {
        double[][] rows = [.. _weights[name + ".weight"].Chunk(x[0].Length)];
        return [.. x.Select(row => rows.Select(weights => Dot(row, weights)).ToArray())];
    }

    private double[] Row(string name, int index) => _weights[name][(index * _width)..((index + 1) * _width)];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private static double[][] Sum(double[][] a, double[][] b) => [.. a.Zip(b, Sum)];
}
