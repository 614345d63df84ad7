using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Takes held-out texts out of the training data, after GPT-3 (Brown et al. 2020, appendix C): an n-gram of 13 words, lower-cased and
/// without punctuation, that a held-out text also has is removed with 200 characters on each side; pieces shorter than 200 characters are
/// dropped, and a document that falls into more than 10 pieces is removed. An n-gram that more than 10 documents contain is ignored.
/// </summary>
/// <remarks>
/// Held-out texts shorter than an n-gram are looked for as a whole, down to <see cref="CleaningOptions.HeldOutShortest"/> words; shorter
/// ones are ignored, for they would match by chance. The pieces left of a document are joined by a blank line: they stay one document.
/// Scripts without spaces are compared by characters instead of words.
/// </remarks>
public sealed class HeldOutStep : ICorpusStep
{
    private readonly CleaningOptions _options;
    private readonly HeldOutGrams _grams;
    private readonly Dictionary<ulong, int> _documents = []; // that contain a gram
    private HashSet<ulong>? _common;

    /// <summary>Takes the n-grams of the held-out texts.</summary>
    public HeldOutStep(CleaningOptions options)
    {
        _options = options;
        _grams = new HeldOutGrams(options.HeldOutTexts, options.HeldOutGram, options.HeldOutShortest);
    }

    /// <inheritdoc/>
    public string Name => "held-out";

    /// <inheritdoc/>
    public string Description => $"{_options.HeldOutGram}-grams of held-out texts are removed with {_options.HeldOutMargin} characters on " +
        "each side; the pieces left are joined by a blank line";

    /// <inheritdoc/>
    public string? Source => "GPT-3: Brown et al. 2020, appendix C";

    /// <summary>The distinct held-out n-grams that the document contains.</summary>
    public ulong[] Digest(string text)
    {
        List<ulong> hashes = [];
        _grams.Find(text, (hash, _, _) => hashes.Add(hash));
        return DistinctHashes.Of(hashes);
    }

    /// <inheritdoc/>
    public void Observe(ReadOnlySpan<ulong> digest)
    {
        if (_common is not null) throw new InvalidOperationException("The observation has ended.");
        foreach (ulong gram in digest) _documents[gram] = _documents.GetValueOrDefault(gram) + 1;
    }

    /// <inheritdoc/>
    public void EndObservation()
    {
        if (_common is not null) return;
        _common = [.. _documents.Where(gram => gram.Value > _options.HeldOutMaxDocuments).Select(gram => gram.Key)];
        _documents.Clear();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The observation has not ended.</exception>
    public CleaningResult Apply(string text)
    {
        HashSet<ulong> common = _common ?? throw new InvalidOperationException("The corpus must be observed first.");
        List<(int Start, int End)>? cuts = null;
        string? sample = null;
        _grams.Find(text, (hash, start, end) =>
        {
            if (common.Contains(hash)) return;
            sample ??= Excerpt.Of(text.AsSpan(start, end - start));
            (cuts ??= []).Add((Boundary(text, Math.Max(0, start - _options.HeldOutMargin)),
                Boundary(text, Math.Min(text.Length, end + _options.HeldOutMargin))));
        });
        if (cuts is null) return CleaningResult.Unchanged(text);

        Merge(cuts);
        StringBuilder kept = new();
        int position = 0, pieces = 0;
        foreach ((int start, int end) in cuts)
        {
            Keep(text.AsSpan(position, start - position));
            position = end;
        }
        Keep(text.AsSpan(position));
        return new CleaningResult(pieces > _options.HeldOutMaxPieces || kept.Length == 0 ? null : kept.ToString(), cuts.Count, sample);

        void Keep(ReadOnlySpan<char> piece)
        {
            if (!piece.IsEmpty) pieces++;
            if (piece.Length < _options.HeldOutMinPiece) return;
            piece = piece.Trim();
            if (kept.Length > 0 && !piece.IsEmpty) kept.Append("\n\n");
            kept.Append(piece);
        }
    }

    /// <summary>Makes one of cuts that touch.</summary>
    private static void Merge(List<(int Start, int End)> cuts)
    {
        cuts.Sort();
        int last = 0;
        for (int i = 1; i < cuts.Count; i++)
        {
            if (cuts[i].Start <= cuts[last].End) cuts[last] = (cuts[last].Start, Math.Max(cuts[last].End, cuts[i].End));
            else cuts[++last] = cuts[i];
        }
        cuts.RemoveRange(last + 1, cuts.Count - last - 1);
    }

    /// <summary>The position, or the one before it where it would part a surrogate pair.</summary>
    private static int Boundary(string text, int position) =>
        position > 0 && position < text.Length && char.IsLowSurrogate(text[position]) && char.IsHighSurrogate(text[position - 1])
            ? position - 1 : position;
}
