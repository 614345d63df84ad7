namespace TorchLm.Data.Cleaning.Quality;

/// <summary>
/// A rule that removes a document for one measured value. The rules of a document share its <see cref="DocumentStatistics"/>, so that its
/// words and lines are split once however many rules are on.
/// </summary>
/// <param name="name">The rule's name.</param>
/// <param name="description">What it does, in one line.</param>
/// <param name="source">The paper it comes from.</param>
/// <param name="breach">What is wrong with a document: the measured value against the limit; null if it stays.</param>
internal sealed class QualityRule(string name, string description, string source, Func<string, string?> breach) : ICleaningStep
{
    public string Name => name;

    public string Description => description;

    public string? Source => source;

    /// <inheritdoc/>
    public bool JudgesDocuments => true;

    public CleaningResult Apply(string text) =>
        breach(text) is { } reason ? CleaningResult.Removed(Excerpt.OfRemoved(reason, text)) : CleaningResult.Unchanged(text);
}
