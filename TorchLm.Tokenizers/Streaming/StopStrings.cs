namespace TorchLm.Tokenizers;

/// <summary>
/// Ends a text that comes in pieces at a stop string. Of several, the one that is complete first counts (and of those complete at
/// the same character the longest); the text ends before it. What could be the beginning of one is held back. How the text is cut
/// into pieces makes no difference.
/// </summary>
public sealed class StopStrings
{
    private readonly string[] _stops;
    private string _held = "";

    /// <summary>Creates it for the given stop strings; without any, all text passes through.</summary>
    /// <exception cref="TokenizerException">A stop string is empty.</exception>
    public StopStrings(IEnumerable<string> stops)
    {
        // Longest first, so that among those that end together the longest is found.
        _stops = [.. stops.Distinct(StringComparer.Ordinal).OrderByDescending(stop => stop.Length)];
        if (_stops.Contains(""))
            throw new TokenizerException("A stop string is empty, which would stop everything; give it at least one character.");
    }

    /// <summary>The stop string that ended the text, or null while none has.</summary>
    public string? Found { get; private set; }

    /// <summary>Whether a stop string was found; no more text comes out then.</summary>
    public bool HasStopped => Found is not null;

    /// <summary>Takes the next piece; returns the text that is now certain to stand before any stop string.</summary>
    public string Add(ReadOnlySpan<char> piece)
    {
        if (HasStopped) return "";
        string text = string.Concat(_held, piece);
        for (int end = _held.Length + 1; end <= text.Length; end++)
        {
            var soFar = text.AsSpan(0, end);
            foreach (string stop in _stops)
            {
                if (!soFar.EndsWith(stop, StringComparison.Ordinal)) continue;
                Found = stop;
                _held = "";
                return text[..(end - stop.Length)];
            }
        }
        int certain = text.Length - LongestBeginning(text);
        _held = text[certain..];
        return text[..certain];
    }

    /// <summary>Ends the text: returns what was held back, since no stop string can come of it any more.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    // The length of the longest end of the text that is a beginning of a stop string, but not all of it.
    private int LongestBeginning(ReadOnlySpan<char> text)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            int length = Math.Min(stop.Length - 1, text.Length);
            while (length > longest && !text.EndsWith(stop.AsSpan(0, length), StringComparison.Ordinal)) length--;
            longest = Math.Max(longest, length);
        }
        return longest;
    }
}
