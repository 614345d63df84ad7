using TorchLm.Data.Cleaning.Quality;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Removes lines as C4 does (Raffel et al. 2020, section 2.2): those that do not end in terminal punctuation, have fewer than five words or
/// name Javascript. A document with no other line is removed.
/// </summary>
public sealed class C4LinesStep(CleaningOptions options) : ICleaningStep
{
    /// <inheritdoc/>
    public string Name => "c4-lines";

    /// <inheritdoc/>
    public string Description =>
        $"lines without terminal punctuation, of fewer than {options.MinLineWords} words or with the word Javascript are removed";

    /// <inheritdoc/>
    public string? Source => "C4: Raffel et al. 2020, section 2.2";

    /// <inheritdoc/>
    public CleaningResult Apply(string text) => LineRemoval.Apply(text, new Rule(options.MinLineWords));

    private readonly struct Rule(int minWords) : ILineRule
    {
        public bool Removes(ReadOnlySpan<char> line) => !Punctuation.Terminal.Contains(line[^1]) || HasFewWords(line) ||
            line.Contains("javascript", StringComparison.OrdinalIgnoreCase);

        private bool HasFewWords(ReadOnlySpan<char> line)
        {
            int words = 0;
            bool inside = false;
            foreach (char c in line)
            {
                bool space = char.IsWhiteSpace(c);
                if (!space && !inside && ++words >= minWords) return false;
                inside = !space;
            }
            return words < minWords;
        }
    }
}
