using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Removes lines that stand in many documents: headers, menus, licences, notices. Short lines stay, because they may be common for good reasons.
/// </summary>
internal sealed class BoilerplateStep(CleaningOptions options) : ICorpusStep
{
    private readonly LineCounter _counter = new(options.BoilerplateCapacity);
    private long _documents;
    private HashSet<ulong> _boilerplate = [];

    public string Name => "boilerplate";

    public string Description =>
        $"lines of {options.MinBoilerplateLine} characters or more that stand in {options.BoilerplateDocuments} documents or more, and in {100 * options.BoilerplateShare:0.###} % of all";

    public string? Source => "after the line de-duplication of C4 (Raffel et al. 2020) and CCNet (Wenzek et al. 2020)";

    public ulong[] Digest(string text)
    {
        HashSet<ulong> lines = [];
        foreach (Range range in text.AsSpan().Split('\n'))
        {
            if (Eligible(text.AsSpan(range), out ulong hash)) lines.Add(hash);
        }
        return [.. lines];
    }

    public void Observe(ReadOnlySpan<ulong> digest)
    {
        _documents++;
        foreach (ulong line in digest) _counter.Add(line);
    }

    public void EndObservation() =>
        _boilerplate = _counter.AtLeast(Math.Max(options.BoilerplateDocuments, (long)Math.Ceiling(options.BoilerplateShare * _documents)));

    public CleaningResult Apply(string text)
    {
        if (_boilerplate.Count == 0) return new CleaningResult(text);
        StringBuilder? result = null;
        int copied = 0, count = 0;
        string? sample = null;
        foreach (Range range in text.AsSpan().Split('\n'))
        {
            (int start, int length) = range.GetOffsetAndLength(text.Length);
            if (!Eligible(text.AsSpan(start, length), out ulong hash) || !_boilerplate.Contains(hash)) continue;
            result ??= new StringBuilder(text.Length);
            result.Append(text, copied, start - copied);
            copied = Math.Min(start + length + 1, text.Length);
            count++;
            sample ??= PreparationSample.Of(text.Substring(start, length).Trim(), 190);
        }
        if (result is null) return new CleaningResult(text);
        result.Append(text, copied, text.Length - copied);
        string left = result.ToString();
        return new CleaningResult(string.IsNullOrWhiteSpace(left) ? null : left, count, sample);
    }

    private bool Eligible(ReadOnlySpan<char> line, out ulong hash)
    {
        line = line.Trim();
        hash = line.Length < options.MinBoilerplateLine ? 0 : XxHash3.HashToUInt64(MemoryMarshal.AsBytes(line));
        return line.Length >= options.MinBoilerplateLine;
    }
}
