namespace TorchLm.Tokenizers;

/// <summary>The one thing that every tokenizer asks of a text: that it is Unicode, without half characters.</summary>
internal static class ValidText
{
    /// <summary>Refuses a text that holds half of a surrogate pair, which no UTF-8 bytes could stand for.</summary>
    /// <exception cref="TokenizerException">There is a lone surrogate; the sentence says where.</exception>
    public static void Require(ReadOnlySpan<char> text)
    {
        int offset = FindLoneSurrogate(text);
        if (offset >= 0) throw LoneSurrogate(text[offset], offset);
    }

    /// <summary>The sentence for a lone surrogate at <paramref name="offset"/> (in UTF-16 units).</summary>
    public static TokenizerException LoneSurrogate(char surrogate, long offset) =>
        new($"The text is not valid Unicode: half of a character (the lone surrogate U+{(int)surrogate:X4}) stands " +
            $"at offset {offset}; remove it, or read the text again with the encoding that it was written in.");

    /// <summary>Where the first lone surrogate stands, or -1.</summary>
    public static int FindLoneSurrogate(ReadOnlySpan<char> text)
    {
        int position = 0;
        while (true)
        {
            int next = text[position..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (next < 0) return -1;
            position += next;
            bool isPair = position + 1 < text.Length && char.IsSurrogatePair(text[position], text[position + 1]);
            if (!isPair) return position;
            position += 2;
        }
    }
}
