using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>The smallest language model: five words, each of which predicts the next.</summary>
public sealed class NextTokenLesson : Lesson
{
    private const int Hidden = 16, PublishedEpochs = 500;
    private const double LearningRate = 0.3;
    private static readonly string[] s_words = ["The", "capital", "of", "France", "Paris"];

    private static readonly double[] s_publishedLosses =
        [1.5619682838207531, 0.01575674891733371, 0.005474396583581011, 0.0031577240194150917, 0.0021773576377424903, 0.0016490717022509581];

    private static readonly double[] s_publishedProbabilities = [0.9985044135932604, 0.998617688134285, 0.9984952811977659, 0.9978083433427528];

    /// <inheritdoc/>
    public override string Name => "next-token";

    /// <inheritdoc/>
    public override string Title => "the smallest language model";

    /// <inheritdoc/>
    public override int? Steps => PublishedEpochs;

    /// <inheritdoc/>
    public override long? Seed => 0;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("A language model predicts the next token of a text from what came before. That is all it does; everything else comes of doing " +
            "it well. This one knows five words and one sentence, and looks at one word only.");
        page.Lines("The -> capital     capital -> of     of -> France     France -> Paris");
        page.Text("A word goes in as a one-hot row: five numbers, all 0 but the word's own. A hidden layer of 16 with GELU, then five outputs: a " +
            "logit for each word, and softmax makes probabilities of them. The loss is -log of the probability of the right one (lesson losses), " +
            "over the four pairs.");
        page.Lines(
            "one-hot (4, 5) x W1 (5, 16) + b1 -> GELU -> (4, 16) x W2 (16, 5) + b2 -> logits (4, 5)",
            "parameters: 5*16 + 16 + 16*5 + 5 = 181");
        NextTokenTraining training = Train(page.Steps, page.Seed, page.StopIfAsked);
        int[] shown = [.. Enumerable.Range(0, 5).Select(i => i * 100).Where(e => e < page.Steps - 1), page.Steps - 1];
        page.Table(["epoch", "loss", "right"],
            shown.Select(e => new[] { $"{e}", $"{training.Losses[e]:0.00000000}", $"{training.Correct[e]} of 4" }));
        if (page.IsAsPublished)
        {
            page.Check("loss at six epochs", "the tutorial's code", shown.Select(e => training.Losses[e]), s_publishedLosses, 1e-9);
            page.Check("probability of each next word", "the tutorial's code", Enumerable.Range(0, 4).Select(i => training.Probabilities[i][i + 1]),
                s_publishedProbabilities, 1e-9);
            page.Check("words right", "all four", training.Correct[^1], 4, 0);
        }
        page.Text($"Knowing nothing costs log 5 = {Math.Log(5):0.0000} (each word has one chance in five); the untrained network stood at " +
            $"{training.Losses[0]:0.0000}. What it says now, for each word that goes in:");
        page.Table(["", .. s_words.Select(w => $"-> {w}")],
            s_words.Select((w, i) => new[] { w }.Concat(training.Probabilities[i].Select(p => $"{p:0.0000}")).ToArray()));
        page.Text("The last row is a guess: what follows Paris was never seen. The model has no way to say \"I do not know\"; it has learned " +
            "nothing about that row of W1.");
        page.Check("gradient of the row of W1 for the word never seen", "nothing", training.UnseenRowGradient, new double[Hidden], 0);
        page.Check("gradients of 181 weights at the start", "central differences", training.FirstGradients, training.FirstDifferences, 1e-7);

