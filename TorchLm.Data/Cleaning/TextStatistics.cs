using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// What the quality rules measure in a text: its words (what stands between white space), lines and paragraphs. Found once for all rules that look at the
/// same text one after another on a thread.
/// </summary>
internal sealed class TextStatistics
{
    [ThreadStatic] private static TextStatistics? t_last;

    private readonly List<int> _lengths = []; // of each word, in characters
    private readonly List<ulong> _hashes = []; // of each word

    private TextStatistics(string text)
    {
        Text = text;
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !char.IsWhiteSpace(text[i]))
            {
                if (start < 0) start = i;
            }
            else if (start >= 0)
            {
                AddWord(text.AsSpan(start, i - start));
                start = -1;
            }
        }
        Lines = new Blocks(text, "\n");
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>Number of words.</summary>
    public int Words => _lengths.Count;

    /// <summary>Characters in all words: those of the text that are not white space.</summary>
    public long WordCharacters { get; private set; }

    /// <summary>Words in which there is a letter.</summary>
    public int AlphabeticWords { get; private set; }

    /// <summary>Number signs and ellipses.</summary>
    public int Symbols { get; private set; }

    /// <summary>The lines that are not blank.</summary>
    public Blocks Lines { get; }

    /// <summary>The words' lengths in characters.</summary>
    public ReadOnlySpan<int> WordLengths => CollectionsMarshal.AsSpan(_lengths);

    /// <summary>The words' hashes.</summary>
    public ReadOnlySpan<ulong> WordHashes => CollectionsMarshal.AsSpan(_hashes);

    /// <summary>The measurements of a text.</summary>
    public static TextStatistics Of(string text)
    {
        if (!ReferenceEquals(t_last?.Text, text)) t_last = new TextStatistics(text);
        return t_last;
    }

    private void AddWord(ReadOnlySpan<char> word)
    {
        _lengths.Add(word.Length);
        _hashes.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(word)));
        WordCharacters += word.Length;
        Symbols += word.Count('#') + word.Count('…') + word.Count("...");
        foreach (char character in word)
        {
            if (!char.IsLetter(character)) continue;
            AlphabeticWords++;
            break;
        }
    }

    /// <summary>Lines or paragraphs, and how much of them is repeated.</summary>
    public sealed class Blocks
    {
        public Blocks(string text, string separator)
        {
            HashSet<ulong> seen = [];
            foreach (Range range in text.AsSpan().Split(separator))
            {
                ReadOnlySpan<char> block = text.AsSpan(range).Trim();
                if (block.IsEmpty) continue;
                Count++;
                Characters += block.Length;
                if (!seen.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(block))))
                {
                    Repeated++;
                    RepeatedCharacters += block.Length;
                }
                if (block[0] is '•' or '‣' or '◦' or '▪' or '●' or '-' or '*' or '–') Bullets++;
                if (block[^1] == '…' || block.EndsWith("...")) Ellipses++;
                if (EndsSentence(block)) Punctuated++;
                if (block.Length < 30) Short++;
            }
        }

        public int Count { get; }

        public long Characters { get; }

        public int Repeated { get; }

        public long RepeatedCharacters { get; }

        public int Bullets { get; }

        public int Ellipses { get; }

        public int Punctuated { get; }

        public int Short { get; }

        /// <summary>Whether a line ends with a terminal mark or a closing quotation mark.</summary>
        public static bool EndsSentence(ReadOnlySpan<char> line) => line is [.., '.' or '!' or '?' or '"' or '”' or '’' or '»' or '。' or '！' or '？' or '…'];
    }
}
