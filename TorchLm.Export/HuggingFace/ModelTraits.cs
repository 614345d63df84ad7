using System.Globalization;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;

namespace TorchLm.Export.HuggingFace;

/// <summary>What sets a model's architecture apart, in words, for its card.</summary>
internal static class ModelTraits
{
    /// <summary>Pairs of a part of the model and what it is like; parts that are as nearly everywhere are left out.</summary>
    public static IEnumerable<(string What, string How)> Of(ModelConfig model, Architecture architecture, bool isOnnx)
    {
        if (Target.HuggingFace.Find(model) is null)
        {
            yield return ("architecture", $"TorchLm's own, computed by the graph; config.json says {architecture.Name}, which has caches of this shape");
        }
        if (model.KeyValueHeads != model.HeadCount) yield return ("heads of keys and values", Number(model.KeyValueHeads));
        bool areZero = architecture.Family == ModelConfig.Gpt2 && !isOnnx;
        yield return ("biases", model.Bias ? "yes" : areZero ? "none: those in the files are zero" : "none");
        yield return ("positions", Positions(model));
        yield return ("norm", $"{(model.Norm == ModelConfig.RmsNorm ? "RMSNorm" : "LayerNorm")}, epsilon {Number(model.NormEpsilon)}" +
            $"{(model.NormGain ? "" : ", no gains")}{(model.NormPlacement == ModelConfig.PostNorm ? ", after the sum" : "")}" +
            $"{(model.EmbeddingNorm ? ", of the embeddings too" : "")}");
        yield return ("activation", Activation(model));
        if (model.QkNorm) yield return ("queries and keys", $"normalised, times {Number(model.QkNormScale)}");
        if (model.SlidingWindow > 0) yield return ("sliding window", Window(model));
        if (model.EmbeddingShortcuts) yield return ("shortcuts", "embeddings, into each block");
        if (model.ValueEmbeddings) yield return ("value embeddings", "in each block");
        if (!model.TiedHead) yield return ("output head", "weights of its own");
        if (model.LogitSoftCap > 0) yield return ("logits", $"softly capped at {Number(model.LogitSoftCap)}");
    }

    private static string Positions(ModelConfig model) => model.Positions switch
    {
        ModelConfig.Rope => $"rotary, base {Number(model.RopeBase)}{(model.RopeScale > 1 ? $", divided by {Number(model.RopeScale)}" : "")}",
        ModelConfig.NoPositions => "none",
        var kind => kind,
    };

    private static string Activation(ModelConfig model) => model.Mlp switch
    {
        ModelConfig.SwiGlu => $"SwiGLU, width {Number(model.MlpWidth)}",
        ModelConfig.Relu2 => $"squared ReLU, width {Number(model.MlpWidth)}",
        _ => model.Gelu == "tanh" ? "GELU, tanh form (gelu_new)" : "GELU, exact form (gelu)",
    };

    private static string Window(ModelConfig model) => $"{Number(model.SlidingWindow)} tokens" + (model.FullAttentionInterval > 0
        ? $"; none in each {Number(model.FullAttentionInterval)}th block and in the last one" : "");

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
