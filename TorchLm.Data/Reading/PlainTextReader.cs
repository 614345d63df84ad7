using System.Text;

namespace TorchLm.Data.Reading;

/// <summary>Text files: each one document, or divided at a separator.</summary>
/// <remarks>
/// A document longer than <see cref="SectionLength"/> comes in sections, parted at white space after a letter or digit (at a line's end where there is
/// one near), so that a file may be larger than memory. The white space between two sections is kept apart, so that cleaning both does not join words.
/// </remarks>
internal sealed class PlainTextReader(Stream utf8, byte[] separator)
{
    /// <summary>Bytes up to which a document stays in one part.</summary>
    public const int SectionLength = 1 << 22;

    private const int LookBack = 1 << 16;

    private byte[] _buffer = new byte[1 << 14]; // grows: most files are small
    private int _start, _end;
    private long _position; // of the buffer's first byte in the content
    private string? _joint;

    /// <summary>The documents of a file.</summary>
    /// <param name="utf8">The file's content.</param>
    /// <param name="name">The file.</param>
    /// <param name="source">What the user named.</param>
    /// <param name="options">Separator and treatment of bad bytes.</param>
    public static IEnumerable<Document> Read(Stream utf8, string name, string source, ReadingOptions options)
    {
        bool divided = options.Separator is { Length: > 0 };
        var reader = new PlainTextReader(utf8, Encoding.UTF8.GetBytes(options.Separator ?? ""));
        long number = 0;
        foreach (Part part in reader.Parts())
        {
            if (divided && part.Joint is null)
            {
                if (part.Bytes.Length == 0) continue;
                number++;
            }
            string partName = divided ? $"{name}, part {number}" : name;
            yield return new Document(partName, source, part.Bytes.Length, () => EncodedText.Decode(part.Bytes, options.Invalid, partName, part.Position), part.Joint);
        }
    }

    private IEnumerable<Part> Parts()
    {
        while (true)
        {
            bool last = Fill();
            int found = separator.Length > 0 ? _buffer.AsSpan(_start.._end).IndexOf(separator) : -1;
            while (found >= 0)
            {
                yield return Take(found, found + separator.Length);
                _joint = null;
                found = _buffer.AsSpan(_start.._end).IndexOf(separator);
            }
            if (last)
            {
                // What follows the last section is nothing only where the file ends with white space there, or is empty.
                if (_start < _end || _joint is null) yield return Take(_end - _start, _end - _start);
                yield break;
            }
            if (_start > 0) continue;
            (int end, int next) = FindCut(_buffer.AsSpan(0, _end - separator.Length));
            string joint = Encoding.UTF8.GetString(_buffer, end, next - end);
            yield return Take(end, next);
            _joint = joint;
        }
    }

    // Moves what is left to the front and fills the buffer; true where the content has ended.
    private bool Fill()
    {
        _position += _start;
        _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        while (true)
        {
            _end += utf8.ReadAtLeast(_buffer.AsSpan(_end), _buffer.Length - _end, throwOnEndOfStream: false);
            if (_end < _buffer.Length) return true;
            if (_end == SectionLength) return false;
            Array.Resize(ref _buffer, Math.Min(4 * _buffer.Length, SectionLength));
        }
    }

    private Part Take(int length, int consumed)
    {
        var part = new Part(_buffer[_start..(_start + length)], _position + _start, _joint);
        _start += consumed;
        return part;
    }

    // Where a section ends and where the next begins. There the ids of both are those of the whole, as SafeCut explains; a text without such a place near
    // is cut at other white space, or before any character.
    private static (int End, int Next) FindCut(ReadOnlySpan<byte> bytes)
    {
        (int End, int Next)? within = null, anywhere = null;
        int next = -1; // where the white space that is being passed ends
        for (int i = bytes.Length - 1; i > bytes.Length - LookBack; i--)
        {
            if (!IsSpace(bytes[i]))
            {
                next = i;
                continue;
            }
            if (next < 0 || IsSpace(bytes[i - 1])) continue;
            anywhere ??= (i, next);
            if (!char.IsAsciiLetterOrDigit((char)bytes[i - 1])) continue;
            if (bytes[i..next].ContainsAny((byte)'\n', (byte)'\r')) return (i, next);
            within ??= (i, next);
        }
        if ((within ?? anywhere) is { } cut) return cut;
        int start = bytes.Length - 1;
        while (start > bytes.Length - 4 && (bytes[start] & 0xC0) == 0x80) start--;
        return (start, start);
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';

    // Bytes of a document or a section of one, where they stand in the content, and the white space before a section that is not the first.
    private sealed record Part(byte[] Bytes, long Position, string? Joint);
}
