using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using TorchLm.Data.Deduplication;

namespace TorchLm.Tests.Deduplication;

public class NormalizedTextTests
{
    [Theory]
    [InlineData("a b", "  a \t\r\n b\n")]
    [InlineData("a b", "a\u00A0\u3000b\u2028")]
    [InlineData("", " \n ")]
    public void Runs_of_white_space_do_not_count(string a, string b) => Assert.Equal(NormalizedText.Hash(a), NormalizedText.Hash(b));

    [Theory]
    [InlineData("a b", "A b")]
    [InlineData("a b", "a, b")]
    [InlineData("a b", "ab")]
    [InlineData("a b", "b a")]
    [InlineData("a b", "a c")]
    [InlineData("a", "")]
    public void Case_punctuation_and_words_count(string a, string b) => Assert.NotEqual(NormalizedText.Hash(a), NormalizedText.Hash(b));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1022)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(50_000)]
    public void It_is_XxHash128_of_the_normalised_UTF_16(int length)
    {
        Random random = new(length);
        for (int trial = 0; trial < 20; trial++)
        {
            string text = string.Concat(Enumerable.Range(0, length).Select(_ => "ab.Z \n\té漢"[random.Next(9)]));
            string normalised = Regex.Replace(text, @"\s+", " ").Trim();
            Assert.Equal(XxHash128.HashToUInt128(Encoding.Unicode.GetBytes(normalised)), NormalizedText.Hash(text));
        }
    }

    [Fact]
    public void Long_texts_take_no_large_memory()
    {
        string text = string.Concat(Enumerable.Repeat("word  ", 500_000));
        NormalizedText.Hash(text);
        long before = GC.GetAllocatedBytesForCurrentThread();
        NormalizedText.Hash(text);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }
}
