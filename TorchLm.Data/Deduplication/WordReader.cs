using System.Globalization;
using System.Text;
using TorchLm.Data.Loading;

namespace TorchLm.Data.Deduplication;

/// <summary>
/// Reads a text word by word, as hashes. A word is a run of letters, digits and combining marks, in lower case (invariant). Scripts
/// without spaces between words (Chinese and Japanese characters, Thai, Lao, Khmer, Myanmar) have every character as a word.
/// </summary>
internal ref struct WordReader
{
    private const ulong Multiplier = 0xD6E8FEB86659FD93; // odd: each step is a bijection of the state

    // Each UTF-16 code unit's lower case, 0 for what no word holds. Surrogates are 0 and looked at in pairs.
    private static readonly char[] _lower = MakeLower();

    private readonly ReadOnlySpan<char> _text;
    private int _next;

    public WordReader(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Finds the next word.</summary>
    /// <param name="hash">Its hash: 64 bits, the same on every machine.</param>
    /// <returns>False: there are no more.</returns>
    public bool Read(out ulong hash)
    {
        ReadOnlySpan<char> text = _text;
        ReadOnlySpan<char> lower = _lower;
        ulong state = 0;
        int i = _next;
        while (i < text.Length)
        {
            char c = text[i];
            uint folded = lower[c];
            int length = 1;
            if (char.IsHighSurrogate(c)) folded = FoldPair(text[i..], out length);
            if (folded == 0)
            {
                if (state != 0) break;
                i += length;
                continue;
            }
            if (folded >= 0x0E00 && StandsAlone(folded))
            {
                if (state != 0) break; // the character itself is the next word
                i += length;
                state = Step(state, folded);
                break;
            }
            i += length;
            state = Step(state, folded);
        }
        _next = i;
        hash = SeededHash.Mix(state);
        return state != 0;
    }

    // The set bit keeps the state from being 0, which means "no word yet", whatever the characters.
    private static ulong Step(ulong state, uint character) => ((state ^ character) + 0x9E3779B97F4A7C15) * Multiplier | 1UL << 63;

    private static uint FoldPair(ReadOnlySpan<char> text, out int length)
    {
        if (Rune.DecodeFromUtf16(text, out Rune rune, out length) != System.Buffers.OperationStatus.Done) return 0;
        return IsOfWord(Rune.GetUnicodeCategory(rune)) ? (uint)Rune.ToLowerInvariant(rune).Value : 0;
    }

    private static bool StandsAlone(uint c) => c switch
    {
        <= 0x0EFF => true, // Thai and Lao, since the caller asks from U+0E00 on
        >= 0x1000 and <= 0x109F => true, // Myanmar
        >= 0x1780 and <= 0x17FF => true, // Khmer
        >= 0x3005 and <= 0x3007 => true, // iteration mark, closing mark, zero
        >= 0x3040 and <= 0x30FF => true, // kana
        >= 0x31F0 and <= 0x31FF => true, // small kana
        >= 0x3400 and <= 0x4DBF or >= 0x4E00 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF => true, // ideographs
        >= 0xA9E0 and <= 0xA9FF or >= 0xAA60 and <= 0xAA7F => true, // Myanmar's extensions
        >= 0xFF66 and <= 0xFF9F => true, // half-width kana
        >= 0x1AFF0 and <= 0x1B16F => true, // historic kana
        >= 0x20000 and <= 0x3FFFF => true, // ideographs of the supplementary planes
        _ => false,
    };

    private static bool IsOfWord(UnicodeCategory category) => category is <= UnicodeCategory.OtherLetter // the five kinds of letters
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static char[] MakeLower()
    {
        char[] lower = new char[char.MaxValue + 1];
        for (int c = 0; c < lower.Length; c++)
        {
            if (IsOfWord(char.GetUnicodeCategory((char)c))) lower[c] = char.ToLowerInvariant((char)c);
        }
        return lower;
    }
}
