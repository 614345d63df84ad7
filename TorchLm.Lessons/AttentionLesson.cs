using ScottPlot;
using TorchLm.Core.Kernels;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Operations;
using TorchLm.Core.Optimization;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>Attention by hand on three tokens, the causal mask, several heads, and three ways to say where a token stands.</summary>
public sealed class AttentionLesson : Lesson
{
    private const int Tokens = 8, Context = 32, Back = 4;
    private static readonly int[] s_distances = [0, 1, 4, 16], s_pairs = [0, 3, 6];
    private static readonly string[] s_words = ["the", "cat", "sat"];
    private static readonly double[][] s_queries = [[1, 0], [0, 2], [2, 1]], s_keys = [[1, 1], [2, 0], [0, 1]], s_values = [[10, 0], [0, 10], [5, 5]];

    /// <inheritdoc/>
    public override string Name => "attention";

    /// <inheritdoc/>
    public override string Title => "tokens that look at each other";

    /// <inheritdoc/>
    public override int? Steps => 500;

    /// <inheritdoc/>
    public override long? Seed => 1;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Heading("By hand");
        page.Text("Each token makes three rows of numbers out of its own: a query (what am I looking for?), a key (what am I?) and a value (what " +
            "do I tell?). A query is compared with every key by a dot product; divided by the root of their length (or softmax would be all or " +
            "nothing), softmax makes weights of it, and what comes out is the values' mean by those weights.");
        page.Lines("attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V        (Vaswani et al. 2017)");
        (double[][] output, double[][] weights) = Attend(s_queries, s_keys, s_values, causal: true);
        page.Table(["", "query", "key", "value"], s_words.Select((w, i) => new[] { w, Shown(s_queries[i]), Shown(s_keys[i]), Shown(s_values[i]) }));
        page.Text("In a language model a token must not see what comes after it, for that is what it is to predict: the causal mask. What is " +
            "masked is left out of the softmax.");
        page.Table(["looks at", .. s_words.Select(w => $"{w}"), "gets"],
            s_words.Select((w, i) => new[] { w }.Concat(weights[i].Select((p, j) => j > i ? "masked" : $"{p:0.0000}")).Append(Shown(output[i]))
            .ToArray()));
        page.Check("three tokens, causal", "libtorch's scaled_dot_product_attention", output.SelectMany(r => r),
            Libtorch([s_queries], [s_keys], [s_values], causal: true), 1e-12);
        page.Check("weights of what is masked", "nothing", [weights[0][1], weights[0][2], weights[1][2]], [0, 0, 0], 0);

        page.Heading("Several heads");
        page.Text("One look is not enough: who did it, and where? So the channels are cut into heads, each with its own queries, keys and values, " +
            "and what they find is put side by side again. 5 tokens, 16 channels, 2 heads of 8, random numbers:");
        NumPyRandom random = page.NewRandom();
        double[][][] parts = [.. Enumerable.Range(0, 6).Select(_ => Drawn(random, 5, 8))];
        double[][] first = Attend(parts[0], parts[2], parts[4], causal: true).Output,
            second = Attend(parts[1], parts[3], parts[5], causal: true).Output;
        page.Check("two heads, causal", "libtorch's scaled_dot_product_attention", first.Concat(second).SelectMany(r => r),
                Libtorch([parts[0], parts[1]], [parts[2], parts[3]], [parts[4], parts[5]], causal: true), 1e-12);
        page.Check("two heads, causal", "TorchLm's own kernel (float32)", first.Zip(second).SelectMany(r => r.First.Concat(r.Second)), Kernel(parts),
            1e-5);
        page.Lines($"by hand: {Shown(first[4][..4])} ...",
            "the same from libtorch and from the kernel that TorchLm trains with (see the table of checks)");

