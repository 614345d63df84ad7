namespace TorchLm.Tokenizers;

/// <summary>
/// Where a text may be cut so that encoding both parts gives the ids of the whole, for every tokenizer of TorchLm. Large files
/// are encoded in pieces this way.
/// </summary>
/// <remarks>
/// A cut is safe at the end of a word of the pre-tokenization, provided that the word would not be another one if the text ended
/// there. For the patterns of GPT-2, cl100k, o200k and nanochat that holds in two places. First, between a letter or digit and white space:
/// no word holds the one followed by the other. Second, after a line feed that stands between two characters that are not white
/// space, the second not being a slash: the line feed is a word, or the end of one. (After white space that precedes the line
/// feed it does not hold: GPT-2's pattern keeps the last white space before a word apart, but not at the end of a text. A slash
/// may continue o200k's run of punctuation across the line feed.)
/// </remarks>
public static class SafeCut
{
    /// <summary>
    /// The last place in <paramref name="text"/> that is safe whatever follows the text: cut before the character with the
    /// returned index. 0 if there is none.
    /// </summary>
    public static int FindLast(ReadOnlySpan<char> text)
    {
        int index = text.Length - 1;
        while (index > 0 && !IsSafe(text, index)) index--;
        return Math.Max(index, 0);
    }

    /// <summary>
    /// Whether <paramref name="text"/> may be cut before the character at <paramref name="index"/>; false at both ends of the
    /// text, beyond which nothing is known.
    /// </summary>
    public static bool IsSafe(ReadOnlySpan<char> text, int index)
    {
        if (index <= 0 || index >= text.Length) return false;
        char before = text[index - 1], after = text[index];
        return char.IsWhiteSpace(after)
            ? char.IsLetterOrDigit(before)
            : before == '\n' && after != '/' && index > 1 && !char.IsWhiteSpace(text[index - 2]);
    }
}
