using System.Buffers;
using System.Text.Unicode;
using TorchLm.Core;

namespace TorchLm.Data.Building;

/// <summary>
/// Reads text files as UTF-8, in pieces, and accepts nothing that is not UTF-8: replacing bad bytes silently would teach a model
/// U+FFFD.
/// </summary>
internal static class StrictUtf8
{
    private const int PieceBytes = 1 << 20;

    /// <summary>
    /// The text of a file, without a byte order mark, in pieces of about a million characters that never part a surrogate pair.
    /// </summary>
    /// <exception cref="InputException">
    /// The file cannot be read or is not UTF-8; the sentence names the offset of the first bad byte.
    /// </exception>
    public static IEnumerable<string> ReadPieces(string path)
    {
        using FileStream file = Open(path);
        byte[] bytes = new byte[PieceBytes];
        char[] characters = new char[PieceBytes]; // UTF-8 never has fewer bytes than UTF-16 has units
        long position = 0; // of the buffer's first byte in the file
        int length = 0;
        while (true)
        {
            int read = Fill(file, path, bytes.AsSpan(length));
            bool last = read < bytes.Length - length;
            length += read;
            int skip = position == 0 && bytes.AsSpan(0, length).StartsWith("\uFEFF"u8) ? 3 : 0;

            OperationStatus status = Utf8.ToUtf16(
                bytes.AsSpan(skip, length - skip), characters, out int consumed, out int written,
                replaceInvalidSequences: false, isFinalBlock: last);
            consumed += skip;
            if (status == OperationStatus.InvalidData)
            {
                throw NotUtf8(path, position + consumed, bytes.AsSpan(0, length), position == 0);
            }
            if (written > 0) yield return new string(characters, 0, written);
            if (last) yield break;

            bytes.AsSpan(consumed, length - consumed).CopyTo(bytes); // the beginning of a character
            position += consumed;
            length -= consumed;
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0,
                FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read '{path}': {failure.Message}", failure);
        }
    }

    private static int Fill(FileStream file, string path, Span<byte> buffer)
    {
        try
        {
            return file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (IOException failure)
        {
            throw new InputException($"Cannot read '{path}': {failure.Message}", failure);
        }
    }

    private static InputException NotUtf8(string path, long offset, ReadOnlySpan<byte> start, bool atStart)
    {
        bool utf16 = atStart && start.Length >= 2 && (start[0], start[1]) is (0xFF, 0xFE) or (0xFE, 0xFF);
        return new InputException($"'{path}' is not UTF-8 text: the bytes from offset {offset} on are not a character" +
            (utf16 ? ", and the file starts like UTF-16: save it as UTF-8." : ": convert the file to UTF-8, or leave it out."));
    }
}
