using System.Text;
using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>Encodes the documents of one split into its shards and counts what it wrote.</summary>
internal sealed class SplitWriter : IDisposable
{
    private readonly ITokenizer _tokenizer;
    private readonly TokenShardWriter _shards;
    private long _documents, _bytes;
    private double? _nats = 0;

    /// <summary>Prepares to write.</summary>
    public SplitWriter(OutputFolder folder, string split, ITokenizer tokenizer, int maxTokensPerShard)
    {
        _tokenizer = tokenizer;
        _shards = new TokenShardWriter(folder.Location, folder.Name, split, tokenizer.VocabularySize, maxTokensPerShard);
    }

    /// <summary>Tokens written so far.</summary>
    public long Tokens => _shards.Tokens;

    /// <summary>
    /// Writes a document, or the part of it that belongs to this split: the end-of-text id first (as GPT-2's data has it: it
    /// stands between documents and says that what follows is a new one), then the text. Nothing is written for an empty one.
    /// </summary>
    /// <exception cref="InputException">The tokenizer cannot express the text.</exception>
    public void Write(DocumentPart part)
    {
        long before = _bytes;
        foreach (string piece in TextPieces.CutSafely(part.Pieces))
        {
            if (_bytes == before && _tokenizer.EndOfTextId is { } endOfText) _shards.Append([endOfText]);
            _bytes += Encoding.UTF8.GetByteCount(piece);
            try
            {
                _shards.Append(_tokenizer.Encode(piece));
            }
            catch (TokenizerException failure)
            {
                throw new InputException($"'{part.Name}' cannot be encoded: {failure.Message}", failure);
            }
        }
        if (_bytes == before) return;
        _documents++;
        _nats += part.Nats; // unknown for one, unknown for all
    }

    /// <summary>Finishes the shards.</summary>
    public SplitEntry Complete() => new(Tokens, _documents, _bytes, _nats, _shards.Complete());

    /// <inheritdoc/>
    public void Dispose() => _shards.Dispose();
}