        page.Heading("Writing");
        page.Text("To write, take the most likely next word, and put it in again:");
        var text = new List<string> { "The" };
        for (int word = 0; text.Count < 5;)
        {
            word = Array.IndexOf(training.Probabilities[word], training.Probabilities[word].Max());
            text.Add(s_words[word]);
        }
        page.Lines(string.Join(' ', text));
        if (page.IsAsPublished) page.Check("words written as they were learned", "the sentence", text.Zip(s_words).Count(w => w.First == w.Second), 5,
            0);
        page.Text("One-hot times W1 picks one row of W1, nothing more. So real models keep the rows and look them up: the table is called an " +
            "embedding (lesson tokens). And this one forgets all words but the last: what can look further back are the lessons rnn and attention.");
        page.Picture("learned", plot => DrawLoss(plot, training), plot => DrawProbabilities(plot, training));
    }

    /// <summary>Trains the network in float64 by gradient descent with autograd's gradients.</summary>
    /// <param name="epochs">How often all four pairs are seen.</param>
    /// <param name="seed">NumPy's seed of the initial weights.</param>
    /// <param name="everyEpoch">Called before each epoch.</param>
    public static NextTokenTraining Train(int epochs, long seed, Action? everyEpoch = null)
    {
        using var scope = NewDisposeScope();
        var random = new NumPyRandom(seed);
        int v = s_words.Length;
        Tensor all = eye(v, dtype: ScalarType.Float64), x = all.narrow(0, 0, 4), targets = tensor([1L, 2, 3, 4]);
        Tensor w1 = Weights.New(random.Normal(0.3, v, Hidden)), b1 = Weights.Zeros(Hidden);
        Tensor w2 = Weights.New(random.Normal(0.3, Hidden, v)), b2 = Weights.Zeros(v);
        Tensor[] weights = [w1, b1, w2, b2];
        Tensor Logits(Tensor input) => nn.functional.gelu(input.matmul(w1).Plus(b1), GELU.Approximate.tanh).matmul(w2).Plus(b2);
        Tensor Loss() => nn.functional.cross_entropy(Logits(x), targets);
        double[][] initial = [.. weights.Select(Weights.Values)];
        double[] firstDifferences = Weights.Differences(weights, Loss), firstGradients = [], unseen = [];
        var losses = new List<double>();
        var correct = new List<int>();
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            everyEpoch?.Invoke();
            using var step = NewDisposeScope();
            Tensor logits = Logits(x), loss = nn.functional.cross_entropy(logits, targets);
            loss.backward();
            losses.Add(loss.item<double>());
            correct.Add((int)logits.argmax(1).eq(targets).sum().item<long>());
            if (epoch == 0) (firstGradients, unseen) = ([.. weights.SelectMany(w => Weights.Values(w.grad!))], Weights.Values(w1.grad![4]));
            Weights.Step(LearningRate, weights);
        }
        double[] probabilities = Weights.Values(nn.functional.softmax(Logits(all), 1));
        return new NextTokenTraining(initial, losses, correct, [.. probabilities.Chunk(v)], firstGradients, firstDifferences, unseen);
    }

    private static void DrawLoss(Plot plot, NextTokenTraining training)
    {
        plot.Titles("Loss", "epoch", "nats per word");
        plot.Line(null, [.. training.Losses.Select(Math.Log10)]);
        plot.PowersOfTen();
    }

    private static void DrawProbabilities(Plot plot, NextTokenTraining training)
    {
        var matrix = new double[s_words.Length, s_words.Length];
        for (int i = 0; i < s_words.Length; i++)
        {
            for (int j = 0; j < s_words.Length; j++) matrix[i, j] = training.Probabilities[i][j];
        }
        plot.Matrix(matrix, s_words, s_words);
        plot.Titles("The probability of each next word", "next", "word");
    }
}

/// <summary>What training the five-word network came to.</summary>
/// <param name="InitialWeights">W1 (5, 16), b1, W2 (16, 5) and b2, row by row.</param>
/// <param name="Losses">Nats per word, before each epoch's update.</param>
/// <param name="Correct">Words right, likewise.</param>
/// <param name="Probabilities">After training: for each word, those of what may follow.</param>
/// <param name="FirstGradients">Of all weights at the first epoch.</param>
/// <param name="FirstDifferences">The same by central differences.</param>
/// <param name="UnseenRowGradient">That of W1's row for the word that never goes in.</param>
public sealed record NextTokenTraining(double[][] InitialWeights, IReadOnlyList<double> Losses, IReadOnlyList<int> Correct, double[][] Probabilities,
    double[] FirstGradients, double[] FirstDifferences, double[] UnseenRowGradient);
