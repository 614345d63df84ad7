using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Removes what training must not see, because models are measured on it: runs of words that stand in held-out texts, as appendix C of GPT-3's paper
/// describes.
/// </summary>
/// <remarks>
/// Words are compared in lower case and without punctuation. What matches is removed with a margin on both sides, which divides the document; pieces shorter
/// than the margin go, too, and what is left is joined by blank lines. A document of which more than <see cref="MaxPieces"/> pieces would be left is removed.
/// Runs that stand in many documents are common speech and do not count. Held-out texts shorter than a run are looked for as a whole, down to
/// <see cref="ShortestRun"/> words.
/// </remarks>
internal sealed class HeldOutStep : ICorpusStep
{
    public const int ShortestRun = 8, MaxPieces = 10;

    private readonly CleaningOptions _options;
    private readonly Dictionary<ulong, int> _documents = []; // in how many documents each run of the held-out texts was seen
    private readonly SortedSet<int> _lengths = [];

    public HeldOutStep(CleaningOptions options)
    {
        _options = options;
        var words = new List<Word>();
        foreach (string text in options.HeldOutTexts)
        {
            Split(text, words);
            int length = Math.Min(words.Count, options.HeldOutWords);
            if (length < Math.Min(ShortestRun, options.HeldOutWords)) continue;
            _lengths.Add(length);
            foreach ((ulong run, _) in Runs(words, length)) _documents.TryAdd(run, 0);
        }
    }

    public string Name => "held-out";

    public string Description => $"runs of {_options.HeldOutWords} words that stand in the texts named by --exclude, with {_options.HeldOutMargin} characters around them";

    public string? Source => "GPT-3 (Brown et al. 2020), appendix C";

    public ulong[] Digest(string text)
    {
        var words = new List<Word>();
        Split(text, words);
        HashSet<ulong> found = [];
        foreach (int length in _lengths)
        {
            foreach ((ulong run, _) in Runs(words, length))
            {
                if (_documents.ContainsKey(run)) found.Add(run);
            }
        }
        return [.. found];
    }

    public void Observe(ReadOnlySpan<ulong> digest)
    {
        foreach (ulong run in digest) _documents[run]++;
    }

    public void EndObservation()
    {
        foreach ((ulong run, int count) in _documents)
        {
            if (count > _options.HeldOutCommon) _documents.Remove(run);
        }
    }

    public CleaningResult Apply(string text)
    {
        if (_documents.Count == 0) return new CleaningResult(text);
        var words = new List<Word>();
        Split(text, words);
        List<(int Start, int End)> leaks = [];
        foreach (int length in _lengths)
        {
            foreach ((ulong run, int first) in Runs(words, length))
            {
                if (_documents.ContainsKey(run)) leaks.Add((words[first].Start, words[first + length - 1].End));
            }
        }
        if (leaks.Count == 0) return new CleaningResult(text);

        leaks.Sort();
        string sample = PreparationSample.Around(text, leaks[0].Start, Math.Min(150, leaks[0].End - leaks[0].Start));
        List<string> pieces = [];
        int from = 0, removed = 0;
        foreach ((int start, int end) in leaks)
        {
            int before = BackToSpace(text, Math.Max(0, start - _options.HeldOutMargin)), after = OnToSpace(text, Math.Min(text.Length, end + _options.HeldOutMargin));
            if (removed == 0 || before > from) removed++;
            if (before > from) Keep(text[from..before], pieces);
            from = Math.Max(from, after);
        }
        Keep(text[from..], pieces);
        return pieces.Count is 0 or > MaxPieces ? new CleaningResult(null, removed, sample) : new CleaningResult(string.Join("\n\n", pieces), removed, sample);
    }

    private void Keep(string piece, List<string> pieces)
    {
        piece = piece.Trim();
        if (piece.Length >= _options.HeldOutMargin) pieces.Add(piece);
    }

    private static int BackToSpace(string text, int index)
    {
        while (index > 0 && !char.IsWhiteSpace(text[index - 1])) index--;
        return index;
    }

    private static int OnToSpace(string text, int index)
    {
        while (index < text.Length && !char.IsWhiteSpace(text[index])) index++;
        return index;
    }

    // Each run of words as a polynomial in the words' hashes, which moves on by one word in constant time.
    private static IEnumerable<(ulong Run, int First)> Runs(List<Word> words, int length)
    {
        const ulong Base = 0x9E3779B97F4A7C15;
        ulong leading = 1, hash = 0;
        for (int i = 1; i < length; i++) leading *= Base;
        for (int i = 0; i < words.Count; i++)
        {
            if (i >= length) hash -= words[i - length].Hash * leading;
            hash = hash * Base + words[i].Hash;
            if (i >= length - 1) yield return (hash ^ (ulong)length, i - length + 1);
        }
    }

    private static void Split(string text, List<Word> words)
    {
        words.Clear();
        const ulong Offset = 14695981039346656037, Prime = 1099511628211; // FNV-1a
        int start = -1;
        ulong hash = 0;
        int index = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                if (start < 0) (start, hash) = (index, Offset);
                hash = (hash ^ (uint)Rune.ToLowerInvariant(rune).Value) * Prime;
            }
            else if (start >= 0)
            {
                words.Add(new Word(Loading.SeededHash.Mix(hash), start, index));
                start = -1;
            }
            index += rune.Utf16SequenceLength;
        }
        if (start >= 0) words.Add(new Word(Loading.SeededHash.Mix(hash), start, index));
    }

    private readonly record struct Word(ulong Hash, int Start, int End);
}
