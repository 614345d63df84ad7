using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class AccumulateGradientsTests
{
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 64)]
    public void Training_follows_the_losses_of_plain_backpropagation(bool checkpointed, int vocabularyMultiple)
    {
        ModelConfig config = TinyGpt.Config with { VocabularyMultiple = vocabularyMultiple, Bias = true };
        double[] plain = Losses((model, batch) =>
        {
            Tensor loss = nn.functional.cross_entropy(model.forward(batch.Inputs).view(-1, 11), batch.Targets.view(-1));
            loss.backward();
            return loss;
        });
        double[] segmented = Losses((model, batch) =>
            model.AccumulateGradients(batch.Inputs, batch.Targets, checkpointActivations: checkpointed));
        for (int step = 0; step < plain.Length; step++) Assert.Equal(plain[step], segmented[step], 2e-5);
        Assert.True(plain[^1] < plain[0] - 0.1, "nothing was learnt");

        double[] Losses(Func<Gpt, Batch, Tensor> accumulate)
        {
            using var model = new Gpt(config, seed: 3);
            model.train();
            using var optimizer = new Optimizer(model, new OptimizerConfig());
            return [.. Enumerable.Range(0, 20).Select(step =>
            {
                using var scope = NewDisposeScope();
                using Batch batch = RandomBatches.Make(step, 4, 8, 11);
                double loss = accumulate(model, batch).item<float>();
                optimizer.Step(3e-3);
                return loss;
            })];
        }
    }

    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void Gradients_are_scaled_and_add_up_and_the_loss_is_not_scaled(string option)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(ModelOptions.All[option]);
        using Batch batch = RandomBatches.Make(1, 2, 8, 11);
        Tensor loss = model.AccumulateGradients(batch.Inputs, batch.Targets);
        Assert.False(loss.requires_grad);
        Dictionary<string, float[]> once = TinyGpt.Gradients(model);
        Assert.Equal(loss.item<float>(), model.AccumulateGradients(batch.Inputs, batch.Targets, tensor(0.5f)).item<float>());
        foreach ((string name, float[] gradient) in TinyGpt.Gradients(model))
        {
            float scale = once[name].Max(Math.Abs);
            for (int i = 0; i < gradient.Length; i++) Assert.Equal(1.5f * once[name][i], gradient[i], 2e-6f * scale);
        }
    }

    [Fact]
    public void Without_a_seed_dropout_cannot_be_repeated()
    {
        using var model = new Gpt(TinyGpt.Config with { Dropout = 0.1 });
        model.train();
        using Batch batch = RandomBatches.Make(1, 2, 8, 11);
        Assert.Throws<ArgumentNullException>(() => model.AccumulateGradients(batch.Inputs, batch.Targets, checkpointActivations: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_tensor_is_left_behind(bool checkpointed)
    {
        foreach ((string option, ModelConfig config) in ModelOptions.All)
        {
            using var model = new Gpt(config);
            using Batch batch = RandomBatches.Make(1, 2, 8, 11);
            long live = 0;
            for (int call = 0; call < 3; call++)
            {
                model.AccumulateGradients(batch.Inputs, batch.Targets, null, null, checkpointed, zLoss: 0.1).Dispose();
                if (call == 0) live = LiveTensors.OfThisThread;
            }
            Assert.True(live == LiveTensors.OfThisThread, option);
        }
    }
}
