using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>
/// Counting and parting text that comes in pieces. Characters are Unicode scalar values, as in Python's strings, not UTF-16
/// units: so a text is parted where nanoGPT parts it, and never within a surrogate pair.
/// </summary>
public static class TextPieces
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

    /// <summary>The first <paramref name="count"/> characters.</summary>
    public static IEnumerable<string> Take(IEnumerable<string> pieces, long count)
    {
        foreach (string piece in pieces)
        {
            int end = IndexOf(piece, ref count);
            if (end > 0) yield return piece[..end];
            if (end < piece.Length) yield break;
        }
    }

    /// <summary>All but the first <paramref name="count"/> characters.</summary>
    public static IEnumerable<string> Skip(IEnumerable<string> pieces, long count)
    {
        foreach (string piece in pieces)
        {
            int start = IndexOf(piece, ref count);
            if (start < piece.Length) yield return piece[start..];
        }
    }

    /// <summary>
    /// The same text in pieces that can be encoded one by one to the ids of the whole: what follows the last safe place of a
    /// piece is kept for the next one. A text in one piece stays whole.
    /// </summary>
    public static IEnumerable<string> CutSafely(IEnumerable<string> pieces)
    {
        string pending = "";
        foreach (string piece in pieces)
        {
            int cut = SafeCut.FindLast(pending);
            if (cut > 0) yield return pending[..cut];
            pending = cut < pending.Length ? string.Concat(pending.AsSpan(cut), piece) : piece;
        }
        if (pending.Length > 0) yield return pending;
    }

    // Where character number `count` begins in the piece (its end if it is not there); counts down the characters before it.
    private static int IndexOf(string piece, ref long count)
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