        page.Heading("Where am I?");
        double[][] swapped = Attend(Swapped(s_queries), Swapped(s_keys), Swapped(s_values), causal: false).Output,
            plain = Attend(s_queries, s_keys, s_values, causal: false).Output;
        page.Text("Attention by itself does not know the order of words: without the mask, swap two tokens, and their results are swapped, " +
            "nothing else. \"Dog bites man\" would be \"man bites dog\". So each token must say where it stands.");
        page.Check("results of swapped tokens", "swapped results", Swapped(swapped).SelectMany(r => r), plain.SelectMany(r => r), 1e-12);
        page.Lines(
            "sinusoidal   added to the embedding: sin(p/10000^(2i/C)) and cos of the same, fixed (Vaswani et al. 2017)",
            "learned      added to the embedding: a row of weights for each position, trained (GPT-2, TorchLm)",
            "rotary       queries and keys are turned by an angle that grows with the position (Su et al. 2021, Llama)");
        double[][] sines = [.. Enumerable.Range(0, Context).Select(p => Sinusoidal(p, 32))];
        page.Text("Sine and cosine together have this property: how alike two positions are (their dot product) depends on their distance only. " +
            "Rotary positions have it by construction, and right where it matters: in the score of a query and a key.");
        double[] q = [.. Enumerable.Range(0, 32).Select(_ => random.Normal())], k = [.. Enumerable.Range(0, 32).Select(_ => random.Normal())];
        page.Table(["distance", "sinusoidal, at 0", "at 9", "rotary score, at 0", "at 9"], s_distances.Select(d => new[]
        {
            $"{d}", $"{Dot(sines[0], sines[d]):0.0000}", $"{Dot(sines[9], sines[9 + d]):0.0000}", $"{Dot(Rotary(q, d), Rotary(k, 0)):0.0000}",
                $"{Dot(Rotary(q, 9 + d), Rotary(k, 9)):0.0000}",
        }));
        for (int d = 0; d < 20; d++)
        {
            page.Check("likeness of sinusoidal positions", "the sum of cosines of the distance", Dot(sines[5], sines[5 + d]),
                Enumerable.Range(0, 16).Sum(i => Math.Cos(d * Frequency(i, 32))), 1e-12);
            page.Check("rotary score of two positions", "the same, 7 places on", Dot(Rotary(q, 5 + d), Rotary(k, 5)),
                Dot(Rotary(q, 12 + d), Rotary(k, 12)), 1e-12);
            page.Check("rotary score of two positions", "complex numbers, q conj(k) exp(i d angle)", Dot(Rotary(q, 5 + d), Rotary(k, 5)),
                ComplexScore(q, k, d), 1e-12);
        }

