using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class ModelLifetimeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_model_outlives_the_dispose_scope_that_it_is_made_in(bool bias)
    {
        Gpt model;
        using (NewDisposeScope()) model = new Gpt(TinyGpt.Config with { Bias = bias });
        using (model)
        {
            using Tensor ids = zeros(1, 3, ScalarType.Int64), logits = model.forward(ids);
            Assert.Equal([1, 3, 11L], logits.shape);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Disposing_a_model_frees_all_of_its_tensors(bool bias)
    {
        long before = LiveTensors.OfThisThread;
        using (var model = new Gpt(TinyGpt.Config with { Bias = bias }))
        using (Tensor ids = zeros(1, 3, ScalarType.Int64))
        {
            Assert.True(LiveTensors.OfThisThread > before + 10);
            model.forward(ids).Dispose();
        }
        Assert.Equal(before, LiveTensors.OfThisThread);
    }
}
