using TorchLm.Core.Configuration;
using TorchLm.Core.Kernels;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class GptAgainstReferenceTests
{
    // Rounding in float32: the share of a tensor's largest value by which a value may be off.
    private const double Tolerance = 2e-5;

    private static readonly CpuKernel s_all = Enum.GetValues<CpuKernel>().Aggregate((all, kernel) => all | kernel);

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

    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_loss_and_every_gradient_agree_with_double_precision(ModelConfig config, int length) => AssertAgrees(config, length, zLoss: 0);

    /// <summary>Heads that no kernel of our own serves, which attention's serves, and which that of rotary positions serves too.</summary>
    [Theory]
    [MemberData(nameof(Options))]
    public void So_they_do_with_every_option(string option)
    {
        foreach (int headSize in (int[])[8, 16, 32]) AssertAgrees(ModelOptions.All[option].WithHeadSize(headSize), 8, zLoss: 0);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void So_they_do_without_kernels_of_our_own(string option)
    {
        CpuKernels.Without = s_all;
        try
        {
            AssertAgrees(ModelOptions.All[option].WithHeadSize(16), 7, zLoss: 0.1);
        }
        finally
        {
            CpuKernels.Without = CpuKernel.None;
        }
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("padding wherever tokens have rows")]
    [InlineData("modern")]
    public void So_they_do_with_the_squared_log_partition_function_in_the_gradient(string option) =>
        AssertAgrees(ModelOptions.All[option].WithHeadSize(32), 6, zLoss: 0.3);

    /// <summary>Where the embeddings are mixed in again their gradients' sum has another order.</summary>
    [Theory]
    [MemberData(nameof(Options))]
    public void Computing_activations_twice_changes_no_gradient(string option)
    {
        ModelConfig config = ModelOptions.All[option].WithHeadSize(32);
        long[][] inputs = TinyGpt.RandomRows(2, 8, config.VocabularySize, 5), targets = TinyGpt.RandomRows(2, 8, config.VocabularySize, 6);
        (float Loss, Dictionary<string, float[]> Gradients) kept = Compute(false), again = Compute(true);
        Assert.Equal(kept.Loss, again.Loss);
        Assert.Equal(kept.Gradients.Keys, again.Gradients.Keys);
        foreach ((string name, float[] gradient) in kept.Gradients)
        {
            if (config.EmbeddingShortcuts) AssertClose(name, Array.ConvertAll(gradient, g => (double)g), again.Gradients[name], 2e-6);
            else Assert.Equal(gradient, again.Gradients[name]);
        }

        (float Loss, Dictionary<string, float[]> Gradients) Compute(bool checkpointed)
        {
            using var scope = NewDisposeScope();
            using Gpt model = TinyGpt.WithWideWeights(config);
            float loss = model.AccumulateGradients(TinyGpt.Ids(inputs), TinyGpt.Ids(targets), checkpointActivations: checkpointed).item<float>();
            return (loss, TinyGpt.Gradients(model));
        }
    }

    private static void AssertAgrees(ModelConfig config, int length, double zLoss)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(config);
        ReferenceGpt reference = ReferenceGpt.Of(model);
        long[][] inputs = TinyGpt.RandomRows(3, length, config.VocabularySize, 5), targets = TinyGpt.RandomRows(3, length, config.VocabularySize, 6);

        AssertClose("logits", [.. inputs.SelectMany(reference.Logits)], TinyGpt.Values(model.forward(TinyGpt.Ids(inputs))));
        AssertClose("next token's logits", [.. inputs.SelectMany(row => reference.Logits(row)[^config.VocabularySize..])],
            TinyGpt.Values(model.NextTokenLogits(TinyGpt.Ids(inputs))));

        Tensor loss = model.AccumulateGradients(TinyGpt.Ids(inputs), TinyGpt.Ids(targets), zLoss: zLoss);
        Assert.Equal(reference.LossWithGradients(inputs, targets, zLoss), loss.item<float>(), 1e-5);
        Assert.Equal(loss.item<float>(), model.Loss(TinyGpt.Ids(inputs), TinyGpt.Ids(targets)).item<float>());
        Dictionary<string, float[]> gradients = TinyGpt.Gradients(model);
        Assert.Equal(reference.Parameters.Gradients.Keys.Order(), gradients.Keys.Order());
        foreach ((string name, float[] gradient) in gradients) AssertClose($"{name}, {config}", reference.Parameters.Gradients[name], gradient);
    }

    private static void AssertClose(string what, double[] expected, float[] actual, double tolerance = Tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(largest > 0, $"{what}: nothing to compare");
        // A single number's gradient is a sum over all channels of all tokens, most of which cancels.
        double scale = expected.Length == 1 ? Math.Max(0.1, largest) : largest;
        Assert.True(worst <= tolerance * scale, $"{what}: off by {worst:g3} at a scale of {scale:g3}");
    }
}