        page.Heading("A head that learns where to look");
        page.Text($"A task that needs positions: random letters, and at each place the model must say the letter {Back} places before (at the " +
            $"first {Back}, the letter itself). The model is a real {nameof(Gpt)} of one block and one head, 32 wide, trained for {page.Steps} " +
            $"steps.");
        using Gpt model = LookingBack(page, out double untrained, out double trained);
        var byHand = new GptByHand(model);
        int[] letters = [.. Enumerable.Range(0, Context).Select(_ => random.Below(Tokens))];
        double[][] logits = byHand.Logits(letters);
        double[][] looks = byHand.Attention[0][0];
        double there = Enumerable.Range(Back, Context - Back).Average(t => looks[t][t - Back]);
        int right = Enumerable.Range(Back, Context - Back).Count(t => Array.IndexOf(logits[t], logits[t].Max()) == letters[t - Back]);
        page.Lines(
            $"loss before    {untrained:0.0000}     (log 8 = {Math.Log(8):0.0000}: a guess)",
            $"loss after     {trained:0.0000}",
            $"on a new row   {right} of {Context - Back} right; the head puts {100 * there:0.0} % of its attention on the place {Back} before");
        page.Text("Nobody told it where to look. It found out, through gradients of learned positions, queries and keys; the picture shows the " +
            "head's attention as a line beside the diagonal.");
        page.Check("logits of the trained model", "all of it by hand in float64", GptByHand.LogitsOf(model, letters), logits.SelectMany(l => l),
            1e-3);
        if (page.IsAsPublished)
        {
            page.Check("loss of the untrained model", "log 8", untrained, Math.Log(8), 0.05);
            page.CheckAtLeast("attention on the right place", "nine tenths", there, 0.9);
            page.CheckAtLeast("letters right", "all but one", right, Context - Back - 1);
        }
        double[][] positions = [.. Weights.Values(model.named_parameters().First(p => p.name == "positions.weight").parameter).Chunk(32)];
        page.Picture("heads", plot => DrawWeights(plot, weights), plot => DrawLooks(plot, looks));
        page.Picture("positions",
            plot => DrawPositions(plot, "Sinusoidal positions", sines), plot => DrawPositions(plot, "Learned positions, after training", positions),
                DrawRotary,
            plot => DrawLikeness(plot, "Likeness of sinusoidal positions", sines),
                plot => DrawLikeness(plot, "Likeness of learned positions", positions), plot => DrawTurned(plot));
    }

    /// <summary>Attention of one head by the definition: queries, keys (T, d) and values (T, e) to results (T, e) and weights (T, T).</summary>
    internal static (double[][] Output, double[][] Weights) Attend(double[][] queries, double[][] keys, double[][] values, bool causal)
    {
        int length = queries.Length;
        double scale = 1 / Math.Sqrt(queries[0].Length);
        var (output, weights) = (new double[length][], new double[length][]);
        for (int t = 0; t < length; t++)
        {
            int seen = causal ? t + 1 : length;
            double[] scores = [.. Enumerable.Range(0, seen).Select(s => scale * Dot(queries[t], keys[s]))];
            weights[t] = [.. LossesLesson.Softmax(scores, scores.Max()), .. new double[length - seen]];
            output[t] = [.. Enumerable.Range(0, values[0].Length).Select(c => Enumerable.Range(0, seen).Sum(s => weights[t][s] * values[s][c]))];
        }
        return (output, weights);
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static string Shown(double[] row) => string.Join(" ", row.Select(v => v == Math.Round(v) ? $"{v,4:0}" : $"{v,7:0.0000}"));

    private static double[][] Drawn(NumPyRandom random, int rows, int columns) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => random.Normal()).ToArray())];

    private static double[][] Swapped(double[][] rows) => [rows[1], rows[0], rows[2]];

    private static double Frequency(int pair, int channels) => Math.Pow(10000, -2.0 * pair / channels);

    private static double[] Sinusoidal(int position, int channels) =>
        [.. Enumerable.Range(0, channels)
            .Select(c => c % 2 == 0 ? Math.Sin(position * Frequency(c / 2, channels)) : Math.Cos(position * Frequency(c / 2, channels)))];

    /// <summary>Channels in pairs, each pair turned by its frequency times the position.</summary>
    private static double[] Rotary(double[] x, int position)
    {
        var turned = new double[x.Length];
        for (int i = 0; i < x.Length / 2; i++)
        {
            (double sin, double cos) = Math.SinCos(position * Frequency(i, x.Length));
            (turned[2 * i], turned[(2 * i) + 1]) = ((x[2 * i] * cos) - (x[(2 * i) + 1] * sin), (x[2 * i] * sin) + (x[(2 * i) + 1] * cos));
        }
        return turned;
    }

    private static double ComplexScore(double[] q, double[] k, int distance) => Enumerable.Range(0, q.Length / 2).Sum(i =>
        (new System.Numerics.Complex(q[2 * i],
            q[(2 * i) + 1]) * System.Numerics.Complex.Conjugate(new System.Numerics.Complex(k[2 * i], k[(2 * i) + 1]))
            * System.Numerics.Complex.FromPolarCoordinates(1, distance * Frequency(i, q.Length))).Real);

    /// <summary>Heads of (T, d) each, by libtorch in float64.</summary>
    private static double[] Libtorch(double[][][] queries, double[][][] keys, double[][][] values, bool causal)
    {
        using var scope = NewDisposeScope();
        Tensor Of(double[][][] heads) =>
            tensor([.. heads.SelectMany(h => h.SelectMany(r => r))], [1, heads.Length, heads[0].Length, heads[0][0].Length]);
        return nn.functional.scaled_dot_product_attention(Of(queries), Of(keys), Of(values), is_casual: causal).contiguous().data<double>().ToArray();
    }

    /// <summary>Two heads by the operation that TorchLm's models use: (T, C) row by row.</summary>
    private static double[] Kernel(double[][][] parts)
    {
        using var scope = NewDisposeScope();
        int length = parts[0].Length;
        float[] joint = [.. Enumerable.Range(0, length).SelectMany(t => parts.SelectMany(p => p[t].Select(v => (float)v)))];
        return Weights.Values(CausalAttentionOperation.Apply(tensor(joint, [1, length, 48]), new AttentionShape(1, length, 2, 8), 0));
    }

    /// <summary>Trains a model to repeat what stood some places before.</summary>
    private static Gpt LookingBack(LessonPage page, out double first, out double last)
    {
        NumPyRandom random = page.NewRandom();
        var shape = new ModelConfig { LayerCount = 1, HeadCount = 1, EmbeddingSize = 32, ContextLength = Context, VocabularySize = Tokens };
        var model = new Gpt(shape, page.Seed);
        var rates = new OptimizerConfig { LearningRate = 1e-2, MinLearningRate = 1e-3, WarmupSteps = 20 };
        var schedule = new LearningRateSchedule(rates, page.Steps);
        using var optimizer = new Optimizer(model, rates);
        (first, last) = (0, 0);
        for (int step = 0; step < page.Steps; step++)
        {
            page.StopIfAsked();
            using var scope = NewDisposeScope();
            long[] letters = [.. Enumerable.Range(0, 16 * Context).Select(_ => (long)random.Below(Tokens))];
            Tensor inputs = tensor(letters, [16, Context]);
            Tensor targets = cat([inputs.narrow(1, 0, Back), inputs.narrow(1, 0, Context - Back)], 1);
            last = model.AccumulateGradients(inputs, targets).item<float>();
            if (step == 0) first = last;
            optimizer.Step(schedule.At(step));
        }
        return model;
    }

    private static double[,] Square(double[][] rows)
    {
        var square = new double[rows.Length, rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < rows[0].Length; j++) square[i, j] = rows[i][j];
        }
        return square;
    }

    private static void DrawWeights(Plot plot, double[][] weights)
    {
        plot.Matrix(Square(weights), s_words, s_words);
        plot.Titles("Three tokens by hand", "what is looked at", "who looks");
    }

    private static void DrawLooks(Plot plot, double[][] looks)
    {
        plot.Matrix(Square(looks));
        plot.Titles($"A trained head: {Back} places before", "position that is looked at", "position");
    }

    private static void DrawPositions(Plot plot, string title, double[][] positions)
    {
        plot.Matrix(Square(positions), signed: true);
        plot.Titles(title, "channel", "position");
    }

    private static void DrawLikeness(Plot plot, string title, double[][] positions)
    {
        double[] sizes = [.. positions.Select(p => Math.Sqrt(Dot(p, p)))];
        plot.Matrix(Square([.. positions.Select((p, i) => positions.Select((o, j) => Dot(p, o) / sizes[i] / sizes[j]).ToArray())]), signed: true);
        plot.Titles(title, "position", "position");
    }

    private static void DrawRotary(Plot plot)
    {
        double[] ones = [.. Enumerable.Repeat(1.0, 32)];
        plot.Titles("Rotary: the score of equal query and key", "distance", "score");
        plot.Line(null, [.. Enumerable.Range(0, Context).Select(d => Dot(Rotary(ones, d), ones))]);
    }

    private static void DrawTurned(Plot plot)
    {
        plot.Titles("Rotary: three of 16 pairs, turned from place to place", "first of the pair", "second of the pair");
        foreach (int pair in s_pairs)
        {
            double size = 1 - (pair / 12.0);
            double[] angles = [.. Enumerable.Range(0, 12).Select(p => p * Frequency(pair, 32))];
            var line = plot.Add.Scatter(angles.Select(a => size * Math.Cos(a)).ToArray(), angles.Select(a => size * Math.Sin(a)).ToArray());
            (line.LineWidth, line.MarkerSize, line.LegendText) = (1, 6, $"pair {pair}");
        }
        plot.Axes.SquareUnits();
        plot.ShowLegend(Alignment.LowerRight);
    }
}
