using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Writes documents to the splits that they belong to; a split comes into being with its first document.</summary>
internal sealed class SplitSetWriter(OutputFolder folder, ITokenizer tokenizer, int maxTokensPerShard) : IDisposable
{
    private readonly SortedDictionary<string, SplitWriter> _writers = new(StringComparer.Ordinal);

    /// <summary>Encodes and writes a document or a part of one.</summary>
    /// <exception cref="InputException">The tokenizer cannot express the text.</exception>
    public void Write(DocumentPart part)
    {
        if (!_writers.TryGetValue(part.Split, out SplitWriter? writer))
        {
            _writers[part.Split] = writer = new SplitWriter(folder, part.Split, tokenizer, maxTokensPerShard);
        }
        writer.Write(part);
    }

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
}
