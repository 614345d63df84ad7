using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>Brings text into a normalization form, so that what looks equal is equal.</summary>
internal sealed class UnicodeStep(NormalizationForm form) : ICleaningStep
{
    public string Name => "unicode";

    public string Description => "characters in one normalization form (--normalization, default nfc)";

    public string? Source => "Unicode Standard Annex #15";

    public CleaningResult Apply(string text)
    {
        string valid = WithoutLoneSurrogates(text), normal = UnicodeNormalization.Normalize(valid, form);
        if (ReferenceEquals(normal, text)) return new CleaningResult(text);
        int at = normal.AsSpan().CommonPrefixLength(text), sample = Math.Max(0, at - 20);
        return new CleaningResult(normal, 1, PreparationSample.Around(text, sample, 60));
    }

    private static string WithoutLoneSurrogates(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return text;
        StringBuilder? result = null;
        int index = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            // The enumerator gives U+FFFD for half of a pair.
            if (rune == Rune.ReplacementChar && text[index] != '\uFFFD') result ??= new StringBuilder(text, 0, index, text.Length);
            result?.Append(rune.ToString());
            index += rune.Utf16SequenceLength;
        }
        return result?.ToString() ?? text;
    }
}
