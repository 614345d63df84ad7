using System.Text;

namespace TorchLm.Tests.Preparation;

/// <summary>Made-up English of which no two texts are alike: what quality rules take for text, and de-duplication for different texts.</summary>
internal static class Prose
{
    private static readonly string[] s_small = ["the", "of", "and", "to", "in", "that", "with", "was", "for", "on", "by", "from", "his", "her", "they", "would", "be", "have"];

    private static readonly string[] s_large =
    [
        "river", "mountain", "castle", "forest", "winter", "garden", "letter", "machine", "engine", "history", "science", "paper", "village", "market", "window",
        "teacher", "captain", "journey", "silver", "thunder", "walked", "looked", "carried", "opened", "wondered", "answered", "old", "quiet", "narrow", "bright",
        "morning", "evening", "harbour", "island", "bridge", "lantern", "kitchen", "brother", "daughter", "doctor", "stranger", "whisper", "shadow", "meadow",
    ];

    /// <summary>A paragraph of sentences, the first of which names the marker.</summary>
    public static string Paragraph(string marker, int seed, int sentences = 6)
    {
        var random = new Random(seed); // the numbers themselves are of no importance
        var text = new StringBuilder($"This is the story of {marker} and of the people who came with it.");
        for (int i = 0; i < sentences; i++) text.Append(' ').Append(Sentence(random));
        return text.ToString();
    }

    /// <summary>Paragraphs with a line feed between them.</summary>
    public static string Text(string marker, int seed, int paragraphs = 4) =>
        string.Join('\n', Enumerable.Range(0, paragraphs).Select(i => Paragraph(i == 0 ? marker : $"part {i} of it", 100 * seed + i)));

    private static string Sentence(Random random)
    {
        var words = new List<string>();
        for (int i = 0; i < random.Next(8, 14); i++) words.Add(i % 2 == 0 ? s_small[random.Next(s_small.Length)] : s_large[random.Next(s_large.Length)]);
        words[0] = char.ToUpperInvariant(words[0][0]) + words[0][1..];
        return string.Join(' ', words) + ".";
    }
}
