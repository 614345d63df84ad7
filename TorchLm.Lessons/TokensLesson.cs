using System.Text;
using System.Text.RegularExpressions;
using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Data.Fables;
using TorchLm.Lessons.Pages;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>Text as words, characters and byte pairs, and what training makes of the words: embeddings whose neighbours mean alike.</summary>
public sealed partial class TokensLesson : Lesson
{
    private const int CorpusBytes = 300_000, Vocabulary = 1024, Merges = 10, Width = 16, Reach = 2;
    private const string Unseen = "foxglove";

    private static readonly (string Name, string[] Words)[] s_classes =
    [
        ("animals", ["fox", "crow", "hare", "tortoise", "wolf", "owl", "mouse", "bear", "cat", "dog", "frog", "lion", "stag", "raven", "rabbit",
            "otter"]),
        ("names", ["rufus", "corwin", "harold", "bruno", "tom", "rex", "leo", "edgar", "oscar", "boris", "milo", "hector"]),
        ("voices", ["barked", "croaked", "growled", "hooted", "squeaked", "chattered", "grunted", "hissed", "murmured", "whispered"]),
        ("places", ["wood", "meadow", "river", "farm", "hill", "pond", "orchard", "valley", "garden", "village"]),
        ("tempers", ["proud", "vain", "sly", "cunning", "kind", "gentle", "hungry", "greedy", "clever", "patient"]),
    ];

    private static readonly int[] s_notLookedUp = [0, 1, 3, 4];
    private static readonly string[] s_asked = ["fox", "rufus", "growled", "meadow", "cunning"];

    /// <inheritdoc/>
    public override string Name => "tokens";

    /// <inheritdoc/>
    public override string Title => "text becomes numbers, and numbers get meaning";

    /// <inheritdoc/>
    public override int? Steps => 150;

    /// <inheritdoc/>
    public override long? Seed => 1;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        string corpus = string.Concat(new FableGenerator().GenerateBytes(CorpusBytes).Select(f => f.Text));
        page.Text($"A model computes with numbers, so text is cut into pieces, and each piece gets a number: a token. There are three ways to " +
            $"cut. Here they are on the first sentence of the built-in corpus (of which {corpus.Length / 1000:N0} kB are used):");
        string sentence = Sentence().Match(corpus, corpus.IndexOf('\n', StringComparison.Ordinal) + 1).Value;
        CharTokenizer characters = CharTokenizer.FromCharacters(corpus.EnumerateRunes());
        ByteLevelBpeTokenizer bytePairs = BpeTrainer.Train([corpus], new BpeTrainerOptions(Vocabulary, [])).Tokenizer;
        string[] words = Words(corpus), sentenceWords = Words(sentence);
        string[] known = [.. words.Distinct().Order(StringComparer.Ordinal)];
        page.Lines(sentence);
        page.Lines(Row("words", sentenceWords), Row("characters", Pieces(characters, sentence)), Row("byte pairs", Pieces(bytePairs, sentence)));
        page.Table(["", "vocabulary", "tokens in the sentence", "bytes per token, corpus", $"\"{Unseen}\", never seen"],
        [
            ["words", $"{known.Length:N0}", $"{sentenceWords.Length}", $"{(double)corpus.Length / words.Length:0.00}",
                known.Contains(Unseen) ? Unseen : "unknown: lost"],
            ["characters", $"{characters.VocabularySize:N0}", $"{characters.Encode(sentence).Length}",
                $"{(double)corpus.Length / characters.Encode(corpus).Length:0.00}",
                string.Join(' ', Pieces(characters, Unseen))],
            ["byte pairs", $"{bytePairs.VocabularySize:N0}", $"{bytePairs.Encode(sentence).Length}",
                $"{(double)corpus.Length / bytePairs.Encode(corpus).Length:0.00}", string.Join(' ', Pieces(bytePairs, Unseen))],
        ]);
        page.Text("Words are long steps, but their number has no end, and a new one cannot be said. Characters say everything, in steps so small " +
            "that the model must spell. Byte pairs are between: what is frequent is one token, what is rare is put together. Nearly all language " +
            "models of today use them, and so does the preset fables.");
        foreach (ITokenizer tokenizer in new ITokenizer[] { characters, bytePairs })
        {
            page.Check("characters that differ after there and back", "none", Differing(tokenizer.Decode(tokenizer.Encode(corpus)), corpus), 0, 0);
        }

