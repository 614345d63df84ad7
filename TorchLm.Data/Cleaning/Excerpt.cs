namespace TorchLm.Data.Cleaning;

/// <summary>Samples for reports: one line, cut to a length.</summary>
internal static class Excerpt
{
    /// <summary>The most characters of a sample.</summary>
    public const int Limit = 200;

    private const int OpeningLength = 120;

    /// <summary>The text with control characters and white space as spaces, at most <paramref name="limit"/> characters.</summary>
    public static string Of(ReadOnlySpan<char> text, int limit = Limit)
    {
        bool cut = text.Length > limit;
        int length = cut ? limit - 1 : text.Length;
        if (length > 0 && cut && char.IsHighSurrogate(text[length - 1])) length--;
        Span<char> line = stackalloc char[Limit + 1];
        for (int i = 0; i < length; i++)
        {
            char c = text[i];
            line[i] = char.IsControl(c) || char.IsWhiteSpace(c) ? ' ' : c;
        }
        if (cut) line[length++] = '…';
        return new string(line[..length]);
    }

    /// <summary>The beginning of a removed document behind the reason for its removal.</summary>
    public static string OfRemoved(string reason, string text) => $"{reason}: {Of(text, OpeningLength)}";

    /// <summary>Personal data's shape alone: letters become x, digits 0.</summary>
    public static string Shape(ReadOnlySpan<char> text)
    {
        int length = Math.Min(text.Length, 60);
        Span<char> shape = stackalloc char[60];
        for (int i = 0; i < length; i++)
            shape[i] = char.IsAsciiDigit(text[i]) ? '0' : char.IsLetterOrDigit(text[i]) ? 'x' : text[i] is '\n' ? ' ' : text[i];
        return new string(shape[..length]);
    }

    /// <summary>A character by name, for a sample in which it could not be seen.</summary>
    public static string CodePoint(int code) => $"U+{code:X4}";
}
