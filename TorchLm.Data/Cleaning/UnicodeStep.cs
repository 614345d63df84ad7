using System.Text;
using TorchLm.Data.Cleaning.Unicode;

namespace TorchLm.Data.Cleaning;

/// <summary>Brings a text into a Unicode normalisation form, so that one character is not written in two ways.</summary>
/// <param name="form">The form; C keeps what a reader sees, the K forms also fold ligatures, widths and superscripts.</param>
public sealed class UnicodeStep(NormalizationForm form) : ICleaningStep
{
    private readonly UnicodeNormalizer _normalizer = new(form);

    /// <inheritdoc/>
    public string Name => "unicode";

    /// <inheritdoc/>
    public string Description => $"Unicode normalisation form {(form switch
    {
        NormalizationForm.FormC => "C",
        NormalizationForm.FormD => "D",
        NormalizationForm.FormKC => "KC",
        _ => "KD",
    })}; lone surrogates become U+FFFD";

    /// <inheritdoc/>
    public string? Source => "Unicode Standard Annex #15";

    /// <inheritdoc/>
    public CleaningResult Apply(string text)
    {
        string normal = _normalizer.Normalize(text, out long changes, out string? first);
        if (changes == 0) return CleaningResult.Unchanged(text);
        int shown = Math.Min(first!.Length, 8);
        return new CleaningResult(normal, changes, string.Join(' ', first.Take(shown).Select(c => Excerpt.CodePoint(c))));
    }
}
