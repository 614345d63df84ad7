using TorchLm.Data.Cleaning;
using System.Text;

namespace TorchLm.Tests.Cleaning;

/// <summary>Texts that the cleaning tests share.</summary>
internal static class CleaningTexts
{
    private static readonly string[] Words =
        ("river stone lamp window garden morning letter bridge winter silver paper mountain forest candle harbour engine bottle " +
        "market shadow thunder").Split(' ');

    /// <summary>Prose of sentences of eight words, no two alike.</summary>
    public static string Prose(int words, int seed)
    {
        Random random = new(seed);
        StringBuilder text = new();
        for (int i = 0; i < words; i++)
        {
            string word = i % 8 == 3 ? "the" : i % 8 == 5 ? "of" : Words[random.Next(Words.Length)] + random.Next(1000);
            if (i > 0) text.Append(i % 80 == 0 ? "\n\n" : " ");
            text.Append(word);
            if (i % 8 == 7) text.Append('.');
        }
        return text.ToString();
    }

    /// <summary>Valid UTF-16 of characters that one step or another does something with.</summary>
    public static string Noise(int seed)
    {
        string[] parts = ["a", "Z", "7", " ", "  ", "\n", "\n\n\n", "\t", "\r\n", "\r", "\0", "\u0085",
             "\u00A0", "\u3000", "\u2028", "\u200B", "\u200D", "\uFEFF",
            "\uFFFE", "\uFDD0", "\U0001FFFE", "\U0001F600", "e\u0301", "\u0301\u0323",
            "\uAC00", "\u1100\u1161\u11A8", "\uFB01", "\u212B", "中文。", ".", "...", "!", "#",
            "me@example.org", "+49 30 1234567", "4111 1111 1111 1111",
            "(212) 555-0123", "{", "\nThe long line that everybody repeats.\n", "javascript", "\u0903", "٣"];
        Random random = new(seed);
        StringBuilder text = new();
        for (int i = random.Next(120); i > 0; i--) text.Append(parts[random.Next(parts.Length)]);
        return text.ToString();
    }

    /// <summary>One step, observed over documents if it must be.</summary>
    public static ICleaningStep Step(string name, CleaningOptions? options = null, params string[] corpus)
    {
        ICleaningStep step = CleaningSteps.Create(new HashSet<string> { name }, options ?? new CleaningOptions()).Single(step => step.Name == name);
        if (step is ICorpusStep corpusStep)
        {
            foreach (string document in corpus) corpusStep.Observe(corpusStep.Digest(document));
            corpusStep.EndObservation();
        }
        return step;
    }
}
