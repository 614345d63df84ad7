using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>Finds one kind of personal data.</summary>
internal interface IPersonalDataFinder
{
    /// <summary>The next one that starts at or behind a position; false: there is none.</summary>
    static abstract bool Next(ReadOnlySpan<char> text, int from, out int start, out int end);
}

/// <summary>Replaces personal data by a placeholder. Samples show its shape alone: letters as x, digits as 0.</summary>
internal static class PersonalData
{
    public static CleaningResult Replace<TFinder>(string text, string placeholder) where TFinder : IPersonalDataFinder
    {
        StringBuilder? output = null;
        string? sample = null;
        long count = 0;
        int position = 0;
        while (TFinder.Next(text, position, out int start, out int end))
        {
            output ??= new StringBuilder(text.Length);
            output.Append(text, position, start - position).Append(placeholder);
            sample ??= Excerpt.Shape(text.AsSpan(start, end - start));
            count++;
            position = end;
        }
        return count == 0 ? CleaningResult.Unchanged(text)
            : new CleaningResult(output!.Append(text, position, text.Length - position).ToString(), count, sample);
    }
}
