using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Removes lines that many documents share: menus, notices, footers. A line counts from
/// <see cref="CleaningOptions.MinBoilerplateLine"/> characters on, without white space at its ends, and goes if at least
/// <see cref="CleaningOptions.BoilerplateDocuments"/> documents and at least the share <see cref="CleaningOptions.BoilerplateShare"/> of
/// all documents hold it. A document with nothing else is removed.
/// </summary>
/// <remarks>
/// Counts are bounded by <see cref="CleaningOptions.BoilerplateEntries"/> lines (about 32 bytes each). A corpus with more distinct lines
/// is counted by lossy counting: no line is removed that is rarer than the limits, but one just above them may stay.
/// </remarks>
public sealed class BoilerplateStep(CleaningOptions options) : ICorpusStep
{
    private readonly LossyCounter _lines = new(options.BoilerplateEntries);
    private long _documents;
    private HashSet<ulong>? _frequent;

    /// <inheritdoc/>
    public string Name => "boilerplate";

    /// <inheritdoc/>
    public string Description => $"lines of at least {options.MinBoilerplateLine} characters that occur in at least " +
        $"{options.BoilerplateDocuments} documents and {options.BoilerplateShare:P1} of them are removed";

    /// <inheritdoc/>
    public string? Source => "counting: Manku and Motwani 2002";

    /// <summary>The distinct hashes of the document's lines that are long enough.</summary>
    public ulong[] Digest(string text)
    {
        List<ulong> hashes = [];
        ReadOnlySpan<char> rest = text;
        while (true)
        {
            int feed = rest.IndexOf('\n');
            ReadOnlySpan<char> line = (feed < 0 ? rest : rest[..feed]).Trim();
            if (line.Length >= options.MinBoilerplateLine) hashes.Add(Hash(line));
            if (feed < 0) break;
            rest = rest[(feed + 1)..];
        }
        return DistinctHashes.Of(hashes);
    }

    /// <inheritdoc/>
    public void Observe(ReadOnlySpan<ulong> digest)
    {
        if (_frequent is not null) throw new InvalidOperationException("The observation has ended.");
        _documents++;
        foreach (ulong line in digest) _lines.Add(line);
    }

    /// <inheritdoc/>
    public void EndObservation()
    {
        if (_frequent is not null) return;
        _frequent = _lines.AtLeast(Math.Max(options.BoilerplateDocuments, (long)Math.Ceiling(options.BoilerplateShare * _documents)));
        _lines.Clear();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The observation has not ended.</exception>
    public CleaningResult Apply(string text)
    {
        HashSet<ulong> frequent = _frequent ?? throw new InvalidOperationException("The corpus must be observed first.");
        return frequent.Count == 0 ? CleaningResult.Unchanged(text)
            : LineRemoval.Apply(text, new FrequentLine(frequent, options.MinBoilerplateLine));
    }

    private static ulong Hash(ReadOnlySpan<char> line) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(line));

    private readonly struct FrequentLine(HashSet<ulong> frequent, int shortest) : ILineRule
    {
        public bool Removes(ReadOnlySpan<char> line) => line.Length >= shortest && frequent.Contains(Hash(line));
    }
}
