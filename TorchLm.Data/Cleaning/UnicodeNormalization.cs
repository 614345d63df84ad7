using System.Globalization;
using System.Text;

namespace TorchLm.Data.Cleaning;

/// <summary>
/// Unicode normalization forms C, D, KC and KD (Unicode Standard Annex #15) with the data of Unicode 14.0.
/// </summary>
/// <remarks>
/// .NET's own needs the ICU library of the operating system, without which (TorchLm runs without) it changes nothing and does not say so; ICU's version
/// would also decide what a data set holds. Characters that a later Unicode adds are left as they are.
/// </remarks>
public static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, Leads = 19, Vowels = 21, Tails = 28;
    private const int Syllables = Leads * Vowels * Tails;

    private static readonly Dictionary<int, byte> s_classes = [];
    private static readonly Dictionary<int, int[]> s_canonical = [], s_compatible = [];
    private static readonly Dictionary<(int First, int Second), int> s_composed = [];
    private static readonly HashSet<int> s_second = []; // characters that join one before them

    static UnicodeNormalization()
    {
        using Stream data = typeof(UnicodeNormalization).Assembly.GetManifestResourceStream("TorchLm.Data.Cleaning.normalization.txt")!;
        using var reader = new StreamReader(data);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            string[] fields = line.Split(';');
            int character = Hex(fields[0]);
            if (fields[1].Length > 0) s_classes[character] = byte.Parse(fields[1], CultureInfo.InvariantCulture);
            if (fields[2].Length == 0) continue;
            int[] mapping = [.. fields[2].TrimStart('~', '!').Split(' ').Select(Hex)];
            (fields[2][0] == '~' ? s_compatible : s_canonical)[character] = mapping;
            if (mapping.Length != 2 || fields[2][0] is '~' or '!') continue;
            s_composed[(mapping[0], mapping[1])] = character;
            s_second.Add(mapping[1]);
        }
    }

    /// <summary>Brings a text into a form.</summary>
    /// <param name="text">The text, without lone surrogates.</param>
    /// <param name="form">The form.</param>
    /// <returns>The same string where it is in the form already.</returns>
    public static string Normalize(string text, NormalizationForm form)
    {
        // Below these characters nothing changes and nothing combines: U+0300 is the first combining mark, U+00C0 the first letter that decomposes, and
        // U+00A0 the first compatibility character.
        char first = form switch { NormalizationForm.FormC => '\u0300', NormalizationForm.FormD => '\u00C0', _ => '\u00A0' };
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(first - 1)) < 0) return text;

        bool compatible = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        var result = new StringBuilder(text.Length + 16);
        List<int> run = [];
        int start = 0;
        while (start < text.Length)
        {
            // A text falls into runs that begin with a character that neither combines with what is before nor is moved.
            int end = start;
            run.Clear();
            do
            {
                Rune rune = Rune.GetRuneAt(text, end);
                Decompose(rune.Value, compatible, run);
                end += rune.Utf16SequenceLength;
            }
            while (end < text.Length && !Begins(text, end));
            if (run.Count == 1 && end == start + 1) result.Append((char)run[0]);
            else Append(run, form is NormalizationForm.FormC or NormalizationForm.FormKC, result);
            start = end;
        }
        return result.Length == text.Length && text.AsSpan().SequenceEqual(result.ToString()) ? text : result.ToString();
    }

    // Characters below U+0300, and most others, begin a run whatever precedes them: they are no marks and no second part of any pair.
    private static bool Begins(string text, int index)
    {
        if (text[index] < '\u0300') return true;
        int character = Rune.GetRuneAt(text, index).Value;
        if (character is >= VowelBase and < VowelBase + Vowels or > TailBase and < TailBase + Tails) return false;
        return !s_classes.ContainsKey(character) && !s_second.Contains(character) && !(s_canonical.ContainsKey(character) || s_compatible.ContainsKey(character));
    }

    private static void Decompose(int character, bool compatible, List<int> run)
    {
        if (character - HangulBase is >= 0 and < Syllables and var syllable)
        {
            run.Add(LeadBase + syllable / (Vowels * Tails));
            run.Add(VowelBase + syllable % (Vowels * Tails) / Tails);
            if (syllable % Tails > 0) run.Add(TailBase + syllable % Tails);
        }
        else if (s_canonical.TryGetValue(character, out int[]? mapping) || (compatible && s_compatible.TryGetValue(character, out mapping)))
        {
            foreach (int part in mapping) Decompose(part, compatible, run);
        }
        else
        {
            run.Add(character);
        }
    }

    private static void Append(List<int> run, bool compose, StringBuilder result)
    {
        Reorder(run);
        if (compose) Compose(run);
        foreach (int character in run) result.Append(new Rune(character));
    }

    // Marks between two characters of class 0 are put in the order of their classes; equal ones keep theirs.
    private static void Reorder(List<int> run)
    {
        for (int i = 1; i < run.Count; i++)
        {
            int character = run[i], own = ClassOf(character), at = i;
            if (own == 0) continue;
            for (; at > 0 && ClassOf(run[at - 1]) > own; at--) run[at] = run[at - 1];
            run[at] = character;
        }
    }

    // Each character joins the last one of class 0 before it, unless something between them blocks it.
    private static void Compose(List<int> run)
    {
        int starter = -1, kept = 0, lastClass = -1;
        for (int i = 0; i < run.Count; i++)
        {
            int character = run[i], own = ClassOf(character);
            if (starter >= 0 && (lastClass < own || lastClass == -1) && Join(run[starter], character) is { } joined)
            {
                run[starter] = joined;
                continue;
            }
            if (own == 0) (starter, lastClass) = (kept, -1);
            else lastClass = own;
            run[kept++] = character;
        }
        run.RemoveRange(kept, run.Count - kept);
    }

    private static int? Join(int first, int second)
    {
        if (first - LeadBase is >= 0 and < Leads and var lead && second - VowelBase is >= 0 and < Vowels and var vowel)
        {
            return HangulBase + (lead * Vowels + vowel) * Tails;
        }
        if (first - HangulBase is >= 0 and < Syllables and var syllable && syllable % Tails == 0 && second - TailBase is > 0 and < Tails and var tail)
        {
            return first + tail;
        }
        return s_composed.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private static int ClassOf(int character) => character < 0x300 ? 0 : s_classes.GetValueOrDefault(character);

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
