using System.Buffers;
using System.Diagnostics;
using TorchLm.Tokenizers;

namespace TorchLm.Benchmarks;

/// <summary>Times encoding of a text that is in memory.</summary>
public static class EncodingBenchmark
{
    private const int PieceLength = 1 << 17;

    /// <summary>Encodes a text several times.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text.</param>
    /// <param name="threads">Threads to work with.</param>
    /// <param name="rounds">How often; the first, in which caches fill and code is compiled, comes on top and does not count.</param>
    /// <returns>Seconds of each round, and how many tokens the text has.</returns>
    public static (double[] Seconds, long Tokens) Run(ITokenizer tokenizer, string text, int threads, int rounds)
    {
        List<(int Start, int Length)> pieces = [];
        for (int start = 0; start < text.Length;)
        {
            int length = Math.Min(PieceLength, text.Length - start);
            if (start + length < text.Length && SafeCut.FindLast(text.AsSpan(start, length)) is > 0 and var cut) length = cut;
            pieces.Add((start, length));
            start += length;
        }
        long tokens = 0;
        double[] seconds = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            long sum = 0;
            var watch = Stopwatch.StartNew();
            Parallel.ForEach(pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new ArrayBufferWriter<int>(PieceLength), (piece, _, buffer) =>
            {
                buffer.ResetWrittenCount();
                tokenizer.Encode(text.AsSpan(piece.Start, piece.Length), buffer);
                Interlocked.Add(ref sum, buffer.WrittenCount);
                return buffer;
            }, _ => { });
            if (round >= 0) seconds[round] = watch.Elapsed.TotalSeconds;
            tokens = sum;
        }
        return (seconds, tokens);
    }
}
