using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TorchLm.Data.Deduplication;

/// <summary>What two texts have in common if they differ in nothing but white space.</summary>
public static class NormalizedText
{
    private const int BufferLength = 1024; // characters: 2 KiB of stack

    /// <summary>
    /// XxHash128 of the text's UTF-16 code units (little-endian), with every run of white space as one space and none at either end.
    /// Case, punctuation and the form of accents do count.
    /// </summary>
    /// <param name="text">The text; it is read once and not copied as a whole.</param>
    /// <returns>128 bits: among n different texts, the chance that any two collide is about n² / 2^129.</returns>
    public static UInt128 Hash(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        XxHash128 hash = new();
        Span<char> buffer = stackalloc char[BufferLength];
        int used = 0;
        bool started = false, spaceDue = false;
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c))
            {
                spaceDue = started; // written only once something follows it: so the end is trimmed
                continue;
            }
            if (used > BufferLength - 2)
            {
                hash.Append(MemoryMarshal.AsBytes(buffer[..used]));
                used = 0;
            }
            if (spaceDue) buffer[used++] = ' ';
            buffer[used++] = c;
            started = true;
            spaceDue = false;
        }
        hash.Append(MemoryMarshal.AsBytes(buffer[..used]));
        return hash.GetCurrentHashAsUInt128();
    }
}
