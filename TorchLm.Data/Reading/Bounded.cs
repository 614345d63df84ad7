namespace TorchLm.Data.Reading;

/// <summary>Reading no more than memory is to hold.</summary>
internal static class Bounded
{
    /// <summary>All that is left of a stream; null where that is more than the limit.</summary>
    public static byte[]? ReadAll(Stream stream, int limit)
    {
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            if (content.Length + read > limit) return null;
            content.Write(buffer, 0, read);
        }
        return content.ToArray();
    }

    /// <summary>
    /// The lines of a stream without their line feeds; null for one that is longer than the limit, which is passed over.
    /// </summary>
    public static IEnumerable<byte[]?> ReadLines(Stream stream, int limit)
    {
        byte[] buffer = new byte[1 << 16];
        using var line = new MemoryStream();
        bool tooLong = false;
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            int start = 0;
            for (int length = Next(buffer, start, read); length >= 0; length = Next(buffer, start, read))
            {
                if (!tooLong && line.Length + length <= limit)
                {
                    line.Write(buffer, start, length);
                    yield return line.ToArray();
                }
                else
                {
                    yield return null;
                }
                line.SetLength(0);
                tooLong = false;
                start += length + 1;
            }
            if (tooLong || line.Length + read - start > limit)
            {
                tooLong = true;
                line.SetLength(0);
            }
            else
            {
                line.Write(buffer, start, read - start);
            }
        }
        if (tooLong) yield return null;
        else if (line.Length > 0) yield return line.ToArray();
    }

    // Distance to the next line feed, or -1.
    private static int Next(byte[] buffer, int start, int end) => buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
}
