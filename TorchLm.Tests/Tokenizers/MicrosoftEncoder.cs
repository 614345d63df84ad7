using System.Text;
using Microsoft.ML.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

/// <summary>Microsoft.ML.Tokenizers' encoders with a vocabulary of the library's: what its own encoder is compared with.</summary>
internal static class MicrosoftEncoder
{
    /// <summary>By merges (BpeTokenizer), or by ranks for the encodings of tiktoken (TiktokenTokenizer).</summary>
    public static Tokenizer Of(ByteLevelTokenizer tokenizer) => tokenizer is TiktokenEncoding ? ByRanks(tokenizer) : ByMerges(tokenizer);

    // Special tokens are kept from both, so that no text can spell one.
    private static IEnumerable<int> Ordinary(ByteLevelTokenizer tokenizer) =>
        Enumerable.Range(0, tokenizer.VocabularySize).Where(id => !tokenizer.Tokens.IsSpecial(id) && !tokenizer.Tokens.IsGap(id));

    private static BpeTokenizer ByMerges(ByteLevelTokenizer tokenizer) =>
        BpeTokenizer.Create(new BpeOptions(Ordinary(tokenizer).Select(id => KeyValuePair.Create(tokenizer.GetSpelling(id), id)))
        {
            ByteLevel = true,
            Merges = tokenizer.Merges.Select(merge => tokenizer.GetSpelling(merge.Left) + " " + tokenizer.GetSpelling(merge.Right)),
            PreTokenizer = RegexSplit.ForMicrosoft(tokenizer.PreTokenization.Name),
        });

    private static TiktokenTokenizer ByRanks(ByteLevelTokenizer tokenizer)
    {
        string lines = string.Concat(Ordinary(tokenizer).Select(id => $"{Convert.ToBase64String(tokenizer.GetBytes(id))} {id}\n"));
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(lines));
        return TiktokenTokenizer.Create(stream, RegexSplit.ForMicrosoft(tokenizer.PreTokenization.Name), normalizer: null);
    }
}
