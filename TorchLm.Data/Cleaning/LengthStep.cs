namespace TorchLm.Data.Cleaning;

/// <summary>Removes documents that are too short or too long, in characters (UTF-16 units).</summary>
public sealed class LengthStep(CleaningOptions options) : ICleaningStep
{
    /// <inheritdoc/>
    public string Name => "length";

    /// <inheritdoc/>
    public string Description => $"documents of fewer than {options.MinCharacters}" +
        (options.MaxCharacters is { } most ? $" or more than {most}" : "") + " characters are removed";

    /// <inheritdoc/>
    public string? Source => null;

    /// <inheritdoc/>
    public bool JudgesDocuments => true;

    /// <inheritdoc/>
    public CleaningResult Apply(string text) =>
        text.Length < options.MinCharacters
            ? CleaningResult.Removed(Excerpt.OfRemoved($"{text.Length} characters, fewer than {options.MinCharacters}", text))
        : text.Length > options.MaxCharacters
            ? CleaningResult.Removed(Excerpt.OfRemoved($"{text.Length} characters, more than {options.MaxCharacters}", text))
        : CleaningResult.Unchanged(text);
}
