using System.Globalization;
using System.Runtime.CompilerServices;
using TorchLm.Data.Loading;

namespace TorchLm.Data.Words;

/// <summary>
/// Reads a text's words as 64-bit hashes: runs of letters, digits and their marks, in lower case. In scripts that put no spaces between
/// words (Chinese, Japanese, Thai, Lao, Khmer, Burmese and their like) every character is a word, and so it is in a run of more than
/// <see cref="LongestWord"/> characters: n-grams of words are n-grams of characters there.
/// </summary>
internal ref struct WordReader
{
    /// <summary>A longer run is read character by character.</summary>
    public const int LongestWord = 40;

    private const ulong FnvOffset = 0xCBF29CE484222325, FnvPrime = 0x100000001B3;
    private static readonly byte[] Classes = CreateClasses();
    private static readonly char[] Lower = CreateLower();

    private readonly ReadOnlySpan<char> _text;
    private readonly bool _joinPunctuation;
    private int _position, _singlesEnd;

    /// <summary>Creates a reader at the beginning of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="joinPunctuation">Words end at white space alone, and punctuation within them is skipped ("don't" is one word).</param>
    public WordReader(ReadOnlySpan<char> text, bool joinPunctuation)
    {
        _text = text;
        _joinPunctuation = joinPunctuation;
    }

    /// <summary>The word's hash.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Where the word starts in the text.</summary>
    public int Start { get; private set; }

    /// <summary>Where the word ends in the text: behind its last letter or digit.</summary>
    public int End { get; private set; }

    /// <summary>Goes to the next word; false: there is none.</summary>
    public bool Read()
    {
        ref byte classes = ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(Classes);
        ref char lower = ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(Lower);
        ReadOnlySpan<char> text = _text;
        int i = _position;
        while (i < text.Length && Unsafe.Add(ref classes, text[i]) < Word) i++;
        if (i >= text.Length)
        {
            _position = i;
            return false;
        }
        Start = i;
        if (i < _singlesEnd || Unsafe.Add(ref classes, text[i]) == Single) return ReadSingle(i);

        ulong hash = FnvOffset;
        int end = i, letters = 0;
        for (; i < text.Length; i++)
        {
            char c = text[i];
            byte kind = Unsafe.Add(ref classes, c);
            if (kind == Word)
            {
                hash = (hash ^ Unsafe.Add(ref lower, c)) * FnvPrime;
                letters++;
                end = i + 1;
            }
            else if (kind != Punctuation || !_joinPunctuation)
            {
                break;
            }
        }
        if (letters > LongestWord)
        {
            _singlesEnd = end;
            return ReadSingle(Start);
        }
        Hash = SeededHash.Mix(hash);
        End = _position = end;
        return true;
    }

    private bool ReadSingle(int start)
    {
        int length = char.IsHighSurrogate(_text[start]) && start + 1 < _text.Length && char.IsLowSurrogate(_text[start + 1]) ? 2 : 1;
        // A mark belongs to the letter before it.
        while (start + length < _text.Length && IsMark(_text[start + length])) length++;
        ulong hash = FnvOffset;
        for (int i = start; i < start + length; i++) hash = (hash ^ Lower[_text[i]]) * FnvPrime;
        Hash = SeededHash.Mix(hash);
        End = _position = start + length;
        return true;
    }

    private const byte Space = 0, Punctuation = 1, Word = 2, Single = 3;

    private static bool IsMark(char c) => c >= '\u0300' &&
        char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static byte[] CreateClasses()
    {
        byte[] classes = new byte[char.MaxValue + 1];
        for (int i = 0; i < classes.Length; i++)
        {
            char c = (char)i;
            bool surrogate = char.IsSurrogate(c);
            // Beyond the basic plane: Han, emoji, old scripts. Each is a word, which is right for Han and harmless for the rest.
            classes[i] = char.IsWhiteSpace(c) ? Space
                : surrogate || (IsUnspaced(c) && (char.IsLetter(c) || IsMark(c))) ? Single
                : char.IsLetterOrDigit(c) || IsMark(c) ? Word
                : Punctuation;
        }
        return classes;
    }

    private static bool IsUnspaced(char c) => c is
        (>= '\u0E00' and <= '\u0EFF') or // Thai, Lao
        (>= '\u0F00' and <= '\u0FFF') or // Tibetan
        (>= '\u1000' and <= '\u109F') or // Burmese
        (>= '\u1780' and <= '\u17FF') or // Khmer
        (>= '\u1950' and <= '\u19DF') or // Tai Le, New Tai Lue
        (>= '\u1A20' and <= '\u1AAF') or // Tai Tham
        (>= '\u1B00' and <= '\u1B7F') or // Balinese
        (>= '\u3005' and <= '\u30FF') or // Hiragana, Katakana
        (>= '\u31F0' and <= '\u31FF') or // Katakana extensions
        (>= '\u3400' and <= '\u9FFF') or // Han
        (>= '\uA980' and <= '\uA9DF') or // Javanese
        (>= '\uF900' and <= '\uFAFF') or // Han, compatibility
        (>= '\uFF66' and <= '\uFF9F'); // half-width Katakana

    private static char[] CreateLower()
    {
        char[] lower = new char[char.MaxValue + 1];
        for (int i = 0; i < lower.Length; i++) lower[i] = char.ToLowerInvariant((char)i);
        return lower;
    }
}
