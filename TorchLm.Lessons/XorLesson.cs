using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>Two published networks learn XOR in float64; their losses are the published ones, digit by digit.</summary>
public sealed class XorLesson : Lesson
{
    /// <summary>Two hidden neurons: learning rate 2, 10,000 epochs, NumPy's seed 0.</summary>
    public static XorNetwork TwoHidden { get; } = new(2, 2.0, 10_000, 0);

    /// <summary>Four hidden neurons: learning rate 0.5, 5,000 epochs, NumPy's seed 42.</summary>
    public static XorNetwork FourHidden { get; } = new(4, 0.5, 5_000, 42);

    private static readonly double[] s_inputs = [0, 0, 0, 1, 1, 0, 1, 1], s_targets = [0, 1, 1, 0];

    private static readonly double[] s_twoHiddenLosses =
        [0.25454655873300125, 0.0009243463006730861, 0.0003826015316602386, 0.0002386894760194256, 0.00017278064176981444, 0.00013514743716568718];

    private static readonly double[] s_fourHiddenLosses =
        [0.2556753002334093, 0.2496597238423106, 0.20284262842658507, 0.022751606230905046, 0.005199304064168367, 0.0026630536303743225];

    /// <inheritdoc/>
    public override string Name => "xor";

    /// <inheritdoc/>
    public override string Title => "a hidden layer learns what one neuron cannot";

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("Two inputs, a hidden layer of sigmoids, one output with a sigmoid; mean squared error over the four cases, all four in each " +
            "step. The weights begin as normal numbers times 0.5 (NumPy's generator, so that they are the published ones), the biases at 0.");
        page.Lines("hidden     = sigmoid(x W1 + b1)        (4, 2) x (2, n) -> (4, n)",
            "prediction = sigmoid(hidden W2 + b2)   (4, n) x (n, 1) -> (4, 1)");
        XorTraining two = Train(TwoHidden, page.StopIfAsked), four = Train(FourHidden, page.StopIfAsked);
        Show(page, two, 2000, s_twoHiddenLosses, "published", "the published table");
        Show(page, four, 1000, s_fourHiddenLosses, "tutorial", "the tutorial's code");
        page.Text("The four-neuron network spends more than 1,000 epochs on a plateau, at a loss of 0.25 (which is what saying one half to " +
            "everything costs), before it finds the way down. Nothing is wrong there: loss curves have such steps, and models of language have " +
            "them too.");

