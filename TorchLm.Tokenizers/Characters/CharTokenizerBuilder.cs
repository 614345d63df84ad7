using System.Collections;
using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>
/// Collects the characters of a corpus that is too large for one string. The pieces may be cut anywhere, even inside a
/// surrogate pair. Not for several threads at once.
/// </summary>
public sealed class CharTokenizerBuilder
{
    private readonly BitArray _seen = new(0x110000);
    private char _firstHalf;
    private long _length;

    /// <summary>Adds the characters of the next piece of the corpus.</summary>
    /// <exception cref="TokenizerException">The corpus holds a lone surrogate; the offset counts from its beginning.</exception>
    public void Add(ReadOnlySpan<char> piece)
    {
        foreach (char unit in piece)
        {
            bool completes = char.IsLowSurrogate(unit) && _firstHalf != 0;
            if (_firstHalf != 0 && !completes) throw ValidText.LoneSurrogate(_firstHalf, _length - 1);
            if (char.IsLowSurrogate(unit) && !completes) throw ValidText.LoneSurrogate(unit, _length);

            if (completes) _seen[char.ConvertToUtf32(_firstHalf, unit)] = true;
            else if (!char.IsHighSurrogate(unit)) _seen[unit] = true;
            _firstHalf = char.IsHighSurrogate(unit) ? unit : '\0';
            _length++;
        }
    }

    /// <summary>The tokenizer of everything added so far.</summary>
    /// <param name="withEndOfText">Whether <c>&lt;|endoftext|&gt;</c> is the last id.</param>
    /// <exception cref="TokenizerException">Nothing was added, or the corpus ends within a surrogate pair.</exception>
    public CharTokenizer Build(bool withEndOfText = false)
    {
        if (_firstHalf != 0) throw ValidText.LoneSurrogate(_firstHalf, _length - 1);
        var codePoints = Enumerable.Range(0, _seen.Length).Where(codePoint => _seen[codePoint]);
        return CharTokenizer.FromCharacters(codePoints.Select(codePoint => new Rune(codePoint)), withEndOfText);
    }
}
