using System.Runtime.CompilerServices;

namespace TorchLm.Tokenizers;

/// <summary>
/// The patterns of <see cref="PreTokenization"/> by hand: where the word that begins at a place ends. Every alternative of a
/// pattern begins with a character that tells it from most others, so that one look at a table decides and nothing is tried twice.
/// </summary>
internal static class WordScanner
{
    private const CharacterClass Any = CharacterClass.Letter | CharacterClass.Number | CharacterClass.Other;

    /// <summary>GPT-2's pattern.</summary>
    public static int Gpt2End(ReadOnlySpan<char> text, int start)
    {
        char first = text[start];
        if (first == '\'')
        {
            int contraction = ContractionEnd(text, start, anyCase: false);
            if (contraction > 0) return contraction;
        }
        CharacterClass kind = CharacterClasses.At(text, start, out int length) & (Any | CharacterClass.White);
        int next = start + length;
        if (kind != CharacterClass.White) return CharacterClasses.RunEnd(text, next, kind);
        if (first == ' ' && next < text.Length)
        {
            CharacterClass after = CharacterClasses.At(text, next, out length) & Any;
            if (after != 0) return CharacterClasses.RunEnd(text, next + length, after);
        }
        return WhiteEnd(text, start, CharacterClasses.RunEnd(text, next, CharacterClass.White));
    }

    /// <summary>cl100k's pattern, with numbers in groups of <paramref name="digits"/>.</summary>
    public static int Cl100kEnd(ReadOnlySpan<char> text, int start, int digits)
    {
        char first = text[start];
        if (first == '\'')
        {
            int contraction = ContractionEnd(text, start, anyCase: true);
            if (contraction > 0) return contraction;
        }
        CharacterClass kind = CharacterClasses.At(text, start, out int length);
        int next = start + length;
        if ((kind & CharacterClass.Letter) != 0) return CharacterClasses.RunEnd(text, next, CharacterClass.Letter);
        if ((kind & CharacterClass.Number) != 0) return NumberEnd(text, next, digits - 1);
        if ((kind & CharacterClass.LineBreak) == 0 && next < text.Length &&
            (CharacterClasses.At(text, next, out length) & CharacterClass.Letter) != 0)
            return CharacterClasses.RunEnd(text, next + length, CharacterClass.Letter);
        return PunctuationOrWhiteEnd(text, start, next, kind, andSlashes: false);
    }

    /// <summary>o200k's pattern.</summary>
    public static int O200kEnd(ReadOnlySpan<char> text, int start)
    {
        CharacterClass kind = CharacterClasses.At(text, start, out int length);
        int next = start + length;

        // One character may stand before the letters. It may be a mark, which may also be the first of the letters: then the
        // pattern's alternatives are tried in their order.
        bool mayLead = (kind & (CharacterClass.Letter | CharacterClass.Number | CharacterClass.LineBreak)) == 0;
        bool mayBegin = (kind & (CharacterClass.Upper | CharacterClass.Lower)) != 0;
        int end = mayLead ? CapitalizedEnd(text, next) : -1;
        if (end < 0 && mayBegin) end = CapitalizedEnd(text, start);
        if (end < 0 && mayLead)
        {
            int capitals = CharacterClasses.RunEnd(text, next, CharacterClass.Upper);
            if (capitals > next) end = capitals;
        }
        if (end < 0 && mayBegin) end = CharacterClasses.RunEnd(text, start, CharacterClass.Upper);
        if (end > 0) return end < text.Length && text[end] == '\'' ? Math.Max(end, ContractionEnd(text, end, anyCase: true)) : end;

        return (kind & CharacterClass.Number) != 0 ? NumberEnd(text, next, 2)
            : PunctuationOrWhiteEnd(text, start, next, kind, andSlashes: true);
    }

    // Any number of capital letters, then at least one small one; letters without case and marks are both. -1 if there is none.
    private static int CapitalizedEnd(ReadOnlySpan<char> text, int start)
    {
        int end = CharacterClasses.RunEnd(text, start, CharacterClass.Upper);
        int small = CharacterClasses.RunEnd(text, end, CharacterClass.Lower);
        if (small > end) return small;

        // The last of the "capitals" that is a small letter as well has to end the word.
        while (end > start)
        {
            int length = char.IsLowSurrogate(text[end - 1]) && end - 2 >= start && char.IsHighSurrogate(text[end - 2]) ? 2 : 1;
            if ((CharacterClasses.At(text, end - length, out _) & CharacterClass.Lower) != 0) return end;
            end -= length;
        }
        return -1;
    }

    private static int NumberEnd(ReadOnlySpan<char> text, int index, int more)
    {
        for (; more > 0 && index < text.Length; more--)
        {
            if ((CharacterClasses.At(text, index, out int length) & CharacterClass.Number) == 0) break;
            index += length;
        }
        return index;
    }

    // ` ?[^\s\p{L}\p{N}]+[\r\n]*`, and what all patterns do with white space.
    private static int PunctuationOrWhiteEnd(ReadOnlySpan<char> text, int start, int next, CharacterClass kind, bool andSlashes)
    {
        bool isPunctuation = (kind & CharacterClass.Other) != 0;
        if (!isPunctuation && text[start] == ' ' && next < text.Length &&
            (CharacterClasses.At(text, next, out int length) & CharacterClass.Other) != 0)
        {
            isPunctuation = true;
            next += length;
        }
        if (isPunctuation)
        {
            int end = CharacterClasses.RunEnd(text, next, CharacterClass.Other);
            while (end < text.Length && (text[end] is '\r' or '\n' || (andSlashes && text[end] == '/'))) end++;
            return end;
        }
        int whiteEnd = CharacterClasses.RunEnd(text, next, CharacterClass.White);
        int lastBreak = text[start..whiteEnd].LastIndexOfAny('\r', '\n');
        return lastBreak >= 0 ? start + lastBreak + 1 : WhiteEnd(text, start, whiteEnd);
    }

    // The last white space before something else is left to it, unless it is the only one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WhiteEnd(ReadOnlySpan<char> text, int start, int end) =>
        end == text.Length || end - start == 1 ? end : end - 1;

    // 's 't 'm 'd 're 've 'll after an apostrophe at `start`; 0 if there is none. U+017F (long s) folds onto s.
    private static int ContractionEnd(ReadOnlySpan<char> text, int start, bool anyCase)
    {
        if (start + 1 >= text.Length) return 0;
        int first = Fold(text[start + 1], anyCase);
        if (first is 's' or 't' or 'm' or 'd') return start + 2;
        if (start + 2 >= text.Length) return 0;
        int second = Fold(text[start + 2], anyCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : 0;
    }

    private static int Fold(char letter, bool anyCase) => !anyCase ? letter
        : letter == '\u017F' ? 's' : char.IsAsciiLetterUpper(letter) ? letter | 0x20 : letter;
}
