namespace TorchLm.Data.Cleaning;

/// <summary>
/// Replaces telephone numbers by "[phone]": international ones with a plus sign (ITU-T E.164: 8 to 15 digits) or 00, North American ones
/// with hyphens, points or brackets, and national ones with a leading 0 and a separated area code. Digits without a plus sign and without
/// separators are never taken for a telephone number, and dates, times, amounts and versions are not.
/// </summary>
public sealed class PhoneStep : ICleaningStep
{
    /// <inheritdoc/>
    public string Name => "phones";

    /// <inheritdoc/>
    public string Description => "telephone numbers become [phone]";

    /// <inheritdoc/>
    public string? Source => null;

    /// <inheritdoc/>
    public CleaningResult Apply(string text) => PersonalData.Replace<Finder>(text, "[phone]");

    private readonly struct Finder : IPersonalDataFinder
    {
        public static bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            for (int search = from; search < text.Length;)
            {
                int digit = text[search..].IndexOfAnyInRange('0', '9');
                if (digit < 0) break;
                digit += search;
                start = digit;
                if (start > from && text[start - 1] == '(') start--;
                if (start > from && text[start - 1] == '+') start--;
                if (StartsHere(text[from..], start - from))
                {
                    end = PhoneNumber.End(text, start);
                    if (end > 0) return true;
                }
                search = digit;
                while (search < text.Length && char.IsAsciiDigit(text[search])) search++;
            }
            start = end = -1;
            return false;
        }

        // A number right behind one that was replaced has the placeholder before it, which is as good as nothing.
        private static bool StartsHere(ReadOnlySpan<char> text, int start)
        {
            if (start == 0) return true;
            char before = text[start - 1];
            return !char.IsLetterOrDigit(before) && before is not ('+' or '-' or '.' or '/' or ',' or '_' or '$' or '€' or '£' or '#' or '=')
                && !(before is ':' && start > 1 && char.IsAsciiDigit(text[start - 2]));
        }
    }
}
