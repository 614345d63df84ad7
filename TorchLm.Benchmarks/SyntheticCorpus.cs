using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TorchLm.Benchmarks;

/// <summary>
/// Text of any size to time the data path with: JSON lines of documents whose words are made of syllables, follow the Zipf-Mandelbrot law and never run out,
/// in sentences and paragraphs, with numbers, names and punctuation. One document in fifty repeats an earlier one, one in fifty nearly does.
/// </summary>
public sealed class SyntheticCorpus
{
    private static readonly string[] s_onsets =
        ["", "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "pr", "qu", "r", "s", "sh", "st", "t", "th", "tr", "v", "w", "y"];

    private static readonly string[] s_nuclei = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "ou", "oo", "ie", "é"], s_codas = ["", "", "", "n", "r", "s", "t", "l", "m", "d", "ng", "nd", "st", "ck"];

    private static readonly string[] s_frequent = ["the", "of", "and", "to", "in", "that", "with", "was", "for", "on", "be", "have", "it", "is", "as", "his", "her", "at", "by", "from"];

    private readonly Random _random = new(1); // whatever it gives, it gives text of this kind
    private readonly string[] _words = new string[200_000];
    private readonly double[] _cumulative = new double[200_000];

    private SyntheticCorpus()
    {
        double sum = 0;
        for (int rank = 0; rank < _words.Length; rank++)
        {
            _words[rank] = rank < s_frequent.Length ? s_frequent[rank] : Word(rank < 3000 ? 1 + _random.Next(2) : 2 + _random.Next(3));
            _cumulative[rank] = sum += 1 / Math.Pow(rank + 2.7, 1.05);
        }
    }

    /// <summary>Writes a corpus.</summary>
    /// <param name="path">The file (.jsonl).</param>
    /// <param name="bytes">Its size, to about a document.</param>
    public static void Write(string path, long bytes)
    {
        var corpus = new SyntheticCorpus();
        using var file = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20);
        List<string> recent = [];
        for (long written = 0, number = 0; written < bytes; number++)
        {
            string text = (number % 50, recent.Count) switch
            {
                (17, > 0) => recent[corpus._random.Next(recent.Count)],
                (33, > 0) => corpus.Altered(recent[corpus._random.Next(recent.Count)]),
                _ => corpus.Document(),
            };
            if (recent.Count < 1000) recent.Add(text);
            else recent[(int)(number % 1000)] = text;
            string line = JsonSerializer.Serialize(new { id = number, text }, s_json);
            file.Write(line);
            file.Write('\n');
            written += Encoding.UTF8.GetByteCount(line) + 1;
        }
    }

    private static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string Document()
    {
        var text = new StringBuilder();
        int paragraphs = 2 + (int)(8 * Math.Pow(_random.NextDouble(), 2));
        for (int paragraph = 0; paragraph < paragraphs; paragraph++)
        {
            if (paragraph > 0) text.Append("\n\n");
            int sentences = 3 + _random.Next(5);
            for (int sentence = 0; sentence < sentences; sentence++)
            {
                if (sentence > 0) text.Append(' ');
                AddSentence(text);
            }
        }
        return text.ToString();
    }

    private void AddSentence(StringBuilder text)
    {
        int words = 5 + _random.Next(20);
        for (int i = 0; i < words; i++)
        {
            int kind = _random.Next(1000);
            string word = kind < 12 ? _random.Next(3000).ToString(CultureInfo.InvariantCulture) : kind < 16 ? Word(4) : Drawn();
            if (kind is >= 16 and < 20) word += "'s";
            if (i == 0 || kind > 960) word = char.ToUpperInvariant(word[0]) + word[1..];
            if (i > 0) text.Append(' ');
            text.Append(word);
            if (i < words - 1 && _random.Next(14) == 0) text.Append(',');
        }
        text.Append(".?!."[_random.Next(4)]);
    }

    // The same text with a few other words.
    private string Altered(string text)
    {
        string[] words = text.Split(' ');
        for (int i = 0; i < 1 + words.Length / 200; i++) words[_random.Next(words.Length)] = Drawn();
        return string.Join(' ', words);
    }

    private string Drawn()
    {
        int index = Array.BinarySearch(_cumulative, _random.NextDouble() * _cumulative[^1]);
        return _words[index < 0 ? Math.Min(~index, _words.Length - 1) : index];
    }

    private string Word(int syllables)
    {
        var word = new StringBuilder();
        for (int i = 0; i < syllables; i++)
        {
            word.Append(s_onsets[(int)(s_onsets.Length * Math.Pow(_random.NextDouble(), 1.3))]).Append(s_nuclei[(int)(s_nuclei.Length * Math.Pow(_random.NextDouble(), 1.8))])
                .Append(s_codas[_random.Next(s_codas.Length)]);
        }
        return word.ToString();
    }
}
