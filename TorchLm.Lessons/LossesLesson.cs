using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>Mean squared error, binary and categorical cross-entropy, and softmax in finite arithmetic.</summary>
public sealed class LossesLesson : Lesson
{
    /// <inheritdoc/>
    public override string Name => "losses";

    /// <inheritdoc/>
    public override string Title => "what wrong means, in one number";

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Heading("Mean squared error");
        double[] predicted = [0.7, 0.2, 0.1], actual = [1, 0, 0];
        double mse = predicted.Zip(actual, (p, a) => (p - a) * (p - a)).Average();
        page.Text("For numbers: square each distance, take the mean. Being twice as far off is four times as bad.");
        page.Lines("predicted 0.7 0.2 0.1   actual 1 0 0", $"((0.7-1)^2 + (0.2-0)^2 + (0.1-0)^2) / 3 = {mse:0.000000}");
        double libtorchs = Value(() => nn.functional.mse_loss(tensor(predicted), tensor(actual)));
        page.Check("mean squared error", "the published example", libtorchs, 0.04666666666666668, 1e-12);
        page.Check("mean squared error", "the definition", libtorchs, mse, 1e-12);

        page.Heading("Cross-entropy: why -log p");
        page.Text("For choices (which word comes next?) a model gives each of them a probability. What matters is p, the probability that it gave " +
            "to what then came. The loss is -log p: nothing if it was certain, and without limit if it was certain of something else.");
        double[] ps = [0.9, 0.5, 0.3, 0.1, 0.01],
            published = [0.10536051565782628, 0.6931471805599453, 1.203972804325936, 2.3025850929940455, 4.605170185988091];
        double[] losses = [.. ps.Select(p => Value(() => nn.functional.cross_entropy(tensor([Math.Log(p), Math.Log(1 - p)], [1, 2]), tensor([0L]))))];
        page.Table(["p", .. ps.Select(p => $"{p}")], [["-log p", .. losses.Select(l => $"{l:0.0000}")]]);
        page.Check("-log p", "the published table", losses, published, 1e-12);

        page.Text("Why the logarithm? A text is likely if all its words are, one after the other: probabilities multiply. 400 words of " +
            "probability 0.1 each make a number that a double cannot hold; logarithms of a product are sums, which stay of human size, and have a " +
            "mean.");
        double product = Math.Pow(0.1, 400), sum = 400 * -Math.Log(0.1);
        page.Lines($"0.1 * 0.1 * ... (400 times) = {product}",
            $"-log 0.1 - log 0.1 - ...    = {sum:0.000}, {sum / 400:0.0000} a word: nats per token");

        page.Heading("Softmax, without overflow");
        page.Text("A network's last layer gives any numbers, called logits. Softmax makes probabilities of them: exp of each, divided by the sum. " +
            "Only differences count, so the largest may be taken off first. Without that, exp(1000) is already too large for a float64.");
        double[] logits = [1000, 1001, 1002];
        double[] naive = Softmax(logits, 0), stable = Softmax(logits, logits.Max()),
            libtorch = Values(() => nn.functional.softmax(tensor(logits), 0));
        page.Table(["logits", .. logits.Select(l => $"{l}")],
        [
            ["exp / sum", .. naive.Select(p => $"{p:0.0000}")], ["largest taken off", .. stable.Select(p => $"{p:0.0000}")],
                ["libtorch", .. libtorch.Select(p => $"{p:0.0000}")],
        ]);
        page.Check("softmax of large logits", "the definition, largest taken off", libtorch, stable, 1e-12);
        page.Check("softmax of large logits", "the same of 0, 1 and 2", libtorch, Softmax([0, 1, 2], 0), 1e-12);

