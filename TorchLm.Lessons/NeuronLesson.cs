using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>One neuron: forward, backward by the chain rule, and a step down the slope.</summary>
public sealed class NeuronLesson : Lesson
{
    private const double X = 2, Y = 1, LearningRate = 0.1;

    /// <inheritdoc/>
    public override string Name => "neuron";

    /// <inheritdoc/>
    public override string Title => "one neuron learns";

    /// <inheritdoc/>
    public override int? Steps => 100;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("A neuron multiplies its input by a weight, adds a bias, and squeezes the sum into the range from 0 to 1. That is its " +
            "prediction. The loss says how wrong it is: the square of the distance to what it should have said.");
        double w = 0.5, b = 0.1;
        Pass first = Forward(w, b);
        page.Lines(
            $"x = {X}   (what goes in)        w = {w}   b = {b}   (what can be learned)",
            $"y = {Y}   (what should come out)",
            "",
            $"z          = w*x + b          = {first.Z}",
            $"prediction = sigmoid(z)       = {first.Prediction:0.000000}       sigmoid(z) = 1 / (1 + exp(-z))",
            $"loss       = (prediction-y)^2 = {first.Loss:0.000000}");

        page.Text("How should w and b change, so that the loss becomes smaller? Walk back from the loss to the weight. Each step on the way has a " +
            "slope of its own, and the slope of the whole way is their product: that is the chain rule, and all of backpropagation.");
        double lossSlope = 2 * (first.Prediction - Y), sigmoidSlope = first.Prediction * (1 - first.Prediction);
        double slopeOfW = lossSlope * sigmoidSlope * X, slopeOfB = lossSlope * sigmoidSlope * 1;
        page.Lines(
            $"dLoss/dPrediction = 2*(prediction-y)             = {lossSlope,9:0.000000}",
            $"dPrediction/dz    = prediction*(1-prediction)    = {sigmoidSlope,9:0.000000}",
            $"dz/dw = x = {X}       dz/db = 1",
            "",
            $"dLoss/dw = {lossSlope:0.000000} * {sigmoidSlope:0.000000} * {X} = {slopeOfW:0.000000}",
            $"dLoss/db = {lossSlope:0.000000} * {sigmoidSlope:0.000000} * 1 = {slopeOfB:0.000000}");

        page.Text("libtorch can do this by itself. It writes down every operation of the forward pass and walks back through them: autograd.");
        (double autogradOfW, double autogradOfB) = Autograd(w, b);
        page.Table(["", "by hand", "autograd", "difference"],
        [
            ["dLoss/dw", $"{slopeOfW:0.0000000000}", $"{autogradOfW:0.0000000000}", CheckReport.Number(Math.Abs(slopeOfW - autogradOfW))],
            ["dLoss/db", $"{slopeOfB:0.0000000000}", $"{autogradOfB:0.0000000000}", CheckReport.Number(Math.Abs(slopeOfB - autogradOfB))],
        ]);
        page.Check("gradients", "the chain rule by hand", [autogradOfW, autogradOfB], [slopeOfW, slopeOfB], 1e-12);

        page.Text($"A slope points uphill. Gradient descent takes a small step the other way: the new w is w-rate*slope, here with a learning " +
            $"rate of {LearningRate}.");
        (double newW, double newB) = (w - (LearningRate * autogradOfW), b - (LearningRate * autogradOfB));
        Pass second = Forward(newW, newB);
        page.Table(["", "w", "b", "prediction", "loss"], [Row("before", w, b, first), Row("after one step", newW, newB, second)]);
        page.Check("forward, gradients and one step", "the published example",
            [first.Z, first.Prediction, first.Loss, autogradOfW, autogradOfB, newW, newB, second.Prediction, second.Loss],
            [1.1, 0.7502601055951177, 0.062370014857361766, -0.1871749357314132, -0.0935874678657066, 0.5187174935731413, 0.10935874678657066,
                0.7589247921681281, 0.058117255831180215], 1e-12);
        page.CheckAtMost("loss after the step", "the loss before", second.Loss, first.Loss);

        page.Text($"Again and again, {page.Steps} times in all:");
        var rows = new List<IReadOnlyList<string>>();
        for (int step = 0; step < page.Steps; step++)
        {
            page.StopIfAsked();
            (double slopeW, double slopeB) = Autograd(w, b);
            (w, b) = (w - (LearningRate * slopeW), b - (LearningRate * slopeB));
            if (step == 0 || (step + 1) % Math.Max(1, page.Steps / 4) == 0) rows.Add(Row($"step {step + 1}", w, b, Forward(w, b)));
        }
        page.Table(["", "w", "b", "prediction", "loss"], rows);
        page.Text("The steps get smaller while the neuron gets better, for two reasons: it is less wrong, and the sigmoid is flatter where it is " +
            "sure. Everything that follows, up to the model that writes stories, is this with more weights.");

        page.Picture("slope", plot => DrawLoss(plot, slopeOfW, newW), DrawSigmoid);
    }

    /// <summary>What one pass through the neuron computes.</summary>
    private sealed record Pass(double Z, double Prediction, double Loss);

    private static Pass Forward(double w, double b)
    {
        double z = (w * X) + b, prediction = 1 / (1 + Math.Exp(-z));
        return new Pass(z, prediction, Math.Pow(prediction - Y, 2));
    }

    private static (double W, double B) Autograd(double weight, double bias)
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(X), y = tensor(Y);
        Tensor w = tensor(weight, requires_grad: true), b = tensor(bias, requires_grad: true);
        Tensor prediction = w.mul(x).Plus(b).sigmoid();
        Tensor loss = prediction.Minus(y).Squared();
        loss.backward();
        return (w.grad!.item<double>(), b.grad!.item<double>());
    }

    private static string[] Row(string name, double w, double b, Pass pass) =>
        [name, $"{w:0.000000}", $"{b:0.000000}", $"{pass.Prediction:0.000000}", $"{pass.Loss:0.000000}"];

    private static void DrawLoss(Plot plot, double slope, double newW)
    {
        double Loss(double w) => Forward(w, 0.1).Loss;
        plot.Titles("The loss, and its slope where the neuron stands", "w (b = 0.1)", "loss");
        plot.Curve("loss", Loss, -0.5, 1.5);
        plot.Curve("slope at w = 0.5", w => Loss(0.5) + (slope * (w - 0.5)), -0.1, 0.9);
        plot.Points("before the step", [0.5], [Loss(0.5)]);
        plot.Points("after it", [newW], [Loss(newW)]);
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawSigmoid(Plot plot)
    {
        plot.Titles("The neuron: sigmoid(0.5 x + 0.1)", "x", "prediction");
        plot.Curve(null, x => 1 / (1 + Math.Exp(-((0.5 * x) + 0.1))), -10, 10);
        plot.Points("x = 2", [X], [Forward(0.5, 0.1).Prediction]);
        plot.ShowLegend(Alignment.UpperLeft);
    }
}
