namespace TorchLm.Data.Cleaning;

/// <summary>Replaces e-mail addresses by "[email]": a local part, an at sign and a domain name with a top-level domain of letters.</summary>
public sealed class EmailStep : ICleaningStep
{
    /// <inheritdoc/>
    public string Name => "emails";

    /// <inheritdoc/>
    public string Description => "e-mail addresses become [email]";

    /// <inheritdoc/>
    public string? Source => null;

    /// <inheritdoc/>
    public CleaningResult Apply(string text) => PersonalData.Replace<Finder>(text, "[email]");

    private readonly struct Finder : IPersonalDataFinder
    {
        public static bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            for (int search = from; search < text.Length;)
            {
                int at = text[search..].IndexOf('@');
                if (at < 0) break;
                at += search;
                search = at + 1;
                start = at;
                while (start > from && IsLocal(text[start - 1])) start--;
                while (start < at && text[start] == '.') start++;
                end = DomainEnd(text, at + 1);
                if (start < at && text[at - 1] != '.' && end > 0) return true;
            }
            start = end = -1;
            return false;
        }

        /// <summary>The end of the domain name that starts at a position; -1: there is none.</summary>
        private static int DomainEnd(ReadOnlySpan<char> text, int start)
        {
            int end = -1, labelStart = start, labels = 0;
            for (int i = start; ; i++)
            {
                char c = i < text.Length ? text[i] : ' ';
                if (IsWord(c) || c == '-') continue;
                ReadOnlySpan<char> label = text[labelStart..i];
                if (label.IsEmpty || label[0] == '-' || label[^1] == '-') break;
                labels++;
                if (labels > 1 && label.Length >= 2 && AreLetters(label)) end = i;
                if (c != '.') break;
                labelStart = i + 1;
            }
            return end;
        }

        private static bool AreLetters(ReadOnlySpan<char> label)
        {
            foreach (char c in label)
                if (char.IsAsciiDigit(c) || c == '-') return false;
            return true;
        }

        // Latin only: in Chinese or Japanese an address may stand in the text without a space.
        private static bool IsWord(char c) => c < '\u0250' && char.IsLetterOrDigit(c);

        private static bool IsLocal(char c) => IsWord(c) || c is '.' or '_' or '%' or '+' or '-';
    }
}
