using System.Text;

namespace TorchLm.Tests.Tokenizers;

/// <summary>Texts that tokenizers must survive: random Unicode of every plane, and known troublemakers.</summary>
internal static class TextSamples
{
    public static readonly string[] Tricky =
    [
        "", " ", "        ", "\r\n\t", "\n\n\n", " \n ", "\0", "\uFFFD", "\U0010FFFF", "\uFFFF", "\u0085\u00A0\u2028\u3000",
        "👨‍👩‍👧‍👦 and 👩🏽‍🚀🏴‍☠️", "e\u0301 Z\u0351\u036B\u0343 \u0915\u094D\u0937\u093F",
        "שלום עולם، مرحبا بالعالم", "\u202Eright to left\u202C",
        "<|endoftext|>", "a<|endoftext|><|endofprompt|>b", "< |endoftext|>", "don't I'LL we'Ve it'\u017F 'tis",
        "x=1234567890;\n/**/",
        "𝐁old 𝟎𝟏𝟐𝟑 𐐀𐐨 𠀀𠀁", "camelCaseHTTPServer", "Grüße, naïve Čeština", "日本語のテキスト。\n次の行", "\ttab\t\ttabs", "end with spaces   ",
        new string('a', 5000), new string(' ', 5000), new string('\n', 3000), new string('=', 5000),
        string.Concat(Enumerable.Repeat("🙂", 1000)),
    ];

    /// <summary>
    /// Strings of 0 to 30 characters that mix all planes with ASCII, spaces and marks. Without lone surrogates.
    /// </summary>
    public static IEnumerable<string> Random(int count, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            text.Clear();
            for (int length = random.Next(31); length > 0; length--) text.Append(RandomRune(random));
            yield return text.ToString();
        }
    }

    /// <summary>
    /// Like <see cref="Random"/>, of few characters that the patterns treat differently, so that they meet often.
    /// </summary>
    public static IEnumerable<string> RandomOf(string alphabet, int count, int maximumLength, int seed)
    {
        var random = new Random(seed);
        Rune[] runes = [.. alphabet.EnumerateRunes()];
        for (int i = 0; i < count; i++)
        {
            int length = random.Next(maximumLength + 1);
            yield return string.Concat(Enumerable.Range(0, length).Select(_ => runes[random.Next(runes.Length)]));
        }
    }

    private static Rune RandomRune(Random random) => random.Next(6) switch
    {
        0 => new Rune(random.Next(0x20, 0x7F)),
        1 => new Rune(" \n\r\t'/.!"[random.Next(8)]),
        2 => new Rune(random.Next(0x800)),
        3 => Valid(random.Next(0x10000)),
        4 => Valid(random.Next(0x10000, 0x20000)),
        _ => Valid(random.Next(0x110000)),
    };

    private static Rune Valid(int codePoint) => Rune.TryCreate(codePoint, out Rune rune) ? rune : new Rune('s');
}
