using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using static TorchSharp.torch;

namespace TorchLm.Tests.Support;

/// <summary>Models that take a millisecond a step, and what tests do with them.</summary>
internal static class TinyGpt
{
    public static readonly ModelConfig Config =
        new() { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 8, VocabularySize = 11 };

    /// <summary>
    /// A model all of whose parameters, gains and biases included, are drawn widely, so that no part of the computation is nearly linear, uniform or
    /// zero, as much of it is in a freshly initialised model; in a model of many channels less widely, so that sums of
    /// more products are no larger and softmaxes do not saturate.
    /// </summary>
    public static Gpt WithWideWeights(ModelConfig config, int seed = 1)
    {
        var model = new Gpt(config);
        var random = new Random(seed);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            string[] gains = [".weight", ".keep"];
            bool isGain = parameter.dim() == 1 && gains.Any(end => name.EndsWith(end, StringComparison.Ordinal));
            long rows = IsOfTokens(name) ? config.VocabularySize : parameter.shape[0];
            Tensor inUse = parameter.narrow(0, 0, rows);
            double deviation = 0.4 * (parameter.dim() == 2 ? Math.Sqrt(16.0 / Math.Max(16, config.EmbeddingSize)) : 1);
            float[] values = [.. Enumerable.Range(0, (int)inUse.numel()).Select(_ => (float)(deviation * Normal(random) + (isGain ? 1 : 0)))];
            inUse.copy_(tensor(values, inUse.shape));
        }
        return model;
    }

    /// <summary>Whether a parameter has a row for each token, and so for each row of the vocabulary's padding.</summary>
    public static bool IsOfTokens(string name) =>
        name is "tokens.weight" or "head.weight" || name.EndsWith("values.embedding.weight", StringComparison.Ordinal);

    /// <summary>Numbers in a model, those of the vocabulary's padding left out.</summary>
    public static long Count(Gpt model) => model.named_parameters().Sum(p =>
        IsOfTokens(p.name) ? model.Config.VocabularySize * p.parameter.shape[1] : p.parameter.numel());

    /// <summary>All elements in row-major order.</summary>
    public static float[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>The values of all parameters by name.</summary>
    public static Dictionary<string, float[]> Parameters(Gpt model) => model.named_parameters().ToDictionary(p => p.name, p => Values(p.parameter));

    /// <summary>The gradients of all parameters by name.</summary>
    public static Dictionary<string, float[]> Gradients(Gpt model) =>
        model.named_parameters().ToDictionary(p => p.name, p => Values(p.parameter.grad!));

    /// <summary>The optimiser's moments by name.</summary>
    public static Dictionary<string, float[]> Moments(Optimizer optimizer) => optimizer.State.Where(s => s.Value.dtype == ScalarType.Float32).ToDictionary(s => s.Name, s => Values(s.Value));

    /// <summary>Rows of ids as an int64 tensor (B, T).</summary>
    public static Tensor Ids(params long[][] rows) => tensor(rows.SelectMany(r => r).ToArray(), [rows.Length, rows[0].Length]);

    /// <summary>Random rows of ids below <paramref name="vocabulary"/>.</summary>
    public static long[][] RandomRows(int rows, int length, int vocabulary, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, length).Select(_ => random.NextInt64(vocabulary)).ToArray())];
    }

    /// <summary>A standard normal value (Box and Muller 1958).</summary>
    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
