using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>A network tells the points with x·y &gt; 0 from the others, and is judged on points that it never saw.</summary>
public sealed class QuadrantsLesson : Lesson
{
    private const int TrainingPoints = 200, TestPoints = 1000, Hidden = 8;

    /// <inheritdoc/>
    public override string Name => "quadrants";

    /// <inheritdoc/>
    public override string Title => "two classes in four quadrants, with Adam";

    /// <inheritdoc/>
    public override int? Steps => 300;

    /// <inheritdoc/>
    public override long? Seed => 1;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("Class 1 is all points whose coordinates have the same sign (x*y > 0), class 0 the others: XOR turned round, and with all the " +
            "points between. Two outputs and softmax instead of one and a sigmoid, because that is how it goes on to any number of classes, such " +
            "as the words of a language.");
        NumPyRandom random = page.NewRandom();
        (double[] train, long[] trainClasses) = Drawn(random, TrainingPoints);
        (double[] test, long[] testClasses) = Drawn(random, TestPoints);
        var linear = new Network([random.Normal(0.5, 2, 2)]);
        var network = new Network([random.Normal(0.7, 2, Hidden), random.Normal(0.5, Hidden, 2)]);
        page.Lines($"points (n, 2) x W1 (2, {Hidden}) + b1 -> tanh -> (n, {Hidden}) x W2 ({Hidden}, 2) + b2 -> logits (n, 2)    {network.Count} weights");
        page.Check("gradients of all weights", "central differences", network.Gradient(train, trainClasses).Gradient,
            network.Differences(train, trainClasses), 1e-7);

        page.Text($"{TrainingPoints} points to train on, all in each step, with the Adam of lesson optimizers at a rate of 0.05. {TestPoints:N0} " +
            $"other points say how good it is. Beside it, the same without a hidden layer:");
        List<double> losses = Train(network, train, trainClasses, page), linearLosses = Train(linear, train, trainClasses, page);
        double accuracy = Accuracy(network, test, testClasses), linearAccuracy = Accuracy(linear, test, testClasses);
        double[] said = network.ClassOne(test);
        double[][] wrong = [.. test.Chunk(2).Where((_, i) => said[i] > 0.5 != (testClasses[i] == 1))];
        double near = wrong.Length == 0 ? 1 : wrong.Average(p => Math.Min(Math.Abs(p[0]), Math.Abs(p[1])) < 0.25 ? 1.0 : 0.0);
        page.Table(["", "weights", "loss at first", "loss at last", "right, trained on", "right, not seen"],
        [
            ["with a hidden layer", $"{network.Count}", $"{losses[0]:0.0000}", $"{losses[^1]:0.0000}",
                Percent(Accuracy(network, train, trainClasses)), Percent(accuracy)],
            ["without", $"{linear.Count}", $"{linearLosses[0]:0.0000}", $"{linearLosses[^1]:0.0000}", Percent(Accuracy(linear, train, trainClasses)),
                Percent(linearAccuracy)],
        ]);
        page.Text($"Without a hidden layer it is little better than a coin toss, at a loss close to log 2 = {Math.Log(2):0.0000}. With it, " +
            $"{Percent(near)} of the points that are wrong lie less than 0.25 from an axis: there, {TrainingPoints} points do not say exactly " +
            $"where the border is.");
        if (page.IsAsPublished)
        {
            page.CheckAtLeast("right on points not seen, hidden layer", "90 %", accuracy, 0.9);
            page.CheckAtMost("right on points not seen, no hidden layer", "60 %", linearAccuracy, 0.6);
            page.Check("loss without a hidden layer", "log 2", linearLosses[^1], Math.Log(2), 0.02);
            page.CheckAtLeast("wrong points that lie near an axis", "nine tenths", near, 0.9);
        }
        page.Picture("surface",
            plot => DrawLosses(plot, losses, linearLosses),
            plot => DrawSurface(plot, "The probability of class 1, without a hidden layer", linear, train, trainClasses),
            plot => DrawSurface(plot, "and with one", network, train, trainClasses));
    }

    private static (double[] Points, long[] Classes) Drawn(NumPyRandom random, int count)
    {
        double[] points = [.. Enumerable.Range(0, 2 * count).Select(_ => (2 * random.Uniform()) - 1)];
        return (points, [.. points.Chunk(2).Select(p => p[0] * p[1] > 0 ? 1L : 0L)]);
    }

    private static List<double> Train(Network network, double[] points, long[] classes, LessonPage page)
    {
        var adam = new AdamByHand(network.Count);
        var losses = new List<double>();
        for (int step = 0; step < page.Steps; step++)
        {
            page.StopIfAsked();
            (double loss, double[] gradient) = network.Gradient(points, classes);
            losses.Add(loss);
            double[] weights = network.Values;
            adam.Step(weights, gradient, rate: 0.05);
            network.Values = weights;
        }
        return losses;
    }

    private static double Accuracy(Network network, double[] points, long[] classes) =>
        network.ClassOne(points).Zip(classes).Count(p => (p.First > 0.5) == (p.Second == 1)) / (double)classes.Length;

    private static string Percent(double share) => $"{100 * share:0.0} %";

    private static void DrawLosses(Plot plot, List<double> hidden, List<double> linear)
    {
        plot.Titles("Loss", "step", "nats");
        plot.Line("with a hidden layer", hidden);
        plot.Line("without", linear);
        plot.Axes.SetLimitsY(0, 1);
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawSurface(Plot plot, string title, Network network, double[] points, long[] classes)
    {
        plot.Surface((x, y) => network.ClassOne([x, y])[0], -1, 1, -0.25, 1.25, 40);
        plot.Titles(title, "x", "y");
        foreach (long one in new[] { 0L, 1 })
        {
            double[][] of = [.. points.Chunk(2).Where((_, i) => classes[i] == one)];
            plot.Points(null, of.Select(p => p[0]), of.Select(p => p[1]), one == 1 ? Colors.DarkRed : Colors.DarkBlue, 5);
        }
    }

    /// <summary>Layers with tanh between them, in float64; a bias for each, at 0 in the beginning.</summary>
    private sealed class Network(Tensor[] matrices)
    {
        private readonly Tensor[] _tensors = [.. matrices.SelectMany(m => new[] { Weights.New(m), Weights.Zeros(m.shape[1]) })];

        /// <summary>How many weights there are.</summary>
        public int Count => (int)_tensors.Sum(t => t.numel());

        /// <summary>All weights in a row.</summary>
        public double[] Values
        {
            get => Weights.Values(_tensors);
            set => Weights.Set(_tensors, value);
        }

        public (double Loss, double[] Gradient) Gradient(double[] points, long[] classes) => Weights.Gradient(_tensors, () => Loss(points, classes));

        public double[] Differences(double[] points, long[] classes) => Weights.Differences(_tensors, () => Loss(points, classes));

        /// <summary>The probability of class 1 for each point.</summary>
        public double[] ClassOne(double[] points)
        {
            using var scope = NewDisposeScope();
            return nn.functional.softmax(Logits(points), 1).select(1, 1).contiguous().data<double>().ToArray();
        }

        private Tensor Loss(double[] points, long[] classes) => nn.functional.cross_entropy(Logits(points), tensor(classes));

        private Tensor Logits(double[] points)
        {
            Tensor x = tensor(points, [points.Length / 2, 2]);
            for (int i = 0; i < _tensors.Length; i += 2)
            {
                if (i > 0) x = x.tanh();
                x = x.matmul(_tensors[i]).Plus(_tensors[i + 1]);
            }
            return x;
        }
    }
}
