namespace TorchLm.Data.Cleaning;

/// <summary>What a cleaning step made of a document.</summary>
/// <param name="Text">The text to go on with; null: the document is removed.</param>
/// <param name="Count">The number of things that were removed or replaced; 0: the text is unchanged.</param>
/// <param name="Sample">An excerpt of what was removed or replaced, one line of at most 200 characters; null if nothing was.</param>
public readonly record struct CleaningResult(string? Text, long Count, string? Sample)
{
    /// <summary>The result of a step that found nothing to do.</summary>
    public static CleaningResult Unchanged(string text) => new(text, 0, null);

    /// <summary>The result of a step that removes the document.</summary>
    public static CleaningResult Removed(string sample) => new(null, 1, sample);
}