        page.Heading("The gradient is the error");
        page.Text("Softmax and cross-entropy together have the simplest gradient there is: for each logit, the probability minus what it should " +
            "have been. The same holds for a single yes-or-no output with sigmoid and binary cross-entropy.");
        double[] examples = [2.0, 0.5, -1.0];
        double[] gradient = Gradient(x => nn.functional.cross_entropy(x.view(1, 3), tensor([0L])), examples);
        double[] probabilities = Softmax(examples, examples.Max()), errors = [probabilities[0] - 1, probabilities[1], probabilities[2]];
        page.Table(["", "logit", "probability", "should be", "gradient"],
            examples.Select((l, i) => new[] { $"choice {i}", $"{l:0.0}", $"{probabilities[i]:0.0000}", i == 0 ? "1" : "0",
            $"{gradient[i]:0.0000}" }));
        page.Check("gradient of softmax and cross-entropy", "probability minus target", gradient, errors, 1e-12);
        double logit = Math.Log(0.533 / 0.467);
        double binary = Value(() => BinaryLoss(tensor(logit), 0)), binarySlope = Gradient(x => BinaryLoss(x, 0), [logit])[0];
        page.Lines($"a prediction of 0.533 where 0 was right: loss {binary:0.0000}, gradient of the logit {binarySlope:0.000}");
        page.Check("binary cross-entropy and its slope", "the published example", [binary, binarySlope], [0.7614260213132398, 0.533], 1e-12);

        page.Text("And that is why choices are not trained with squared error. A sigmoid that is certain and wrong is flat: squared error's slope " +
            "vanishes just where there is most to learn, cross-entropy's does not.");
        double[] wrong = [-1, -3, -5, -10];
        double[] squared = Gradient(x => x.sigmoid().Minus(ones_like(x)).Squared().sum(), wrong), crossed = Gradient(x => BinaryLoss(x, 1), wrong);
        page.Table(["logit, where 1 is right", .. wrong.Select(w => $"{w}")],
        [
            ["prediction", .. wrong.Select(w => $"{Sigmoid(w):0.000000}")],
            ["slope of squared error", .. squared.Select(s => $"{s:0.000000}")],
            ["slope of cross-entropy", .. crossed.Select(s => $"{s:0.000000}")],
        ]);
        page.Check("slope of squared error", "2(p-y) p(1-p)", squared, wrong.Select(w => 2 * (Sigmoid(w) - 1) * Sigmoid(w) * (1 - Sigmoid(w))),
            1e-12);
        page.Check("slope of cross-entropy", "p-y", crossed, wrong.Select(w => Sigmoid(w) - 1), 1e-12);

        page.Picture("curves", DrawLosses, DrawSlopes);
    }

    /// <summary>1 / (1 + exp(−z)).</summary>
    internal static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));

    /// <summary>Probabilities of logits, by the definition, after something was taken off each.</summary>
    internal static double[] Softmax(double[] logits, double takenOff)
    {
        double[] powers = [.. logits.Select(l => Math.Exp(l - takenOff))];
        return [.. powers.Select(p => p / powers.Sum())];
    }

    private static Tensor BinaryLoss(Tensor logits, int target) =>
        nn.functional.binary_cross_entropy_with_logits(logits, target == 0 ? zeros_like(logits) : ones_like(logits), reduction: nn.Reduction.Sum);

    private static double Value(Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        return compute().item<double>();
    }

    private static double[] Values(Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        return compute().data<double>().ToArray();
    }

    private static double[] Gradient(Func<Tensor, Tensor> loss, double[] at)
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(at, requires_grad: true);
        loss(x).backward();
        return x.grad!.data<double>().ToArray();
    }

    private static void DrawLosses(Plot plot)
    {
        plot.Titles("The loss of a choice", "probability that was given to what came", "loss (nats)");
        plot.Curve("cross-entropy, -log p", p => -Math.Log(p), 0.005, 1);
        plot.Curve("squared error, (1-p)²", p => (1 - p) * (1 - p), 0.005, 1);
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawSlopes(Plot plot)
    {
        plot.Titles("Slopes of the loss where 1 is right", "logit", "slope");
        plot.Curve("cross-entropy", z => Sigmoid(z) - 1, -10, 6);
        plot.Curve("squared error", z => 2 * (Sigmoid(z) - 1) * Sigmoid(z) * (1 - Sigmoid(z)), -10, 6);
        plot.Word("certain and wrong:\nsquared error is flat", -7.2, -0.28);
        plot.ShowLegend(Alignment.LowerRight);
    }
}
