namespace TorchLm.Data.Cleaning.Quality;

/// <summary>
/// Counts sentences by their ends: a run of full stops, question or exclamation marks, and what closes it, in front of white space, or of
/// anything in scripts without spaces. Abbreviations count too, as a rule against pages without prose can bear.
/// </summary>
internal static class Sentences
{
    /// <summary>The number of sentences, counting no further than <paramref name="enough"/>.</summary>
    public static int Count(ReadOnlySpan<char> text, int enough)
    {
        int count = 0, position = 0;
        while (count < enough)
        {
            int found = text[position..].IndexOfAny(Punctuation.SentenceEnd);
            if (found < 0) break;
            position += found;
            bool unspaced = false;
            while (position < text.Length && Punctuation.SentenceEnd.Contains(text[position]))
                unspaced |= Punctuation.UnspacedEnd.Contains(text[position++]);
            while (position < text.Length && Punctuation.Closing.Contains(text[position])) position++;
            if (unspaced || position == text.Length || char.IsWhiteSpace(text[position])) count++;
        }
        return count;
    }
}
