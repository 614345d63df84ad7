using System.Globalization;
using System.Text;

namespace TorchLm.Tests.Tokenizers;

/// <summary>
/// Byte-level BPE as plainly as possible and sharing nothing with the library: words by hand-written rules, merges by counting
/// everything anew each time, encoding by searching the best rule each time.
/// </summary>
internal static class NaiveBpe
{
    /// <summary>
    /// GPT-2's words: contractions; letters, digits or others with one space before; white space, its last one apart.
    /// </summary>
    public static List<string> Words(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        var words = new List<string>();
        for (int start = 0; start < runes.Length;)
        {
            int end = WordEnd(runes, start);
            words.Add(string.Concat(runes[start..end].Select(r => r.ToString())));
            start = end;
        }
        return words;
    }

    /// <summary>Trains; returns the merged bytes of both sides of each rule, as Latin-1 strings.</summary>
    /// <param name="documents">The corpus.</param>
    /// <param name="mergeCount">Number of rules, at most.</param>
    /// <param name="minimumFrequency">Pairs that occur less often are not merged.</param>
    /// <param name="split">How to split into words, if not as GPT-2 does by <see cref="Words"/>.</param>
    public static List<(string Left, string Right)> Train(
        IEnumerable<string> documents, int mergeCount, long minimumFrequency, Func<string, IEnumerable<string>>? split = null)
    {
        // Ids decide ties: bytes in GPT-2's order, then merges.
        var ids = new Dictionary<string, int>();
        foreach (int value in Enumerable.Range(0, 256).OrderBy(b => !IsVisible(b)).ThenBy(b => b))
            ids.Add(((char)value).ToString(), ids.Count);

        var words = documents.SelectMany(split ?? Words).Select(word => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(word)))
            .GroupBy(word => word)
            .Select(group => (Count: group.LongCount(), Parts: group.Key.Select(c => c.ToString()).ToList())).ToList();
        var merges = new List<(string Left, string Right)>();
        while (merges.Count < mergeCount)
        {
            var counts = new Dictionary<(string Left, string Right), long>();
            foreach (var (count, parts) in words)
                for (int i = 1; i < parts.Count; i++)
                    counts[(parts[i - 1], parts[i])] = counts.GetValueOrDefault((parts[i - 1], parts[i])) + count;
            if (counts.Count == 0) break;
            var best = counts.OrderByDescending(c => c.Value).ThenBy(c => ids[c.Key.Left]).ThenBy(c => ids[c.Key.Right]).First();
            if (best.Value < minimumFrequency) break;
            foreach (var (_, parts) in words) MergeAll(parts, best.Key);
            merges.Add(best.Key);
            ids.Add(best.Key.Left + best.Key.Right, ids.Count);
        }
        return merges;
    }

    /// <summary>
    /// Encodes one word (its bytes as a Latin-1 string): the earliest rule that fits is applied everywhere, until none fits.
    /// </summary>
    public static List<string> Encode(string word, Dictionary<(string Left, string Right), int> rules)
    {
        var parts = word.Select(c => c.ToString()).ToList();
        while (true)
        {
            var fitting = parts.Zip(parts.Skip(1)).Where(pair => rules.ContainsKey(pair)).ToList();
            if (fitting.Count == 0) return parts;
            MergeAll(parts, fitting.MinBy(pair => rules[pair]));
        }
    }

    private static void MergeAll(List<string> parts, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < parts.Count; i++)
        {
            if (parts[i] != pair.Left || parts[i + 1] != pair.Right) continue;
            parts[i] += parts[i + 1];
            parts.RemoveAt(i + 1);
        }
    }

    private static int WordEnd(Rune[] runes, int start)
    {
        foreach (string contraction in (string[])["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"])
            if (runes.Skip(start).Take(contraction.Length).SequenceEqual(contraction.EnumerateRunes()))
                return start + contraction.Length;

        int first = runes[start] == new Rune(' ') ? start + 1 : start;
        if (first < runes.Length && Class(runes[first]) != 'W') return RunEnd(runes, first);
        int end = RunEnd(runes, start);
        return end == runes.Length || end - start == 1 ? end : end - 1;
    }

    private static int RunEnd(Rune[] runes, int start)
    {
        int end = start + 1;
        while (end < runes.Length && Class(runes[end]) == Class(runes[start])) end++;
        return end;
    }

    private static char Class(Rune rune) => Rune.IsWhiteSpace(rune) ? 'W' : Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => 'L',
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => 'N',
        _ => 'O',
    };

    private static bool IsVisible(int value) => value is > 32 and < 127 or > 160 and < 173 or > 173;
}
