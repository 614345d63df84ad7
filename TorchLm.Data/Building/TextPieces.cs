namespace TorchLm.Data.Building;

/// <summary>
/// Counting and parting text. Characters are Unicode scalar values, as in Python's strings, not UTF-16
/// units: so a text is parted where nanoGPT parts it, and never within a surrogate pair.
/// </summary>
internal static class TextPieces
{
    /// <summary>Number of characters.</summary>
    public static long CountCharacters(ReadOnlySpan<char> text)
    {
        long lowSurrogates = 0;
        foreach (char unit in text)
        {
            if (char.IsLowSurrogate(unit)) lowSurrogates++;
        }
        return text.Length - lowSurrogates;
    }

    /// <summary>
    /// Where character number `count` begins in the piece (its end if it is not there); counts down the characters before it.
    /// </summary>
    public static int IndexOf(string piece, ref long count)
    {
        int index = 0;
        for (; index < piece.Length && count > 0; count--)
        {
            bool pair = char.IsHighSurrogate(piece[index]) && index + 1 < piece.Length && char.IsLowSurrogate(piece[index + 1]);
            index += pair ? 2 : 1;
        }
        return index;
    }
}
