namespace TorchLm.Data.Cleaning;

/// <summary>Tells a telephone number by its groups of digits and what parts them.</summary>
internal static class PhoneNumber
{
    private const int MostGroups = 9, MostDigits = 17;

    /// <summary>The end of the telephone number that starts at a position, the longest there is; -1: there is none.</summary>
    public static int End(ReadOnlySpan<char> text, int start)
    {
        bool plus = text[start] == '+';
        int position = plus ? start + 1 : start, groups = 0, total = 0;
        bool bracket = position < text.Length && text[position] == '(', open = bracket;
        if (bracket) position++;
        Span<int> lengths = stackalloc int[MostGroups], ends = stackalloc int[MostGroups];
        Span<char> separators = stackalloc char[MostGroups]; // in front of each group
        Span<char> digits = stackalloc char[MostDigits];
        char separator = '\0';
        while (groups < MostGroups)
        {
            int first = position;
            while (position < text.Length && char.IsAsciiDigit(text[position]) && total < MostDigits) digits[total++] = text[position++];
            if (position == first || (position < text.Length && char.IsAsciiDigit(text[position]))) break;
            (lengths[groups], separators[groups], ends[groups]) = (position - first, separator, position);
            groups++;
            if (!TrySeparator(text, ref position, ref open, out separator)) break;
        }
        for (; groups > 0; groups--)
        {
            if (!EndsHere(text, ends[groups - 1])) continue;
            int count = 0;
            for (int i = 0; i < groups; i++) count += lengths[i];
            ReadOnlySpan<int> shape = lengths[..groups];
            ReadOnlySpan<char> parts = separators[..groups];
            if (plus ? count is >= 8 and <= 15 && digits[0] != '0'
                : IsWithDoubleZero(shape, digits[..count], count, bracket) || IsNorthAmerican(shape, parts, digits, bracket) ||
                    IsNational(shape, digits, count, bracket))
                return ends[groups - 1];
        }
        return -1;
    }

    /// <summary>Moves over what may stand between two groups: one of " -./", or brackets with at most a space or hyphen beside them.</summary>
    private static bool TrySeparator(ReadOnlySpan<char> text, ref int position, ref bool open, out char separator)
    {
        separator = '\0';
        for (int i = position; i < text.Length && i < position + 3; i++)
        {
            char c = text[i];
            if (char.IsAsciiDigit(c))
            {
                position = i;
                return separator != '\0';
            }
            bool opens = c == '(' && !open, closes = c == ')' && open;
            if (opens || closes)
            {
                open = opens;
                separator = ')';
            }
            else if (c is ' ' or '-' or '.' or '/' or '\u00A0' && (separator is '\0' or ')'))
            {
                if (separator == '\0') separator = c;
                else if (i + 1 < text.Length && !char.IsAsciiDigit(text[i + 1])) return false;
            }
            else return false;
        }
        return false;
    }

    /// <summary>Not in front of more of a number or of a word.</summary>
    private static bool EndsHere(ReadOnlySpan<char> text, int end)
    {
        if (end >= text.Length) return true;
        char after = text[end];
        if (char.IsLetterOrDigit(after) || after is '_' or '%' or '@') return false;
        return !(after is '-' or '.' or '/' or ',' or ':' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1]));
    }

    /// <summary>00 49 30 123456.</summary>
    private static bool IsWithDoubleZero(ReadOnlySpan<int> shape, ReadOnlySpan<char> digits, int count, bool bracket) =>
        !bracket && shape.Length >= 2 && count is >= 10 and <= 17 && shape[0] >= 2 && digits[0] == '0' && digits[1] == '0' && digits[2] != '0';

    /// <summary>(212) 555-0123, 212-555-0123, 212.555.0123, each also behind a 1: area code and exchange start with 2 to 9.</summary>
    private static bool IsNorthAmerican(ReadOnlySpan<int> shape, ReadOnlySpan<char> separators, ReadOnlySpan<char> digits, bool bracket)
    {
        int first = 0;
        if (shape.Length == 4 && shape[0] == 1 && digits[0] == '1') first = 1;
        if (shape.Length != first + 3 || shape[first] != 3 || shape[first + 1] != 3 || shape[first + 2] != 4) return false;
        if (digits[first] < '2' || digits[first + 3] < '2') return false;
        char one = separators[first + 1], two = separators[first + 2];
        return one == ')' ? two is '-' or '.' or ' ' : !bracket && two is '-' or '.' && (one == two || one == '/');
    }

    /// <summary>
    /// 030 1234567, 030/1234567, (020) 7946 0958, 01 23 45 67 89: a leading 0 that another digit than 0 follows, 9 to 11 digits; an area code
    /// of 3 to 5 digits, or French pairs.
    /// </summary>
    private static bool IsNational(ReadOnlySpan<int> shape, ReadOnlySpan<char> digits, int count, bool bracket)
    {
        if (digits[0] != '0' || digits[1] is '0' || shape.Length < 2) return false;
        if (shape.Length == 5 && count == 10 && !bracket)
        {
            bool pairs = true;
            foreach (int length in shape) pairs &= length == 2;
            if (pairs) return true;
        }
        if (shape[0] is < 3 or > 5 || count is < 9 or > 11 || shape.Length > 5) return false;
        foreach (int length in shape)
            if (length < 2) return false;
        return true;
    }
}
