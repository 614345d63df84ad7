using TorchLm.Core;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>Writes documents to the splits that they belong to; a split comes into being with its first document.</summary>
internal sealed class SplitSetWriter(OutputFolder folder, WorkFolder work, int vocabularySize, int maxTokensPerShard, bool bySource) : IDisposable
{
    private readonly SortedDictionary<string, SplitWriter> _writers = new(StringComparer.Ordinal);

    /// <summary>Tokens written so far.</summary>
    public long Tokens => _writers.Values.Sum(writer => writer.Tokens);

    /// <summary>Whether finished shards hold this part already; asked once for each part, in their order, before it is encoded.</summary>
    public bool Holds(DocumentPart part)
    {
        SplitWriter writer = Of(part.Split);
        if (writer.PartsToSkip == 0) return false;
        writer.PartsToSkip--;
        return true;
    }

    /// <summary>Writes the ids of a document or a part of one.</summary>
    public void Write(DocumentPart part, ReadOnlySpan<int> ids) => Of(part.Split).Write(part, ids);

    /// <summary>Finishes all shards and describes the splits that hold text.</summary>
    /// <exception cref="InputException">There is no text in the train split.</exception>
    public IReadOnlyDictionary<string, SplitEntry> Complete()
    {
        SortedDictionary<string, SplitEntry> splits = new(StringComparer.Ordinal);
        foreach ((string split, SplitWriter writer) in _writers)
        {
            if (writer.Tokens > 0) splits.Add(split, writer.Complete());
        }
        if (splits.ContainsKey(SplitNames.Train)) return splits;
        throw new InputException("Nothing is left for the train split: give more text, or ask for a smaller validation share.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SplitWriter writer in _writers.Values) writer.Dispose();
    }

    private SplitWriter Of(string split)
    {
        if (_writers.TryGetValue(split, out SplitWriter? writer)) return writer;
        return _writers[split] = new SplitWriter(folder, work, split, vocabularySize, maxTokensPerShard, bySource);
    }
}
