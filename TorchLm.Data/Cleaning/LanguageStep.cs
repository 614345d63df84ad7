namespace TorchLm.Data.Cleaning;

/// <summary>Removes documents that the caller's filter does not want: the place for a language identifier of any kind.</summary>
internal sealed class LanguageStep(Func<string, bool> filter) : ICleaningStep
{
    public string Name => "language";

    public string Description => "documents that the language filter takes";

    public string? Source => null;

    public CleaningResult Apply(string text) => filter(text) ? new CleaningResult(text) : new CleaningResult(null, 1, PreparationSample.Of(text));
}