        page.Heading("What the hidden neurons learned");
        page.Text("Look at the two-neuron network from within. For each of the four cases, what the two hidden neurons say:");
        page.Table(["a", "b", "hidden 1", "hidden 2", "prediction", "should be"], Enumerable.Range(0, 4).Select(i => new[]
        {
            $"{s_inputs[2 * i]}", $"{s_inputs[(2 * i) + 1]}", $"{two.Hidden[i][0]:0.000}", $"{two.Hidden[i][1]:0.000}", $"{two.Predictions[i]:0.000}",
                $"{s_targets[i]}",
        }));
        page.Text("Hidden 1 is on if a OR b, hidden 2 only if a AND b. The output is on for OR but not AND. Nobody told it; gradient descent " +
            "found it. In the plane of the two hidden neurons a single line separates the cases: a hidden layer moves points until a line will do.");
        for (int i = 0; i < 4; i++)
        {
            bool a = s_inputs[2 * i] == 1, b = s_inputs[(2 * i) + 1] == 1;
            page.Check("hidden neurons, rounded", "OR and AND", two.Hidden[i].Select(h => Math.Round(h)), [a || b ? 1 : 0, a && b ? 1 : 0], 0);
        }
        page.Picture("networks",
            plot => DrawLosses(plot, two, four), plot => DrawHidden(plot, two),
            plot => DrawSurface(plot, two, "2 hidden neurons"), plot => DrawSurface(plot, four, "4 hidden neurons"));
    }

    /// <summary>Trains a network by gradient descent, in float64, with autograd's gradients.</summary>
    /// <param name="network">Which.</param>
    /// <param name="everyEpoch">Called before each epoch.</param>
    public static XorTraining Train(XorNetwork network, Action? everyEpoch = null)
    {
        using var scope = NewDisposeScope();
        var random = new NumPyRandom(network.Seed);
        Tensor x = tensor(s_inputs, [4, 2]), y = tensor(s_targets, [4, 1]);
        Tensor w1 = Weights.New(random.Normal(0.5, 2, network.Hidden)), b1 = Weights.Zeros(network.Hidden);
        Tensor w2 = Weights.New(random.Normal(0.5, network.Hidden, 1)), b2 = Weights.Zeros(1);
        Tensor[] weights = [w1, b1, w2, b2];
        double[][] initial = [.. weights.Select(Weights.Values)];
        double[][] firstGradients = [];
        var losses = new List<double>();
        var correct = new List<int>();
        double[] hiddenValues = [], predictions = [];
        for (int epoch = 0; epoch < network.Epochs; epoch++)
        {
            everyEpoch?.Invoke();
            using var step = NewDisposeScope();
            Tensor hidden = x.matmul(w1).Plus(b1).sigmoid();
            Tensor prediction = hidden.matmul(w2).Plus(b2).sigmoid();
            Tensor loss = prediction.Minus(y).Squared().mean();
            loss.backward();
            losses.Add(loss.item<double>());
            (hiddenValues, predictions) = (Weights.Values(hidden), Weights.Values(prediction));
            correct.Add(predictions.Zip(s_targets).Count(p => (p.First > 0.5) == (p.Second == 1)));
            if (epoch == 0) firstGradients = [.. weights.Select(w => Weights.Values(w.grad!))];
            Weights.Step(network.LearningRate, weights);
        }
        return new XorTraining(network, initial, firstGradients, losses, correct, [.. hiddenValues.Chunk(network.Hidden)], predictions,
            [.. weights.Select(Weights.Values)]);
    }

    private static void Show(LessonPage page, XorTraining training, int every, double[] published, string heading, string from)
    {
        (int n, double rate, int epochs, long seed) = training.Network;
        int[] shown = [.. Enumerable.Range(0, 5).Select(i => i * every), epochs - 1];
        page.Heading($"2-{n}-1, learning rate {rate:0.0}, {epochs:N0} epochs, seed {seed}");
        page.Table(["epoch", "loss", heading, "right"],
            shown.Select((e, i) => new[] { $"{e:N0}", $"{training.Losses[e]:0.00000000}", $"{published[i]:0.00000000}",
            $"{training.Correct[e]} of 4" }));
        page.Check($"loss of 2-{n}-1 at six epochs", from, shown.Select(e => training.Losses[e]), published, 1e-9);
        page.Check($"first gradients of 2-{n}-1", "backpropagation by hand", training.FirstGradients.SelectMany(g => g),
            GradientsByHand(n, training.InitialWeights), 1e-12);
        page.Check($"cases right, 2-{n}-1", "all four", training.Correct[^1], 4, 0);
    }

    /// <summary>The gradients of W1, b1, W2 and b2 where the biases are 0, in loops.</summary>
    private static double[] GradientsByHand(int n, double[][] weights)
    {
        double[] w1 = weights[0], w2 = weights[2], gradient1 = new double[2 * n], bias1 = new double[n], gradient2 = new double[n];
        double bias2 = 0;
        for (int i = 0; i < 4; i++)
        {
            double a = s_inputs[2 * i], b = s_inputs[(2 * i) + 1];
            double[] hidden = [.. Enumerable.Range(0, n).Select(j => LossesLesson.Sigmoid((a * w1[j]) + (b * w1[n + j])))];
            double p = LossesLesson.Sigmoid(hidden.Zip(w2, (h, w) => h * w).Sum());
            double atOutput = 2 * (p - s_targets[i]) / 4 * p * (1 - p);
            for (int j = 0; j < n; j++)
            {
                double atHidden = atOutput * w2[j] * hidden[j] * (1 - hidden[j]);
                gradient2[j] += atOutput * hidden[j];
                bias1[j] += atHidden;
                gradient1[j] += atHidden * a;
                gradient1[n + j] += atHidden * b;
            }
            bias2 += atOutput;
        }
        return [.. gradient1, .. bias1, .. gradient2, bias2];
    }

    private static void DrawLosses(Plot plot, XorTraining two, XorTraining four)
    {
        plot.Titles("Loss", "epoch", "mean squared error");
        foreach (XorTraining training in new[] { two, four })
        {
            int[] shown = [.. Enumerable.Range(0, training.Losses.Count).Where(e => e % 20 == 0)];
            plot.Line($"{training.Network.Hidden} hidden neurons", shown.Select(e => (double)e), shown.Select(e => Math.Log10(training.Losses[e])));
        }
        plot.PowersOfTen();
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawHidden(Plot plot, XorTraining training)
    {
        double[] w2 = training.FinalWeights[2];
        double b2 = training.FinalWeights[3][0];
        plot.Surface((h1, h2) => LossesLesson.Sigmoid((w2[0] * h1) + (w2[1] * h2) + b2), -0.2, 1.2, -0.25, 1.25);
        plot.Titles("The four cases, as the two hidden neurons see them", "hidden 1 (a OR b)", "hidden 2 (a AND b)");
        for (int i = 0; i < 4; i++)
        {
            double[] at = training.Hidden[i];
            plot.Points(null, [at[0]], [at[1]], s_targets[i] == 1 ? Colors.DarkRed : Colors.DarkBlue, 12);
            plot.Word($"{s_inputs[2 * i]},{s_inputs[(2 * i) + 1]}", at[0], at[1] + (i == 2 ? -0.09 : 0.09));
        }
    }

    private static void DrawSurface(Plot plot, XorTraining training, string title)
    {
        plot.Surface(training.Predict, -0.5, 1.5, -0.25, 1.25);
        plot.Titles(title, "a", "b");
        for (int i = 0; i < 4; i++) plot.Points(null, [s_inputs[2 * i]], [s_inputs[(2 * i) + 1]],
            s_targets[i] == 1 ? Colors.DarkRed : Colors.DarkBlue, 16);
        for (int i = 0; i < 4; i++) plot.Word($"{s_targets[i]}", s_inputs[2 * i], s_inputs[(2 * i) + 1], Colors.White, 11);
    }
}

