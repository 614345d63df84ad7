using TorchLm.Data.Deduplication;

namespace TorchLm.Tests.Deduplication;

public class MinHashTests
{
    private static readonly NearDuplicateOptions _options = new();

    [Theory]
    [InlineData(1, 14, 8)]
    [InlineData(5, 14, 8)]
    [InlineData(3, 9, 13)]
    public void The_estimate_agrees_with_the_exact_similarity(int shingle, int bands, int rows)
    {
        NearDuplicateOptions options = new(shingle, bands, rows);
        MinHash minHash = new(options);
        RandomTexts texts = new(shingle);
        double sum = 0, sumOfSquares = 0;
        int pairs = 0;
        for (double similarity = 0.1; similarity < 0.96; similarity += 0.05)
        {
            for (int trial = 0; trial < 60; trial++)
            {
                // A shingle is in both with probability 2 s / (1 + s) if each of its words is kept with that one's root.
                double kept = Math.Pow(2 * similarity / (1 + similarity), 1.0 / shingle);
                string[] a = texts.Words(300), b = texts.Change(a, 1 - kept);
                double exact = RandomTexts.Jaccard(a, b, shingle);
                byte[] first = RandomTexts.Sign(minHash, string.Join(' ', a)), second = RandomTexts.Sign(minHash, string.Join(' ', b));
                if (exact is < 0.02 or > 0.97) continue; // so few differ, or agree, that the error is far from normal
                double match = exact + (1 - exact) / 256;
                double standardError = Math.Sqrt(match * (1 - match) / (bands * rows)) * 256 / 255;
                double z = (MinHash.Similarity(first, second, options) - exact) / standardError;
                Assert.InRange(z, -4, 4);
                sum += z;
                sumOfSquares += z * z;
                pairs++;
            }
        }
        Assert.True(pairs > 800);
        // All pairs together: no bias beyond 4 standard errors of the mean, and neither more nor less scatter than independent minima have.
        Assert.InRange(sum / pairs, -4 / Math.Sqrt(pairs), 4 / Math.Sqrt(pairs));
        Assert.InRange(sumOfSquares / pairs, 1 - 4 * Math.Sqrt(2.0 / pairs), 1 + 4 * Math.Sqrt(2.0 / pairs));
    }

    [Theory]
    [InlineData("one two three four five", "One, TWO -- three\n(four) five!")]
    [InlineData("straße no 12 a b", "STRAßE No 12 A B")]
    public void Case_punctuation_and_spacing_make_no_difference(string a, string b) =>
        Assert.Equal(RandomTexts.Sign(new MinHash(_options), a), RandomTexts.Sign(new MinHash(_options), b));

    [Theory]
    [InlineData("one two three four five", "one two three five four")]
    [InlineData("one two three four five", "onetwo three four five six")]
    [InlineData("one two three four 5", "one two three four 6")]
    public void Words_and_their_order_do(string a, string b)
    {
        MinHash minHash = new(_options);
        Assert.InRange(MinHash.Similarity(RandomTexts.Sign(minHash, a), RandomTexts.Sign(minHash, b), _options), -0.01, 0.1);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ,.; ")]
    [InlineData("one two three four")]
    [InlineData("漢字漢字")]
    [InlineData("กขคง")]
    [InlineData("\uD840\uDC00\uD840\uDC01\uD840\uDC02\uD840\uDC03")]
    [InlineData("दिल्ली दिल्ली दिल्ली दिल्ली")]
    [InlineData("\uD840 \uDC00 \uDC00\uD840 a")]
    public void Texts_shorter_than_a_shingle_have_no_signature(string text) => Assert.Null(new MinHash(_options).Sign(text));

    [Theory]
    [InlineData("one two three four five")]
    [InlineData("漢字漢字漢")]
    [InlineData("漢 字 漢 字 漢")]
    [InlineData("ひらカタナ")]
    [InlineData("กขคงจ")]
    [InlineData("ກຂຄງຈ")]
    [InlineData("កខគឃង")]
    [InlineData("ကခဂဃင")]
    [InlineData("a漢b字c")]
    [InlineData("\uD840\uDC00\uD840\uDC01\uD840\uDC02\uD840\uDC03\uD840\uDC04")]
    public void Scripts_without_spaces_have_a_word_a_character(string text) => Assert.NotNull(new MinHash(_options).Sign(text));

    [Fact]
    public void Many_threads_sign_as_one_does()
    {
        MinHash minHash = new(_options);
        RandomTexts random = new(3);
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => string.Join(' ', random.Words(5 + i)))];
        byte[][] alone = [.. texts.Select(text => RandomTexts.Sign(new MinHash(_options), text))];
        Parallel.For(0, 4000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            Assert.Equal(alone[i % 400], RandomTexts.Sign(minHash, texts[i % 400])));
    }

    // Computed by a program of a few lines in another language, one permutation at a time: no vector width may change a signature.
    [Fact]
    public void Signatures_are_the_same_on_every_machine() =>
        Assert.Equal("D9AA169FD34D2897FA3634589426CC570AC79FAE3BEF50CF", Convert.ToHexString(
            RandomTexts.Sign(new MinHash(new NearDuplicateOptions(ShingleSize: 3, Bands: 3, Rows: 4)),
                "It was the best of times; it was the worst of times.")));

    [Fact]
    public void Signatures_of_other_options_are_refused()
    {
        byte[] signature = RandomTexts.Sign(new MinHash(_options), "one two three four five");
        Assert.Throws<ArgumentException>(() => MinHash.Similarity(signature, signature, _options with { Rows = 7 }));
    }
}
