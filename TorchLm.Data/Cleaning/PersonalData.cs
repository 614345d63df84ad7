using System.Text;
using System.Text.RegularExpressions;

namespace TorchLm.Data.Cleaning;

/// <summary>A step that puts a placeholder in the place of something personal. Its samples show no more of it than its first and last character.</summary>
internal abstract class PersonalDataStep(string name, string what, string placeholder) : ICleaningStep
{
    public string Name => name;

    public string Description => $"{what} become {placeholder}";

    public string? Source => null;

    public CleaningResult Apply(string text)
    {
        StringBuilder? result = null;
        int copied = 0, count = 0;
        string? sample = null;
        foreach ((int start, int length) in Find(text))
        {
            result ??= new StringBuilder(text.Length);
            result.Append(text, copied, start - copied).Append(placeholder);
            copied = start + length;
            count++;
            sample ??= $"{text[start]}…{text[start + length - 1]} ({length} characters)";
        }
        return result is null ? new CleaningResult(text) : new CleaningResult(result.Append(text, copied, text.Length - copied).ToString(), count, sample);
    }

    /// <summary>The places of what is personal, in order, without overlaps.</summary>
    protected abstract IEnumerable<(int Start, int Length)> Find(string text);
}

/// <summary>Addresses of e-mail.</summary>
internal sealed class EmailsStep() : PersonalDataStep("emails", "e-mail addresses", "[email]")
{
    private const int LongestLocalPart = 64; // RFC 5321

    protected override IEnumerable<(int Start, int Length)> Find(string text)
    {
        int from = 0;
        for (int at = text.IndexOf('@'); at >= 0; at = text.IndexOf('@', at + 1))
        {
            int start = at, end = at + 1;
            while (start > from && at - start < LongestLocalPart && IsLocal(text[start - 1])) start--;
            while (start < at && text[start] is '.' or '-') start++;
            int lastDot = -1;
            for (; end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '-' or '.'); end++)
            {
                if (text[end] != '.') continue;
                if (text[end - 1] is '.' or '@') break;
                lastDot = end;
            }
            while (end > at + 1 && text[end - 1] is '.' or '-') end--;
            if (lastDot >= end) lastDot = text.LastIndexOf('.', end - 1, end - at);
            // The last label has two letters or more.
            if (start == at || lastDot <= at + 1 || end - lastDot < 3 || !text.AsSpan(lastDot + 1, end - lastDot - 1).ContainsAnyInRange('A', 'z')) continue;
            yield return (start, end - start);
            from = end;
        }
    }

    private static bool IsLocal(char character) => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '%' or '+' or '-';
}

/// <summary>Numbers of payment cards: 13 to 19 digits, perhaps in groups, whose last is right by Luhn's formula.</summary>
internal sealed partial class CardsStep() : PersonalDataStep("cards", "numbers of payment cards", "[card]")
{
    protected override IEnumerable<(int Start, int Length)> Find(string text)
    {
        foreach (Match match in Candidate().Matches(text))
        {
            if (IsLuhn(match.ValueSpan)) yield return (match.Index, match.Length);
        }
    }

    private static bool IsLuhn(ReadOnlySpan<char> number)
    {
        int sum = 0, digits = 0;
        bool same = true;
        for (int i = number.Length - 1; i >= 0; i--)
        {
            if (!char.IsAsciiDigit(number[i])) continue;
            int digit = number[i] - '0';
            same &= number[i] == number[^1];
            if (digits++ % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
            sum += digit;
        }
        return digits is >= 13 and <= 19 && sum % 10 == 0 && !same;
    }

    [GeneratedRegex(@"(?<![0-9.,-])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Candidate();
}

/// <summary>Numbers of telephones: international ones after a plus sign, and national ones in the groups that are usual in North America and Europe.</summary>
internal sealed partial class PhonesStep() : PersonalDataStep("phones", "telephone numbers", "[phone]")
{
    protected override IEnumerable<(int Start, int Length)> Find(string text)
    {
        foreach (Match match in Candidate().Matches(text))
        {
            int digits = 0;
            foreach (char character in match.ValueSpan) digits += char.IsAsciiDigit(character) ? 1 : 0;
            if (digits is >= 8 and <= 15) yield return (match.Index, match.Length); // E.164 allows 15
        }
    }

    [GeneratedRegex(
        @"(?<![\w+])\+[1-9][0-9]{0,2}(?:[ .-]?\([0-9]{1,4}\))?(?:[ .-]?[0-9]{1,4}){2,5}(?![\w])" +
        @"|(?<![\w(])\([0-9]{3}\) ?[0-9]{3}[-. ][0-9]{4}(?!\w)" +
        @"|(?<![\w.-])[2-9][0-9]{2}([-.])[0-9]{3}\1[0-9]{4}(?![\w-])" +
        @"|(?<![\w./-])0[1-9][0-9]{1,3}[ /-][0-9]{3,4}[ -]?[0-9]{3,4}(?![\w-])", RegexOptions.CultureInvariant)]
    private static partial Regex Candidate();
}
