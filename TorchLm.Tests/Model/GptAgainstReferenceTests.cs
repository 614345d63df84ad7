using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class GptAgainstReferenceTests
{
    // Rounding in float32: the share of a tensor's largest value by which a value may be off.
    private const double Tolerance = 2e-5;

    public static TheoryData<ModelConfig, int> Cases()
    {
        ModelConfig small = TinyGpt.Config;
        return new()
        {
            { small with { LayerCount = 1, HeadCount = 1 }, 8 },
            { small with { LayerCount = 1, HeadCount = 1, Bias = true, Gelu = "exact" }, 8 },
            { small with { LayerCount = 3, HeadCount = 4 }, 8 },
            { small with { LayerCount = 3, HeadCount = 4, Bias = true }, 5 },
            { small with { LayerCount = 3, HeadCount = 2, Gelu = "exact" }, 1 },
            { small with { VocabularyMultiple = 64, Bias = true }, 8 },
            { small with { VocabularyMultiple = 64, Gelu = "exact" }, 7 },
        };
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_loss_and_every_gradient_agree_with_double_precision(ModelConfig config, int length)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(config);
        ReferenceGpt reference = ReferenceGpt.Of(model);
        long[][] inputs = TinyGpt.RandomRows(3, length, config.VocabularySize, 5), targets = TinyGpt.RandomRows(3, length, config.VocabularySize, 6);

        AssertClose("logits", [.. inputs.SelectMany(reference.Logits)], TinyGpt.Values(model.forward(TinyGpt.Ids(inputs))));
        AssertClose("next token's logits", [.. inputs.SelectMany(row => reference.Logits(row)[^config.VocabularySize..])],
            TinyGpt.Values(model.NextTokenLogits(TinyGpt.Ids(inputs))));

        Tensor loss = model.AccumulateGradients(TinyGpt.Ids(inputs), TinyGpt.Ids(targets));
        Assert.Equal(reference.LossWithGradients(inputs, targets), loss.item<float>(), 1e-5);
        Assert.Equal(loss.item<float>(), model.Loss(TinyGpt.Ids(inputs), TinyGpt.Ids(targets)).item<float>());
        Dictionary<string, float[]> gradients = TinyGpt.Gradients(model);
        Assert.Equal(reference.Parameters.Gradients.Keys.Order(), gradients.Keys.Order());
        foreach ((string name, float[] gradient) in gradients) AssertClose(name, reference.Parameters.Gradients[name], gradient);
    }

    private static void AssertClose(string what, double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(scale > 0, $"{what}: nothing to compare");
        Assert.True(worst <= Tolerance * scale, $"{what}: off by {worst:g3} at a scale of {scale:g3}");
    }
}
