using System.Buffers;
using System.Text;
using System.Text.Unicode;
using TorchLm.Core;

namespace TorchLm.Data.Reading;

/// <summary>Bytes to text: which encoding they are in, and what becomes of those that are none.</summary>
internal static class EncodedText
{
    private const int SniffedBytes = 8192;

    /// <summary>
    /// The content as UTF-8 without a byte order mark. UTF-16 and UTF-32 are told by theirs; everything else is taken for UTF-8, whose bad bytes are
    /// left for whoever decodes it.
    /// </summary>
    /// <param name="content">The content.</param>
    /// <param name="withNuls">Whether a NUL is left to whoever reads on, rather than a sign that this is no text.</param>
    /// <exception cref="SkippedDocumentException">The content is not text: it holds NULs.</exception>
    public static Stream AsUtf8(Stream content, bool withNuls = false)
    {
        byte[] start = new byte[SniffedBytes];
        int length = content.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        ReadOnlySpan<byte> head = start.AsSpan(0, length);
        (Encoding? wide, int mark) = head switch
        {
            [0xFF, 0xFE, 0, 0, ..] => (new UTF32Encoding(bigEndian: false, byteOrderMark: false), 4),
            [0, 0, 0xFE, 0xFF, ..] => (new UTF32Encoding(bigEndian: true, byteOrderMark: false), 4),
            [0xFF, 0xFE, ..] => (new UnicodeEncoding(bigEndian: false, byteOrderMark: false), 2),
            [0xFE, 0xFF, ..] => (new UnicodeEncoding(bigEndian: true, byteOrderMark: false), 2),
            [0xEF, 0xBB, 0xBF, ..] => (null, 3),
            _ => ((Encoding?)null, 0),
        };
        if (wide is null && !withNuls && head.Contains((byte)0)) throw new SkippedDocumentException(SkipReason.Binary, "it holds NUL bytes, as no text does");
        Stream whole = new PrefixedStream(start.AsMemory(mark, length - mark), content);
        if (wide is null) return whole;

        // What is no character becomes a byte that UTF-8 never has, so that it meets the same fate as bad bytes of UTF-8.
        var marking = (Encoding)wide.Clone();
        marking.DecoderFallback = new DecoderReplacementFallback(MarkOfInvalid);
        return new MarkedStream(Encoding.CreateTranscodingStream(whole, marking, new UTF8Encoding(false)));
    }

    /// <summary>Decodes UTF-8.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="policy">What becomes of those that are no text.</param>
    /// <param name="name">What messages call the document.</param>
    /// <param name="position">Where the first byte stands in the file; null where nobody could find that place.</param>
    /// <exception cref="SkippedDocumentException">There are bad bytes, and the policy is to skip.</exception>
    /// <exception cref="InputException">There are bad bytes, and the policy is to fail.</exception>
    public static DocumentText Decode(ReadOnlySpan<byte> bytes, InvalidBytes policy, string name, long? position = 0)
    {
        if (Utf8.IsValid(bytes)) return new DocumentText(Encoding.UTF8.GetString(bytes));
        int first = FirstInvalid(bytes);
        string where = position is { } start ? $"the bytes from offset {start + first} on are" : "some bytes of it are";
        if (policy == InvalidBytes.Skip) throw new SkippedDocumentException(SkipReason.InvalidBytes, $"{where} not UTF-8");
        if (policy == InvalidBytes.Fail)
        {
            throw new InputException($"'{name}' is not UTF-8 text: {where} not a character: convert the file to UTF-8, leave it out, or pass " +
                "--invalid replace or --invalid skip.");
        }
        return Replace(bytes);
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        char[] rented = ArrayPool<char>.Shared.Rent(bytes.Length);
        Utf8.ToUtf16(bytes, rented, out int read, out _, replaceInvalidSequences: false);
        ArrayPool<char>.Shared.Return(rented);
        return read;
    }

    private static DocumentText Replace(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        int invalid = 0;
        char[] rented = ArrayPool<char>.Shared.Rent(bytes.Length);
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Utf8.ToUtf16(bytes, rented, out int read, out int written, replaceInvalidSequences: false);
            text.Append(rented, 0, written);
            bytes = bytes[read..];
            if (status == OperationStatus.Done) break;
            Rune.DecodeFromUtf8(bytes, out _, out int bad);
            text.Append('\uFFFD');
            invalid++;
            bytes = bytes[bad..];
        }
        ArrayPool<char>.Shared.Return(rented);
        return new DocumentText(text.ToString(), invalid);
    }

    /// <summary>What becomes of a text that was decoded with <paramref name="mark"/> in the place of each bad sequence.</summary>
    /// <exception cref="SkippedDocumentException">There are marks, and the policy is to skip.</exception>
    /// <exception cref="InputException">There are marks, and the policy is to fail.</exception>
    public static DocumentText Judge(string text, char mark, InvalidBytes policy, string name)
    {
        int invalid = text.AsSpan().Count(mark);
        if (invalid == 0) return new DocumentText(text);
        if (policy != InvalidBytes.Replace) Decode([0xFF], policy, name, position: null); // says so
        return new DocumentText(text.Replace(mark, '\uFFFD'), invalid);
    }

    // SUBSTITUTE, which ASCII has for this very purpose, and whose UTF-8 is one byte.
    private const string MarkOfInvalid = "\u001A";

    private sealed class MarkedStream(Stream content) : ReadOnlyStream(content)
    {
        public override int Read(Span<byte> buffer)
        {
            int read = Inner.Read(buffer);
            buffer[..read].Replace((byte)0x1A, (byte)0xFF);
            return read;
        }
    }

    /// <summary>A stream whose beginning was read already.</summary>
    private sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : ReadOnlyStream(rest)
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override int Read(Span<byte> buffer)
        {
            if (_prefix.IsEmpty) return Inner.Read(buffer);
            int count = Math.Min(buffer.Length, _prefix.Length);
            _prefix.Span[..count].CopyTo(buffer);
            _prefix = _prefix[count..];
            return count;
        }
    }
}
