namespace TorchLm.Data.Cleaning;

/// <summary>Removes documents in other languages, as the caller's filter says.</summary>
/// <param name="keeps">Whether a document stays; safe to call from many threads at once.</param>
public sealed class LanguageStep(Func<string, bool> keeps) : ICleaningStep
{
    /// <inheritdoc/>
    public string Name => "language";

    /// <inheritdoc/>
    public string Description => "documents in another language are removed";

    /// <inheritdoc/>
    public string? Source => null;

    /// <inheritdoc/>
    public bool JudgesDocuments => true;

    /// <inheritdoc/>
    public CleaningResult Apply(string text) =>
        keeps(text) ? CleaningResult.Unchanged(text) : CleaningResult.Removed(Excerpt.OfRemoved("another language", text));
}
