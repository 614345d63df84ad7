using TorchLm.Data.Loading;

namespace TorchLm.Data.Cleaning.Quality;

/// <summary>
/// What the quality rules measure of a document: each part is computed when the first rule asks for it and shared by those after it. Words
/// are what white space separates; lines are those with more than white space, trimmed.
/// </summary>
/// <remarks>
/// Every thread keeps the statistics of the text it measured last. A string never changes, so that the same object has the same
/// statistics, and a rule stays a pure function of its text.
/// </remarks>
internal sealed class DocumentStatistics
{
    private const ulong FnvOffset = 0xCBF29CE484222325, FnvPrime = 0x100000001B3;

    [ThreadStatic]
    private static DocumentStatistics? s_last;

    private readonly PooledList<ulong> _wordHashes = new();
    private readonly PooledList<int> _wordLengths = new();
    private readonly RepeatedUnits _repeatedLines = new(), _repeatedParagraphs = new();
    private readonly RepeatedGrams _grams = new();
    private string _text = "";
    private bool _hasWords, _hasLines, _hasParagraphs;

    /// <summary>The number of words.</summary>
    public int Words => WithWords()._wordHashes.Count;

    /// <summary>The characters of all words together.</summary>
    public long WordCharacters { get; private set; }

    /// <summary>The words that have a letter.</summary>
    public int AlphabeticWords { get; private set; }

    /// <summary>A bit for each of <see cref="StopWords"/> that occurs.</summary>
    public int StopWordBits { get; private set; }

    /// <summary>The number of lines.</summary>
    public int Lines { get; private set; }

    /// <summary>Lines that start with a bullet.</summary>
    public int BulletLines { get; private set; }

    /// <summary>Lines that end in an ellipsis.</summary>
    public int EllipsisLines { get; private set; }

    /// <summary>Lines that end in terminal punctuation.</summary>
    public int PunctuatedLines { get; private set; }

    /// <summary>The statistics of a text; only for the calling thread, and until it asks for another text's.</summary>
    public static DocumentStatistics Of(string text)
    {
        DocumentStatistics statistics = s_last ??= new DocumentStatistics();
        if (!ReferenceEquals(statistics._text, text)) statistics.Start(text);
        return statistics;
    }

    /// <summary>Splits the words, if no rule has yet.</summary>
    public DocumentStatistics WithWords()
    {
        if (_hasWords) return this;
        _hasWords = true;
        ReadWords();
        return this;
    }

    /// <summary>Splits the lines, if no rule has yet.</summary>
    public DocumentStatistics WithLines()
    {
        if (_hasLines) return this;
        _hasLines = true;
        ReadLines();
        return this;
    }

    /// <summary>Lines that have fewer than a number of characters.</summary>
    public int LinesShorterThan(int limit) => WithLines()._repeatedLines.ShorterThan(limit);

    /// <summary>The lines that repeat an earlier one, and their characters.</summary>
    public (int Count, long Characters) RepeatedLines => WithLines()._repeatedLines.Repeated();

    /// <summary>The paragraphs, which blank lines separate; those that repeat an earlier one, and their characters.</summary>
    public (int All, int Repeated, long Characters) Paragraphs
    {
        get
        {
            if (!_hasParagraphs) ReadParagraphs();
            (int count, long characters) = _repeatedParagraphs.Repeated();
            return (_repeatedParagraphs.Count, count, characters);
        }
    }

    /// <summary>The share of the words' characters that the most frequent n-gram makes up; 0 if none occurs twice.</summary>
    public double TopGram(int size) =>
        WithWords().WordCharacters == 0 ? 0 : (double)_grams.Top(_wordHashes.Items, _wordLengths.Items, size) / WordCharacters;

    /// <summary>The share of the words' characters in n-grams that occurred before.</summary>
    public double RepeatedGram(int size) =>
        WithWords().WordCharacters == 0 ? 0 : (double)_grams.Repeated(_wordHashes.Items, _wordLengths.Items, size) / WordCharacters;

    private void Start(string text)
    {
        _text = text;
        _hasWords = _hasLines = _hasParagraphs = false;
        _wordHashes.Clear();
        _wordLengths.Clear();
        _repeatedLines.Clear();
        _repeatedParagraphs.Clear();
        (WordCharacters, AlphabeticWords, StopWordBits) = (0, 0, 0);
        (Lines, BulletLines, EllipsisLines, PunctuatedLines) = (0, 0, 0, 0);
    }

    private void ReadWords()
    {
        ReadOnlySpan<char> text = _text;
        for (int i = 0; i < text.Length;)
        {
            while (i < text.Length && IsSpace(text[i])) i++;
            if (i == text.Length) break;
            int start = i;
            ulong hash = FnvOffset;
            bool letter = false;
            for (; i < text.Length && !IsSpace(text[i]); i++)
            {
                char c = text[i];
                hash = (hash ^ c) * FnvPrime;
                letter |= (uint)((c | 0x20) - 'a') < 26 || (c > 127 && IsLetter(text, i));
            }
            _wordHashes.Add(SeededHash.Mix(hash));
            _wordLengths.Add(i - start);
            WordCharacters += i - start;
            if (letter) AlphabeticWords++;
            if (StopWordBits != StopWords.All && i - start < 10) StopWordBits |= StopWords.Bit(text[start..i]);
        }
    }

    private void ReadLines()
    {
        ReadOnlySpan<char> rest = _text;
        while (true)
        {
            int feed = rest.IndexOf('\n');
            ReadOnlySpan<char> line = (feed < 0 ? rest : rest[..feed]).Trim();
            if (!line.IsEmpty)
            {
                Lines++;
                if (Punctuation.Bullets.Contains(line[0])) BulletLines++;
                if (Punctuation.EndsInEllipsis(line)) EllipsisLines++;
                if (Punctuation.Terminal.Contains(line[^1])) PunctuatedLines++;
                _repeatedLines.Add(line);
            }
            if (feed < 0) return;
            rest = rest[(feed + 1)..];
        }
    }

    private void ReadParagraphs()
    {
        _hasParagraphs = true;
        ReadOnlySpan<char> rest = _text;
        while (true)
        {
            int blank = rest.IndexOf("\n\n");
            ReadOnlySpan<char> paragraph = (blank < 0 ? rest : rest[..blank]).Trim();
            if (!paragraph.IsEmpty) _repeatedParagraphs.Add(paragraph);
            if (blank < 0) return;
            rest = rest[(blank + 2)..];
        }
    }

    private static bool IsSpace(char c) => c <= ' ' ? c is ' ' or (>= '\t' and <= '\r') : c > '~' && char.IsWhiteSpace(c);

    private static bool IsLetter(ReadOnlySpan<char> text, int position)
    {
        char c = text[position];
        if (!char.IsHighSurrogate(c) || position + 1 == text.Length || !char.IsLowSurrogate(text[position + 1])) return char.IsLetter(c);
        return System.Text.Rune.IsLetter(new System.Text.Rune(c, text[position + 1]));
    }
}
