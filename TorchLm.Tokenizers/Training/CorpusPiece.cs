namespace TorchLm.Tokenizers;

/// <summary>A part of a corpus that ends where a word ends in every split.</summary>
/// <param name="Document">The number of the piece that it is from, from 1.</param>
/// <param name="Text">That piece.</param>
/// <param name="Start">Where the part begins.</param>
/// <param name="Length">Its length in UTF-16 units.</param>
internal readonly record struct CorpusPiece(long Document, string Text, int Start, int Length)
{
    private const int LargestLength = 1 << 22;

    /// <summary>The whole piece, or, if it is long, parts of it that several threads can work on.</summary>
    public static IEnumerable<CorpusPiece> Of(string text, long document)
    {
        int start = 0;
        while (text.Length - start > LargestLength)
        {
            int length = SafeCut.FindLast(text.AsSpan(start, LargestLength));
            if (length == 0) break; // one word
            yield return new CorpusPiece(document, text, start, length);
            start += length;
        }
        if (start < text.Length) yield return new CorpusPiece(document, text, start, text.Length - start);
    }
}
