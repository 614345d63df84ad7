using TorchLm.Core.Configuration;
using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Training;

public class GradientBucketsTests
{
    public static TheoryData<string> Architectures => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Buckets_that_are_planned_are_those_of_a_real_model(string name)
    {
        ModelConfig shape = ModelOptions.All[name];
        using var model = new Gpt(shape);
        long[] blocks = [.. model.named_parameters().GroupBy(p => model.BlockOf(p.name)).OrderByDescending(g => g.Key)
            .Select(g => 4 * g.Sum(p => p.parameter.numel()))];
        Assert.Equal(blocks, GradientBuckets.BytesOf(shape, 1));
        foreach (long least in new[] { blocks[0] / 2, blocks[0] + (blocks[1] / 2), 2 * blocks.Sum() })
        {
            using var exchange = new GradientExchange(model, new AloneCollective(), bucketBytes: least);
            IReadOnlyList<long> buckets = GradientBuckets.BytesOf(shape, least);
            Assert.Equal(exchange.BucketCount, buckets.Count);
            Assert.Equal(blocks.Sum(), buckets.Sum());
        }
    }

    [Fact]
    public void GPT_2_has_a_bucket_for_each_block_and_a_large_one_at_the_end()
    {
        var gpt2 = new ModelConfig { LayerCount = 12, HeadCount = 12, EmbeddingSize = 768, ContextLength = 1024, VocabularySize = 50304, Bias = true };
        const long Block = 7_087_872, Embeddings = (50304 + 1024) * 768, FinalNorm = 2 * 768; // 12 · 768² + 13 · 768
        Assert.Equal([4 * (Block + FinalNorm), .. Enumerable.Repeat(4 * Block, 11), 4 * Embeddings], GradientBuckets.BytesOf(gpt2));
    }
}
