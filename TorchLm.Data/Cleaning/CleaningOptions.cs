using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>The limits of the cleaning steps. The defaults are those of the papers that the steps name.</summary>
public sealed record CleaningOptions
{
    /// <summary>The form that <c>unicode</c> brings text into.</summary>
    public NormalizationForm Normalization { get; init; } = NormalizationForm.FormC;

    /// <summary>A line counts as boilerplate only where it has at least so many characters.</summary>
    public int MinBoilerplateLine { get; init; } = 20;

    /// <summary>In how many documents at least a line of boilerplate occurs.</summary>
    public int BoilerplateDocuments { get; init; } = 10;

    /// <summary>In which share of all documents at least a line of boilerplate occurs.</summary>
    public double BoilerplateShare { get; init; } = 0.001;

    /// <summary>Lines that are counted at once: memory for looking for boilerplate is about 40 bytes each.</summary>
    public int BoilerplateCapacity { get; init; } = 1 << 22;

    /// <summary>Texts that training must not contain.</summary>
    public IReadOnlyList<string> HeldOutTexts { get; init; } = [];

    /// <summary>Words in a row that are taken for a part of a held-out text.</summary>
    public int HeldOutWords { get; init; } = 13;

    /// <summary>A run of words that occurs in more documents than this is common speech rather than a leak.</summary>
    public int HeldOutCommon { get; init; } = 10;

    /// <summary>Characters on each side of a part of a held-out text that are removed with it, and of the shortest piece that is kept.</summary>
    public int HeldOutMargin { get; init; } = 200;

    /// <summary>Fewest characters of a document.</summary>
    public int MinCharacters { get; init; } = 200;

    /// <summary>Most characters of a document.</summary>
    public int MaxCharacters { get; init; } = int.MaxValue;

    /// <summary>Whether a document is in a language that is wanted; null takes all.</summary>
    public Func<string, bool>? LanguageFilter { get; init; }
}
