using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Lessons;
using static TorchSharp.torch;

namespace TorchLm.Tests.Lessons;

public class GptByHandTests
{
    /// <summary>Every part at work: weights far from their small beginnings, so that attention is sharp and GELU bends.</summary>
    [Fact]
    public void A_model_computed_in_plain_loops_says_the_same()
    {
        using var scope = NewDisposeScope();
        var config = new ModelConfig { LayerCount = 3, HeadCount = 4, EmbeddingSize = 32, ContextLength = 12, VocabularySize = 50 };
        using var model = new Gpt(config, 4);
        using (no_grad())
        {
            int i = 0;
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            {
                using var generator = new Generator((ulong)i++);
                Tensor values = randn(parameter.shape, generator: generator).Times(0.3);
                parameter.copy_(name.Contains("Norm", StringComparison.Ordinal) ? values.Plus(ones_like(values)) : values);
            }
        }
        int[] ids = [3, 49, 0, 17, 17, 8, 22, 5, 41, 3];
        double[][] byHand = new GptByHand(model).Logits(ids);
        float[] real;
        using (no_grad()) real = model.forward(tensor([.. ids.Select(t => (long)t)], [1, ids.Length])).contiguous().data<float>().ToArray();
        Assert.True(real.Max() > 3);
        Assert.All(byHand.SelectMany(r => r).Zip(real), v => Assert.Equal(v.First, v.Second, 1e-4));
    }
}
