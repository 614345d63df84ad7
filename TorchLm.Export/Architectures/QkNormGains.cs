using System.Globalization;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Export.Architectures;

/// <summary>
/// A Qwen3's weights without the gains of its norms of queries and keys. TorchLm's model has one number for all of them, so that only a Qwen3 with gains that are
/// alike is one of its models.
/// </summary>
/// <param name="weights">All weights, under Hugging Face's names; they are closed with this.</param>
/// <param name="shape">The model.</param>
internal sealed class QkNormGains(ITensorSource weights, ModelConfig shape) : ITensorSource
{
    /// <inheritdoc/>
    public string Path => weights.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names { get; } = [.. weights.Names.Where(name => !IsGain(name))];

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => IsGain(name) ? null : weights.ShapeOf(name);

    /// <inheritdoc/>
    public Tensor Read(string name) => weights.Read(name);

    /// <inheritdoc/>
    public void Dispose() => weights.Dispose();

    /// <summary>What normalised queries and keys are multiplied by, each; where the two differ, their product counts, which is all that scores know of them.</summary>
    /// <exception cref="InputException">Gains are missing, or not alike.</exception>
    public double Scale()
    {
        double product = (double)Gain("q_norm") * Gain("k_norm"), scale = Math.Sqrt(product);
        if (!(scale > 0 && scale <= ModelConfig.MostQkNormScale))
        {
            throw new InputException($"The weights in '{Path}' multiply normalised queries and keys by {product} together; the root of that must be above 0 and at most " +
                $"{ModelConfig.MostQkNormScale}.");
        }
        return double.Parse(((float)scale).ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture); // 1.2, not 1.2000000476837158
    }

    private float Gain(string norm)
    {
        float? all = null;
        for (int layer = 0; layer < shape.LayerCount; layer++)
        {
            string name = $"model.layers.{layer}.self_attn.{norm}.weight";
            if (weights.ShapeOf(name) is not [var size] || size != shape.HeadSize)
            {
                throw new InputException($"The weights in '{Path}' have no {name} of {shape.HeadSize} numbers, as many as a head has channels, which a Qwen3 has.");
            }
            using var scope = NewDisposeScope();
            Tensor value = weights.Read(name).to(ScalarType.Float32);
            float least = value.min().item<float>(), most = value.max().item<float>();
            all ??= least;
            if (least == all && most == all) continue;
            throw new InputException($"The weights in '{Path}' have gains of their own for queries and keys ({name} goes from {least} to {most}, the first is {all}), but TorchLm's " +
                "model has one for all: only such a Qwen3 can be imported.");
        }
        return all!.Value;
    }

    private static bool IsGain(string name) => name.EndsWith(".self_attn.q_norm.weight", StringComparison.Ordinal) || name.EndsWith(".self_attn.k_norm.weight", StringComparison.Ordinal);
}
