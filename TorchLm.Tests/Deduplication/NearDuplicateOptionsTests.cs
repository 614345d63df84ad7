using TorchLm.Core;
using TorchLm.Data.Deduplication;

namespace TorchLm.Tests.Deduplication;

public class NearDuplicateOptionsTests
{
    [Theory]
    [InlineData(0, 14, 8, 0.8, "A shingle of 0 words is not possible: its size must be from 1 to 50.")]
    [InlineData(51, 14, 8, 0.8, "A shingle of 51 words is not possible: its size must be from 1 to 50.")]
    [InlineData(5, 0, 8, 0.8, "0 bands are not possible: there must be at least 1.")]
    [InlineData(5, 14, 0, 0.8, "0 rows are not possible: a band must have from 1 to 256.")]
    [InlineData(5, 1, 257, 0.8, "257 rows are not possible: a band must have from 1 to 256.")]
    [InlineData(5, 129, 8, 0.8, "129 bands of 8 rows are not possible: bands times rows must be at most 1024.")]
    [InlineData(5, int.MaxValue, 2, 0.8, "2147483647 bands of 2 rows are not possible: bands times rows must be at most 1024.")]
    [InlineData(5, 14, 8, 0.0, "A threshold of 0 is not possible: it must be above 0 and at most 1.")]
    [InlineData(5, 14, 8, 1.1, "A threshold of 1.1 is not possible: it must be above 0 and at most 1.")]
    [InlineData(5, 14, 8, double.NaN, "A threshold of NaN is not possible: it must be above 0 and at most 1.")]
    public void Values_that_break_a_rule_are_refused_with_a_sentence(int shingle, int bands, int rows, double threshold, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<InputException>(() => new NearDuplicateOptions(shingle, bands, rows, threshold)).Message);

    [Fact]
    public void With_is_checked_too()
    {
        NearDuplicateOptions options = new();
        Assert.Throws<InputException>(() => options with { ShingleSize = 0 });
        Assert.Throws<InputException>(() => options with { Bands = 0 });
        Assert.Throws<InputException>(() => options with { Rows = 257 });
        Assert.Throws<InputException>(() => options with { Threshold = 0 });
        NearDuplicateOptions tooMany = options with { Bands = 200 };
        Assert.Throws<InputException>(() => new MinHash(tooMany));
        Assert.Throws<InputException>(() => new NearDuplicates(tooMany));
        Assert.Equal(1024, (options with { Bands = 256, Rows = 4 }).Bands * 4); // though 256 bands of the old 8 rows were too many
    }

    [Fact]
    public void The_limits_themselves_are_allowed()
    {
        foreach (NearDuplicateOptions options in new NearDuplicateOptions[] { new(1, 1, 1, 1), new(50, 4, 256, 0.001), new(1, 1024, 1, 1) })
        {
            string text = string.Join(' ', new RandomTexts(1).Words(60));
            byte[] signature = RandomTexts.Sign(new MinHash(options), text);
            NearDuplicates near = new(options);
            Assert.True(near.Add(signature, out _));
            Assert.False(near.Add(signature, out _));
        }
    }
}