        page.Heading("How byte pairs are found");
        page.Text("Begin with single bytes. Count which two stand side by side most often (within words), make one token of them, and count again " +
            "(Gage 1994, Sennrich et al. 2016):");
        (string Pair, long Count)[] byHand = MergesByHand(corpus);
        page.Table(["merge", "token", "times"], byHand.Select((m, i) => new[] { $"{i + 1}", $"\"{m.Pair}\"", $"{m.Count:N0}" }));
        string[] trained = [.. bytePairs.Merges.Take(Merges).Select(m => Encoding.UTF8.GetString(bytePairs.GetBytes(m.Result)))];
        page.Check("first ten merges that differ", "TorchLm's BPE trainer", byHand.Zip(trained).Count(m => m.First.Pair != m.Second), 0, 0);

        page.Heading("Embeddings");
        page.Text($"The five words of lesson next-token went in as one-hot rows, and W1 had a row for each. So real models keep that table and " +
            $"look rows up. Here is one with {Width} numbers for each word, trained to say which words stand at most {Reach} places away " +
            $"(word2vec's skip-gram, Mikolov et al. 2013). The table begins as noise.");
        Embeddings table = new(words, page.NewRandom());
        CheckLookup(page, page.NewRandom());
        double classesBefore = table.ShareOfClass();
        Dictionary<string, string> before = s_asked.ToDictionary(w => w, w => string.Join(" ", table.Nearest(w, 5)));
        (double first, double last) = table.Train(page.Steps, page.StopIfAsked);
        double classesAfter = table.ShareOfClass();
        page.Lines($"{table.Count:N0} words that occur ten times or more; loss {first:0.000} -> {last:0.000} nats for a neighbour; log {table.Count} = {Math.Log(table.Count):0.000}");
        page.Table(["word", "its nearest five before", "and after training"],
            s_asked.Select(w => new[] { w, before[w], string.Join(" ", table.Nearest(w, 5)) }));
        page.Text($"Nobody said what an animal is, or a name. But words that stand in the same company get like rows: of the five nearest " +
            $"neighbours of {table.Classified} words (animals, names, voices, places, tempers), among these words, {100 * classesAfter:0} % are " +
            $"of the word's own kind; before training {100 * classesBefore:0} %, where chance is {100 * table.ChanceOfClass:0} %.");
        page.CheckAtMost("loss after training", "before", last, first);
        if (page.IsAsPublished)
        {
            page.CheckAtMost("loss after training", "four", last, 4);
            page.Check("loss before training", "log of the vocabulary", first, Math.Log(table.Count), 0.1);
            page.Check("neighbours of the same kind before", "chance", classesBefore, table.ChanceOfClass, 0.08);
            page.CheckAtLeast("neighbours of the same kind after", "three quarters", classesAfter, 0.75);
        }
        page.LargePicture("embeddings", plot => Draw(plot, table, 1, 2));
    }

    /// <summary>A row looked up is a one-hot row times the table, and its gradient falls on that row alone.</summary>
    private static void CheckLookup(LessonPage page, NumPyRandom random)
    {
        using var scope = NewDisposeScope();
        Tensor rows = random.Normal(1, 6, 4).requires_grad_(), ids = tensor([2L, 5, 2]), weights = random.Normal(1, 3, 4);
        Tensor looked = rows.index_select(0, ids), multiplied = eye(6, dtype: ScalarType.Float64).index_select(0, ids).matmul(rows);
        page.Check("rows looked up", "one-hot times the table", looked.data<double>().ToArray(), multiplied.data<double>().ToArray(), 0);
        looked.mul(weights).sum().backward();
        double[][] gradient = [.. rows.grad!.data<double>().ToArray().Chunk(4)], given = [.. weights.data<double>().ToArray().Chunk(4)];
        page.Check("gradients of rows that were not looked up", "nothing", s_notLookedUp.SelectMany(r => gradient[r]), new double[16], 0);
        page.Check("gradients of rows that were", "the sum of what came back", gradient[2].Concat(gradient[5]),
            given[0].Zip(given[2], (a, b) => a + b).Concat(given[1]), 1e-15);
    }

    [GeneratedRegex(@"[^.]+\.")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"[a-z]+|[^\sa-z]")]
    private static partial Regex Word();

    private static string[] Words(string text) => [.. Word().Matches(text.ToLowerInvariant()).Select(m => m.Value)];

    private static string[] Pieces(ITokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text).Select(id => Encoding.UTF8.GetString(tokenizer.GetBytes(id)))];

    private static string Row(string name, string[] pieces)
    {
        string row = string.Join('|', pieces).ReplaceLineEndings("/");
        return $"{name,-10}  {(row.Length <= 76 ? row : row[..76] + " ...")}";
    }

    private static int Differing(string a, string b) => Math.Abs(a.Length - b.Length) + a.Zip(b).Count(c => c.First != c.Second);

    /// <summary>The first merges, in a few plain lines: words as lists of strings.</summary>
    private static (string Pair, long Count)[] MergesByHand(string text)
    {
        List<(List<string> Parts, long Times)> words =
        [
            .. PreTokenization.Gpt2.Split(text).Select(s => text.Substring(s.Offset, s.Length)).CountBy(w => w)
                .Select(w => (w.Key.Select(c => c.ToString()).ToList(), (long)w.Value)),
        ];
        var merges = new List<(string, long)>();
        while (merges.Count < Merges)
        {
            var counts = new Dictionary<(string Left, string Right), long>();
            foreach ((List<string> parts, long times) in words)
            {
                foreach ((string, string) pair in parts.Zip(parts.Skip(1))) counts[pair] = counts.GetValueOrDefault(pair) + times;
            }
            ((string left, string right), long most) = counts.MaxBy(c => c.Value);
            foreach ((List<string> parts, _) in words)
            {
                for (int i = 0; i + 1 < parts.Count; i++)
                {
                    if (parts[i] != left || parts[i + 1] != right) continue;
                    parts[i] = left + right;
                    parts.RemoveAt(i + 1);
                }
            }
            merges.Add((left + right, most));
        }
        return [.. merges];
    }

    private static void Draw(Plot plot, Embeddings table, int across, int up)
    {
        Color[] colors = [Colors.DarkRed, Colors.DarkBlue, Colors.DarkGreen, Colors.DarkOrange, Colors.Purple];
        string[] all = [.. s_classes.SelectMany(c => c.Words).Where(table.Knows)];
        Dictionary<string, double[]> places = table.Components(all);
        plot.Titles($"Words, by components {across + 1} and {up + 1} of their {Width} numbers", "", "");
        foreach (((string name, string[] words), Color color) in s_classes.Zip(colors))
        {
            string[] there = [.. words.Where(table.Knows)];
            plot.Points(name, there.Select(w => places[w][across]), there.Select(w => places[w][up]), color, 5);
        }
        plot.Words(s_classes.Zip(colors)
            .SelectMany(c => c.First.Words.Where(table.Knows).Select(w => (w, places[w][across], places[w][up], c.Second))));
        plot.Axes.Margins(0.08, 0.08);
        plot.ShowLegend(Alignment.UpperLeft);
    }

    /// <summary>A row of numbers for each frequent word, and a second table that says which words stand near it.</summary>
    private sealed class Embeddings
    {
        private readonly string[] _words;
        private readonly Dictionary<string, int> _ids;
        private readonly Tensor _near, _rows, _outputs;

        public Embeddings(string[] text, NumPyRandom random)
        {
            _words = [.. text.CountBy(w => w).Where(w => w.Value >= 10).OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal)
                .Select(w => w.Key)];
            _ids = _words.Select((w, i) => (w, i)).ToDictionary(p => p.w, p => p.i);
            int[] ids = [.. text.Select(w => _ids.GetValueOrDefault(w, -1))];
            var counts = new double[_words.Length * _words.Length];
            for (int i = 0; i < ids.Length; i++)
            {
                for (int j = Math.Max(0, i - Reach); j <= Math.Min(ids.Length - 1, i + Reach); j++)
                {
                    if (i != j && ids[i] >= 0 && ids[j] >= 0) counts[(ids[i] * _words.Length) + ids[j]]++;
                }
            }
            // Frequent words would take all the attention: each word's neighbours count as the root of how often it occurs.
            double[] weights = [.. counts.Chunk(_words.Length).SelectMany(row => row.Select(c => c / Math.Sqrt(row.Sum() + 1)))];
            double all = weights.Sum();
            _near = tensor([.. weights.Select(w => w / all)], [_words.Length, _words.Length]);
            _rows = random.Normal(0.1, _words.Length, Width).requires_grad_();
            _outputs = random.Normal(0.1, Width, _words.Length).requires_grad_();
        }

        public int Count => _words.Length;

        public bool Knows(string word) => _ids.ContainsKey(word);

        /// <summary>Trains on all pairs at once with Adam.</summary>
        /// <returns>The loss before and after.</returns>
        public (double First, double Last) Train(int steps, Action everyStep)
        {
            Tensor[] weights = [_rows, _outputs];
            AdamByHand[] adams = [.. weights.Select(w => new AdamByHand((int)w.numel()))];
            double first = 0;
            for (int step = 0; step < steps; step++)
            {
                everyStep();
                using var scope = NewDisposeScope();
                Tensor loss = Loss();
                loss.backward();
                if (step == 0) first = loss.item<double>();
                using var noGradient = no_grad();
                foreach ((Tensor weight, AdamByHand adam) in weights.Zip(adams))
                {
                    double[] values = Weights.Values(weight);
                    adam.Step(values, Weights.Values(weight.grad!), rate: 0.05);
                    Weights.Set([weight], values);
                    weight.grad = null;
                }
            }
            using var lastScope = NewDisposeScope();
            return (first, Loss().item<double>());
        }

        /// <summary>The words whose rows point most nearly the same way (cosine).</summary>
        public IEnumerable<string> Nearest(string word, int count, string[]? among = null)
        {
            double[][] rows = [.. Weights.Values(_rows).Chunk(Width)];
            return (among ?? _words).Where(w => w != word && Knows(w)).OrderByDescending(w => Cosine(rows[_ids[word]], rows[_ids[w]])).Take(count);
        }

        /// <summary>Of the five nearest of each word of the classes, among these words, how many are of its own class.</summary>
        public double ShareOfClass()
        {
            string[] all = [.. s_classes.SelectMany(c => c.Words).Where(Knows)];
            return s_classes.SelectMany(c => c.Words.Where(Knows)
                .SelectMany(w => Nearest(w, 5, all).Select(n => c.Words.Contains(n) ? 1.0 : 0.0))).Average();
        }

        /// <summary>How many words of the classes are in the table.</summary>
        public int Classified => s_classes.Sum(c => c.Words.Count(Knows));

        /// <summary>The share of its own class that a word would find by chance.</summary>
        public double ChanceOfClass => s_classes.Sum(c => c.Words.Count(Knows) is var n ? n * (n - 1.0) / Classified / (Classified - 1) : 0);

        /// <summary>The rows of some words in the directions in which they differ most (principal components).</summary>
        public Dictionary<string, double[]> Components(string[] words)
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            double[][] all = [.. Weights.Values(_rows).Chunk(Width)];
            double[] values = [.. words.SelectMany(w => Normalized(all[_ids[w]]))];
            Tensor rows = tensor(values, [words.Length, Width]);
            Tensor centred = rows.Minus(rows.mean([0], keepdim: true));
            double[] places = centred.matmul(linalg.svd(centred, fullMatrices: false).Vh.t()).contiguous().data<double>().ToArray();
            return words.Zip(places.Chunk(Width)).ToDictionary(p => p.First, p => p.Second);
        }

        private Tensor Loss() => nn.functional.log_softmax(_rows.matmul(_outputs), 1).mul(_near).sum().neg();

        private static IEnumerable<double> Normalized(double[] row) => row.Select(v => v / Math.Sqrt(row.Sum(x => x * x)));

        private static double Cosine(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y));
    }
}
