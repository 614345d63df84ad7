namespace TorchLm.Data.Datasets;

/// <summary>Texts of files from elsewhere, as long as a sentence can bear.</summary>
internal static class Shown
{
    private const int Limit = 100;

    /// <summary>The text, or its beginning.</summary>
    public static string Of(string text) => text.Length <= Limit ? text : text[..Limit] + "...";
}
