namespace TorchLm.Data.Cleaning;

/// <summary>
/// Replaces payment card numbers by "[card]": 13 to 19 digits that start with 2 to 6, as cards of banks do, and pass the Luhn check
/// (ISO/IEC 7812), in one run or in groups of at least three digits that are all parted by a space or all by a hyphen.
/// </summary>
public sealed class CardStep : ICleaningStep
{
    /// <inheritdoc/>
    public string Name => "cards";

    /// <inheritdoc/>
    public string Description => "payment card numbers become [card]";

    /// <inheritdoc/>
    public string? Source => "ISO/IEC 7812 (Luhn check)";

    /// <inheritdoc/>
    public CleaningResult Apply(string text) => PersonalData.Replace<Finder>(text, "[card]");

    private readonly struct Finder : IPersonalDataFinder
    {
        private const int Least = 13, Most = 19;

        public static bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            for (int search = from; search < text.Length;)
            {
                int digit = text[search..].IndexOfAnyInRange('0', '9');
                if (digit < 0) break;
                start = search + digit;
                int runEnd = start;
                while (runEnd < text.Length && char.IsAsciiDigit(text[runEnd])) runEnd++;
                search = runEnd;
                if (text[start] is < '2' or > '6' || !StartsHere(text[from..], start - from)) continue;
                end = CardEnd(text, start);
                if (end > 0) return true;
            }
            start = end = -1;
            return false;
        }

        /// <summary>Not within a word, an amount or a longer number; a placeholder before it is as good as nothing.</summary>
        private static bool StartsHere(ReadOnlySpan<char> text, int start) => start == 0 ||
            (!char.IsLetterOrDigit(text[start - 1]) &&
            !(text[start - 1] is '.' or ',' or '-' or '/' or '_' && start > 1 && char.IsAsciiDigit(text[start - 2])));

        private static int CardEnd(ReadOnlySpan<char> text, int start)
        {
            Span<int> groupEnds = stackalloc int[8], digitsUpTo = stackalloc int[8];
            Span<byte> digits = stackalloc byte[Most];
            int groups = 0, count = 0, groupStart = start;
            char separator = '\0';
            for (int i = start; ; i++)
            {
                char c = i < text.Length ? text[i] : '\0';
                if (char.IsAsciiDigit(c))
                {
                    if (count == Most) break;
                    digits[count++] = (byte)(c - '0');
                    continue;
                }
                if (i - groupStart < 3 || groups == groupEnds.Length) break;
                bool inWord = char.IsLetterOrDigit(c) || c == '_';
                if (!inWord) (groupEnds[groups], digitsUpTo[groups++]) = (i, count);
                if (c is not (' ' or '-') || (separator != '\0' && c != separator)) break;
                separator = c;
                groupStart = i + 1;
            }
            // The longest first: a number behind the card may have been read as its last group.
            for (int group = groups - 1; group >= 0; group--)
            {
                int end = groupEnds[group];
                if (end + 1 < text.Length && text[end] is '-' or '.' or ',' && char.IsAsciiDigit(text[end + 1])) continue;
                if (digitsUpTo[group] >= Least && PassesLuhn(digits[..digitsUpTo[group]])) return end;
            }
            return -1;
        }

        private static bool PassesLuhn(ReadOnlySpan<byte> digits)
        {
            int sum = 0;
            for (int i = 0; i < digits.Length; i++)
            {
                int digit = digits[^(i + 1)];
                if ((i & 1) == 1 && (digit *= 2) > 9) digit -= 9;
                sum += digit;
            }
            return sum % 10 == 0;
        }
    }
}
