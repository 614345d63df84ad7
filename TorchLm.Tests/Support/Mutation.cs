using System.Text;

namespace TorchLm.Tests.Support;

/// <summary>
/// Damage to a file: what disks and connections do, and what someone would do who means harm. The same seed does the same damage, so that a failure that
/// names its seed can be repeated.
/// </summary>
internal static class Mutation
{
    /// <summary>Numbers at which arithmetic goes wrong.</summary>
    private static readonly string[] s_numbers =
    [
        "0", "-1", "1", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807", "18446744073709551615", "1e308", "1e-308", "0.5", "null",
        "true", "\"\"", "[]", "{}", "99999999999999999999999999",
    ];

    private static readonly string[] s_texts = ["\\ud800", "\\u0000", "\0", "../", "/", "\"", "{", "[", ",", ":", "\n", "\r", " ", "\u00ff", "🦊", "Infinity", "NaN"];

    /// <summary>A copy of the file with one to four damages.</summary>
    public static byte[] Of(byte[] file, int seed)
    {
        var random = new Random(seed);
        var bytes = new List<byte>(file);
        for (int i = random.Next(4); i >= 0; i--) Damage(bytes, random);
        return [.. bytes];
    }

    private static void Damage(List<byte> bytes, Random random)
    {
        if (bytes.Count == 0) bytes.Add((byte)random.Next(256));
        int at = random.Next(bytes.Count), length = Math.Min(bytes.Count - at, 1 + random.Next(random.Next(2) == 0 ? 8 : 200));
        switch (random.Next(11))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes.RemoveRange(at, bytes.Count - at); break;
            case 3: bytes.RemoveRange(at, length); break;
            case 4: bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length)); break; // something stands twice
            case 5: bytes.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256)).ToArray()); break;
            case 6: Overwrite(bytes, at, Boundary(random)); break;
            case 7: bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_texts[random.Next(s_texts.Length)])); break;
            case 8: Overwrite(bytes, Math.Min(at, 8 * random.Next(8)), Boundary(random)); break; // near the beginning, where lengths are
            case 9: bytes.AddRange(bytes.GetRange(at, length)); break;
            default: ReplaceNumber(bytes, at, random); break;
        }
    }

    /// <summary>A little-endian integer of 1, 2, 4 or 8 bytes next to a power of two.</summary>
    private static byte[] Boundary(Random random) =>
        BitConverter.GetBytes((1UL << random.Next(64)) + (ulong)(random.Next(3) - 1))[..(1 << random.Next(4))];

    private static void Overwrite(List<byte> bytes, int at, byte[] with)
    {
        for (int i = 0; i < with.Length && at + i < bytes.Count; i++) bytes[at + i] = with[i];
    }

    /// <summary>Puts something else where a number stands in text, at or after a place.</summary>
    private static void ReplaceNumber(List<byte> bytes, int at, Random random)
    {
        int start = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
        if (start < 0) return;
        int end = start;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9' or (byte)'.') end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(s_numbers[random.Next(s_numbers.Length)]));
    }
}
