using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Train.Reporting;

/// <summary>The beginning of a corpus, kept while it is read, to measure how many bytes the tokens of a vocabulary hold.</summary>
internal sealed class CompressionSample
{
    /// <summary>At most this much is kept, in bytes of UTF-8: enough for three digits, and little beside the training.</summary>
    public const int LargestSize = 16 << 20;

    private readonly List<string> _pieces = [];

    /// <summary>Bytes of UTF-8 in the corpus so far.</summary>
    public long CorpusBytes { get; private set; }

    /// <summary>Bytes of UTF-8 that were kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>The same pieces, those at the beginning kept.</summary>
    public IEnumerable<string> Noting(IEnumerable<string> pieces)
    {
        foreach (string piece in pieces)
        {
            yield return piece;
            int bytes = Encoding.UTF8.GetByteCount(piece);
            CorpusBytes += bytes;
            int room = (int)Math.Min(piece.Length, (LargestSize - Bytes) / 3); // a unit has at most three bytes
            int end = Bytes + bytes <= LargestSize ? piece.Length : SafeCut.FindLast(piece.AsSpan(0, room));
            if (end == 0) continue;
            _pieces.Add(piece[..end]);
            Bytes += end == piece.Length ? bytes : Encoding.UTF8.GetByteCount(piece.AsSpan(0, end));
        }
    }

    /// <summary>Bytes a token, over what was kept.</summary>
    public double BytesPerToken(ITokenizer tokenizer) => (double)Bytes / _pieces.Sum(piece => (long)tokenizer.Encode(piece).Length);
}
