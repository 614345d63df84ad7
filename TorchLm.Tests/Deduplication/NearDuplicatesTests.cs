using TorchLm.Data.Deduplication;

namespace TorchLm.Tests.Deduplication;

public class NearDuplicatesTests
{
    private static readonly NearDuplicateOptions _options = new();

    [Theory]
    [InlineData(14, 8, 50)]
    [InlineData(14, 8, 70)]
    [InlineData(14, 8, 80)]
    [InlineData(14, 8, 90)]
    [InlineData(20, 3, 20)]
    [InlineData(20, 3, 40)]
    [InlineData(3, 1, 30)]
    public void Candidates_follow_the_curve(int bands, int rows, int shared)
    {
        const int Pairs = 3000;
        NearDuplicateOptions options = new(ShingleSize: 1, bands, rows, Threshold: 1e-9);
        MinHash minHash = new(options);
        RandomTexts texts = new(shared);
        int found = 0;
        for (int i = 0; i < Pairs; i++)
        {
            (string a, string b) = texts.Pair(shared, union: 100);
            NearDuplicates near = new(options);
            Assert.True(near.Add(RandomTexts.Sign(minHash, a), out _));
            if (!near.Add(RandomTexts.Sign(minHash, b), out _)) found++;
        }
        double expected = 1 - Math.Pow(1 - Math.Pow(shared / 100.0, rows), bands);
        double error = Math.Sqrt(expected * (1 - expected) / Pairs);
        Assert.InRange((double)found / Pairs, expected - 4 * error - 1e-3, expected + 4 * error + 1e-3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Planted_near_duplicates_are_found_and_the_first_wins(bool swapped)
    {
        const int Documents = 500;
        MinHash minHash = new(_options);
        RandomTexts texts = new(7);
        NearDuplicates near = new(_options);
        List<string> second = [];
        for (int i = 0; i < Documents; i++)
        {
            string[] words = texts.Words(200), changed = [.. words];
            changed[0] = texts.Word(); // one shingle of 196
            changed[100] = texts.Word(); // five more: a similarity of 190 / 202 = 0.94
            (string[] kept, string[] later) = swapped ? (changed, words) : (words, changed);
            Assert.True(near.Add(RandomTexts.Sign(minHash, string.Join(' ', kept)), out long none));
            Assert.Equal(-1, none);
            second.Add(string.Join(' ', later));
        }
        for (int i = Documents - 1; i >= 0; i--)
        {
            Assert.False(near.Add(RandomTexts.Sign(minHash, second[i]), out long earlier));
            Assert.Equal(i, earlier);
        }
        Assert.Equal(Documents, near.Count);
    }

    [Fact]
    public void Documents_that_share_half_are_kept()
    {
        MinHash minHash = new(_options);
        RandomTexts texts = new(8);
        NearDuplicates near = new(_options);
        for (int i = 0; i < 500; i++)
        {
            string[] shared = texts.Words(100);
            Assert.True(near.Add(RandomTexts.Sign(minHash, string.Join(' ', shared.Concat(texts.Words(100)))), out _));
            Assert.True(near.Add(RandomTexts.Sign(minHash, string.Join(' ', shared.Concat(texts.Words(100)))), out _));
        }
        Assert.Equal(1000, near.Count);
    }

    [Fact]
    public void Refused_documents_do_not_count_and_the_earliest_is_named()
    {
        NearDuplicateOptions options = new(ShingleSize: 1, Bands: 64, Rows: 1, Threshold: 0.2);
        MinHash minHash = new(options);
        RandomTexts texts = new(9);
        string[] a = texts.Words(100), b = texts.Words(100);
        NearDuplicates near = new(options);
        byte[] first = RandomTexts.Sign(minHash, string.Join(' ', a)), second = RandomTexts.Sign(minHash, string.Join(' ', b));
        Assert.True(near.Add(first, out _));
        Assert.False(near.Add(first, out _));
        Assert.True(near.Add(second, out _));
        Assert.False(near.Add(second, out long earlier));
        Assert.Equal(1, earlier);
        // Four tenths of the one, six tenths of the other: both are similar enough, and the earlier one is named.
        Assert.False(near.Add(RandomTexts.Sign(minHash, string.Join(' ', b[..60].Concat(a[..40]))), out earlier));
        Assert.Equal(0, earlier);
        Assert.Equal(2, near.Count);
    }

    [Fact]
    public void Equal_texts_are_always_found_at_the_highest_threshold()
    {
        NearDuplicateOptions options = _options with { Threshold = 1 };
        MinHash minHash = new(options);
        RandomTexts texts = new(10);
        NearDuplicates near = new(options);
        byte[][] signatures = [.. Enumerable.Range(0, 3000).Select(i => RandomTexts.Sign(minHash, string.Join(' ', texts.Words(5 + i % 50))))];
        foreach (byte[] signature in signatures) Assert.True(near.Add(signature, out _));
        for (int i = 0; i < signatures.Length; i++)
        {
            Assert.False(near.Add(signatures[i], out long earlier));
            Assert.Equal(i, earlier);
        }
    }

    [Fact]
    public void A_hundred_thousand_documents_take_at_most_300_bytes_each()
    {
        NearDuplicates near = new(_options);
        Random random = new(11);
        byte[] signature = new byte[14 * 4 + 112];
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(signature);
            Assert.True(near.Add(signature, out _));
        }
        Assert.InRange((double)near.MemoryBytes / near.Count, 112 + 14 * 8, 300);
    }

    [Fact]
    public void Signatures_of_other_options_are_refused() =>
        Assert.Throws<ArgumentException>(() => new NearDuplicates(_options).Add(new byte[100], out _));
}