/// <summary>A network of two inputs, some hidden neurons and one output, and how it is trained.</summary>
/// <param name="Hidden">Hidden neurons.</param>
/// <param name="LearningRate">The rate of gradient descent.</param>
/// <param name="Epochs">How often all four cases are seen.</param>
/// <param name="Seed">NumPy's seed of the initial weights.</param>
public sealed record XorNetwork(int Hidden, double LearningRate, int Epochs, long Seed);

/// <summary>What training came to.</summary>
/// <param name="Network">Which.</param>
/// <param name="InitialWeights">W1 (2, n), b1, W2 (n, 1) and b2, row by row.</param>
/// <param name="FirstGradients">Theirs at the first epoch, in the same order.</param>
/// <param name="Losses">Before each epoch's update.</param>
/// <param name="Correct">Cases right, likewise.</param>
/// <param name="Hidden">The hidden neurons for each case in the last epoch.</param>
/// <param name="Predictions">The output for each case in the last epoch.</param>
/// <param name="FinalWeights">The weights after it.</param>
public sealed record XorTraining(XorNetwork Network, double[][] InitialWeights, double[][] FirstGradients, IReadOnlyList<double> Losses,
    IReadOnlyList<int> Correct,
    double[][] Hidden, double[] Predictions, double[][] FinalWeights)
{
    /// <summary>What the trained network says to any input.</summary>
    public double Predict(double a, double b)
    {
        int n = Network.Hidden;
        double sum = FinalWeights[3][0];
        for (int j = 0; j < n; j++) sum += FinalWeights[2][j] * LossesLesson.Sigmoid((a * FinalWeights[0][j]) + (b * FinalWeights[0][n + j]) + FinalWeights[1][j]);
        return LossesLesson.Sigmoid(sum);
    }
}
