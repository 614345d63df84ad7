using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>What the patterns of <see cref="PreTokenization"/> tell apart. A character has several at once.</summary>
[Flags]
internal enum CharacterClass : byte
{
    /// <summary><c>\p{L}</c>.</summary>
    Letter = 1,

    /// <summary><c>\p{N}</c>.</summary>
    Number = 2,

    /// <summary><c>\s</c>.</summary>
    White = 4,

    /// <summary>Carriage return or line feed, which are white as well.</summary>
    LineBreak = 8,

    /// <summary><c>[^\s\p{L}\p{N}]</c>: punctuation, symbols, marks, controls, lone surrogates.</summary>
    Other = 16,

    /// <summary><c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c>, what o200k has at the beginning of a word.</summary>
    Upper = 32,

    /// <summary><c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c>, what o200k has at the end of a word.</summary>
    Lower = 64,

    /// <summary>Half of a character outside of the Basic Multilingual Plane: its class has to be asked for.</summary>
    Surrogate = 128,
}

/// <summary>The classes of all of Unicode: a table of 64 KiB for the Basic Multilingual Plane, categories for the rest.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] _basicPlane = MakeTable();

    /// <summary>The class of one UTF-16 unit, which may be <see cref="CharacterClass.Surrogate"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CharacterClass OfUnit(char unit) => _basicPlane[unit];

    /// <summary>The class of the character that begins at <paramref name="index"/>, and its length in UTF-16 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int length)
    {
        CharacterClass found = _basicPlane[text[index]];
        length = 1;
        return found == CharacterClass.Surrogate ? OfSurrogate(text, index, out length) : found;
    }

    /// <summary>Where the run of characters of <paramref name="wanted"/> classes that begins at <paramref name="index"/> ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunEnd(ReadOnlySpan<char> text, int index, CharacterClass wanted)
    {
        CharacterClass[] table = _basicPlane;
        while ((uint)index < (uint)text.Length)
        {
            CharacterClass found = table[text[index]];
            if ((found & wanted) != 0)
            {
                index++;
            }
            else
            {
                if (found != CharacterClass.Surrogate || (OfSurrogate(text, index, out int length) & wanted) == 0) break;
                index += length;
            }
        }
        return index;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static CharacterClass OfSurrogate(ReadOnlySpan<char> text, int index, out int length)
    {
        bool whole = Rune.DecodeFromUtf16(text[index..], out Rune character, out length) == System.Buffers.OperationStatus.Done;
        return whole ? Of(Rune.GetUnicodeCategory(character), isWhite: false) : CharacterClass.Other;
    }

    private static CharacterClass[] MakeTable()
    {
        var table = new CharacterClass[char.MaxValue + 1];
        for (int unit = 0; unit < table.Length; unit++)
        {
            char character = (char)unit;
            table[unit] = char.IsSurrogate(character) ? CharacterClass.Surrogate
                : character is '\r' or '\n' ? CharacterClass.White | CharacterClass.LineBreak
                : Of(char.GetUnicodeCategory(character), char.IsWhiteSpace(character));
        }
        return table;
    }

    private static CharacterClass Of(UnicodeCategory category, bool isWhite) => category switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharacterClass.Letter | CharacterClass.Upper,
        UnicodeCategory.LowercaseLetter => CharacterClass.Letter | CharacterClass.Lower,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter =>
            CharacterClass.Letter | CharacterClass.Upper | CharacterClass.Lower,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
            CharacterClass.Other | CharacterClass.Upper | CharacterClass.Lower,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        _ => isWhite ? CharacterClass.White : CharacterClass.Other,
    };
}
