namespace TorchLm.Tokenizers;

/// <summary>
/// GPT-2's printable spelling of bytes (<c>bytes_to_unicode</c> of its encoder.py): the 188 visible characters of Latin-1
/// spell themselves, the other 68 bytes are spelt U+0100, U+0101, ... in ascending order, so that a space reads "Ġ".
/// Tokenizer files hold tokens in this spelling.
/// </summary>
public static class ByteAlphabet
{
    private static readonly char[] _characters = new char[256];
    private static readonly Dictionary<char, byte> _bytes = new(256);
    private static readonly byte[] _order = new byte[256];

    static ByteAlphabet()
    {
        int visible = 0, hidden = 0;
        for (int value = 0; value < 256; value++)
        {
            bool isVisible = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            _characters[value] = isVisible ? (char)value : (char)(256 + hidden);
            _order[isVisible ? visible++ : 188 + hidden++] = (byte)value;
            _bytes[_characters[value]] = (byte)value;
        }
    }

    /// <summary>
    /// The 256 bytes in the order in which GPT-2 numbers them: visible ones ascending, then the others ascending.
    /// </summary>
    public static ReadOnlySpan<byte> Order => _order;

    /// <summary>The printable spelling of <paramref name="bytes"/>, one character a byte.</summary>
    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        Span<char> spelling = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++) spelling[i] = _characters[bytes[i]];
        return new string(spelling);
    }

    /// <summary>
    /// The bytes that <paramref name="spelling"/> stands for, or null if it holds a character outside of the alphabet.
    /// </summary>
    public static byte[]? Read(ReadOnlySpan<char> spelling)
    {
        byte[] bytes = new byte[spelling.Length];
        for (int i = 0; i < bytes.Length; i++)
            if (!_bytes.TryGetValue(spelling[i], out bytes[i])) return null;
        return bytes;
    }
}
