namespace TorchLm.Data.Cleaning;

/// <summary>Removes documents that are too short or too long.</summary>
internal sealed class LengthStep(CleaningOptions options) : ICleaningStep
{
    public string Name => "length";

    public string Description => options.MaxCharacters == int.MaxValue
        ? $"documents of {options.MinCharacters:N0} characters or more (--min-chars)"
        : $"documents of {options.MinCharacters:N0} to {options.MaxCharacters:N0} characters (--min-chars, --max-chars)";

    public string? Source => null;

    public CleaningResult Apply(string text)
    {
        int length = Building.TextPieces.CountCharacters(text) is var count and <= int.MaxValue ? (int)count : int.MaxValue;
        return length >= options.MinCharacters && length <= options.MaxCharacters
            ? new CleaningResult(text)
            : new CleaningResult(null, 1, $"{length:N0} characters: {PreparationSample.Of(text)}");
    }
}
