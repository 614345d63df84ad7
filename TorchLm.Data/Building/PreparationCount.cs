using TorchLm.Data.Cleaning;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;

namespace TorchLm.Data.Building;

/// <summary>Counts what reading and cleaning do, and keeps the first examples of each kind.</summary>
internal sealed class PreparationCount
{
    private const int SamplesOfEachKind = 3;

    private readonly List<string> _order = [];
    private readonly Dictionary<string, StepEntry> _steps = [];
    private readonly SortedDictionary<SkipReason, SkippedEntry> _skipped = [];

    /// <summary>Every step that may be counted, so that the report shows those that found nothing, too.</summary>
    public PreparationCount(IEnumerable<string> steps)
    {
        foreach (string step in steps) _ = Of(step);
    }

    /// <summary>Documents with text that were read.</summary>
    public long DocumentsRead { get; set; }

    /// <summary>Bytes of UTF-8 text that were read.</summary>
    public long BytesRead { get; set; }

    /// <summary>Sequences of bytes that became U+FFFD.</summary>
    public long InvalidSequences { get; set; }

    /// <summary>Counts something that is no document.</summary>
    public void Skip(string document, SkippedDocumentException why)
    {
        SkippedEntry entry = _skipped.GetValueOrDefault(why.Reason) ?? new SkippedEntry(why.Reason.ToString(), 0, []);
        _skipped[why.Reason] = entry with { Count = entry.Count + 1, Samples = With(entry.Samples, document, why.Message) };
    }

    /// <summary>Counts what a step did to a document.</summary>
    /// <param name="step">The step's or the rule's name.</param>
    /// <param name="document">The document.</param>
    /// <param name="result">What it did.</param>
    /// <param name="bytesRemoved">How many bytes fewer there are.</param>
    /// <param name="continues">Whether this is a further section of a document that was counted.</param>
    public void Count(string step, string document, CleaningResult result, long bytesRemoved, bool continues)
    {
        StepEntry entry = Of(step);
        bool removed = result.Text is null;
        int one = continues ? 0 : 1;
        _steps[step] = entry with
        {
            DocumentsChanged = entry.DocumentsChanged + (removed ? 0 : one),
            Changes = entry.Changes + (removed ? 0 : result.Count),
            DocumentsRemoved = entry.DocumentsRemoved + (removed ? one : 0),
            BytesRemoved = entry.BytesRemoved + bytesRemoved,
            Samples = result.Sample is null ? entry.Samples : With(entry.Samples, document, result.Sample),
        };
    }

    /// <summary>The counts as <c>dataset.json</c> holds them.</summary>
    public PreparationEntry ToEntry() =>
        new(DocumentsRead, BytesRead, InvalidSequences, [.. _skipped.Values], [.. _order.Select(step => _steps[step])]);

    /// <summary>What was skipped and removed, in a few words for a sentence; empty where nothing was.</summary>
    public string Summary()
    {
        IEnumerable<string> skipped = _skipped.Values.Select(entry => $"{entry.Samples[0].Document}: {entry.Samples[0].Text}" +
            (entry.Count > 1 ? $", and {entry.Count - 1:N0} more like it" : ""));
        IEnumerable<string> removed = _steps.Values.Where(entry => entry.DocumentsRemoved > 0).Select(entry => $"{entry.Name} removed {entry.DocumentsRemoved:N0}");
        return string.Join("; ", skipped.Concat(removed));
    }

    private StepEntry Of(string step)
    {
        if (_steps.TryGetValue(step, out StepEntry? entry)) return entry;
        _order.Add(step);
        return _steps[step] = new StepEntry(step, 0, 0, 0, 0, []);
    }

    private static IReadOnlyList<SampleEntry> With(IReadOnlyList<SampleEntry> samples, string document, string text) =>
        samples.Count < SamplesOfEachKind ? [.. samples, new SampleEntry(document, text)] : samples;
}
