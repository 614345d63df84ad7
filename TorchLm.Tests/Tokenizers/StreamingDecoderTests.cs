using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class StreamingDecoderTests
{
    public static IEnumerable<object[]> AllNames => TokenizerSamples.AllNames;

    [Theory]
    [MemberData(nameof(AllNames))]
    public void All_pieces_together_are_the_decoded_text(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        var random = new Random(19);
        int[] ids = [.. Enumerable.Range(0, tokenizer.VocabularySize)
            .Where(id => tokenizer is not ByteLevelTokenizer bytes || !bytes.Tokens.IsGap(id))];
        var decoder = new StreamingDecoder(tokenizer); // one for all: after Flush it begins anew
        for (int run = 0; run < 2000; run++)
        {
            int highest = random.Next(2) == 0 ? 256 : ids.Length; // often bytes alone, which break characters
            int[] sequence = [.. Enumerable.Range(0, random.Next(20)).Select(_ => ids[random.Next(highest)])];
            string streamed = string.Concat(sequence.Select(decoder.Add)) + decoder.Flush();
            Assert.Equal(tokenizer.Decode(sequence), streamed);
        }
    }

    [Fact]
    public void A_character_appears_with_its_last_byte()
    {
        var tokenizer = BpeTrainer.Train([], new BpeTrainerOptions(257)).Tokenizer; // bytes alone
        var decoder = new StreamingDecoder(tokenizer);
        Assert.Equal(["a", "", "é", "", "", "", "🙂", "!"], tokenizer.Encode("aé🙂!").Select(decoder.Add));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void A_text_that_ends_within_a_character_ends_with_a_replacement()
    {
        var tokenizer = BpeTrainer.Train([], new BpeTrainerOptions(257)).Tokenizer;
        var decoder = new StreamingDecoder(tokenizer);
        Assert.Equal("", string.Concat(tokenizer.Encode("🙂")[..3].Select(decoder.Add)));
        Assert.Equal("\uFFFD", decoder.Flush());
    }
}
