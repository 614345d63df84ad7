using System.Threading.Channels;

namespace TorchLm.Tokenizers;

/// <summary>
/// Counts the words of a corpus on several threads. The calling thread reads the corpus piece by piece and hands batches of
/// pieces to the others; while they have enough to do, it counts too. So no more than a few batches are in memory at once.
/// </summary>
internal sealed class WordCounter
{
    private const int BatchLength = 1 << 20; // UTF-16 units

    private readonly PreTokenization _preTokenization;
    private readonly Channel<List<CorpusPiece>> _batches;
    private readonly Lock _failureLock = new();
    private (long Document, int Offset, TokenizerException Failure)? _failure;
    private volatile bool _failed;

    private WordCounter(PreTokenization preTokenization, int threads)
    {
        _preTokenization = preTokenization;
        _batches = Channel.CreateBounded<List<CorpusPiece>>(2 * threads);
    }

    /// <summary>The words of all pieces, each of which begins and ends where a word does.</summary>
    /// <param name="pieces">Read once, by the calling thread.</param>
    /// <param name="preTokenization">What words are.</param>
    /// <param name="threads">How many threads count, the calling one among them.</param>
    /// <param name="cancellationToken">Asked after every batch.</param>
    /// <exception cref="TokenizerException">A piece holds a lone surrogate; the first one is named.</exception>
    public static WordCounts Count(
        IEnumerable<string> pieces, PreTokenization preTokenization, int threads, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var counter = new WordCounter(preTokenization, threads);
        WordCounts counts = new();
        Task<WordCounts>[] others = [.. Enumerable.Range(1, threads - 1).Select(_ => Task.Factory.StartNew(
            counter.CountQueued, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            foreach (List<CorpusPiece> batch in Batches(pieces))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (counter._failed) break;
                if (threads == 1 || !counter._batches.Writer.TryWrite(batch)) counter.Count(batch, counts);
            }
        }
        finally
        {
            counter._batches.Writer.Complete();
            while (counter._batches.Reader.TryRead(out List<CorpusPiece>? batch)) counter.Count(batch, counts);
            Task.WaitAll(others, CancellationToken.None);
        }
        if (counter._failure is { } failure) throw failure.Failure;
        for (int i = 0; i < others.Length; i++)
        {
            counts.Add(others[i].Result);
            others[i] = null!; // its memory is not needed while the next one is added
        }
        return counts;
    }

    private static IEnumerable<List<CorpusPiece>> Batches(IEnumerable<string> pieces)
    {
        var batch = new List<CorpusPiece>();
        long length = 0, document = 0;
        foreach (string piece in pieces)
        {
            document++;
            foreach (CorpusPiece part in CorpusPiece.Of(piece, document))
            {
                batch.Add(part);
                length += part.Length;
                if (length < BatchLength) continue;
                yield return batch;
                batch = [];
                length = 0;
            }
        }
        if (batch.Count > 0) yield return batch;
    }

    private WordCounts CountQueued()
    {
        WordCounts counts = new();
        while (_batches.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            while (_batches.Reader.TryRead(out List<CorpusPiece>? batch)) Count(batch, counts);
        return counts;
    }

    // What is queued is looked at even after a failure, so that the failure named is always the first of the corpus.
    private void Count(List<CorpusPiece> batch, WordCounts counts)
    {
        foreach (CorpusPiece piece in batch)
        {
            ReadOnlySpan<char> text = piece.Text.AsSpan(piece.Start, piece.Length);
            int lone = ValidText.FindLoneSurrogate(text);
            if (lone >= 0)
            {
                Fail(piece, piece.Start + lone);
                return;
            }
            if (_failed) continue;
            for (int start = 0, end; start < text.Length; start = end)
            {
                end = _preTokenization.NextWordEnd(text, start);
                counts.Add(text[start..end]);
            }
        }
    }

    private void Fail(CorpusPiece piece, int offset)
    {
        string message = ValidText.LoneSurrogate(piece.Text[offset], offset).Message;
        lock (_failureLock)
        {
            if (_failure is not { } other || (piece.Document, offset).CompareTo((other.Document, other.Offset)) < 0)
                _failure = (piece.Document, offset, new TokenizerException($"In document {piece.Document} of the corpus: {message}"));
        }
        _failed = true;
    }
}
