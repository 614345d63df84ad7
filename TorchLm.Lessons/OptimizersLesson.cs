using ScottPlot;
using TorchLm.Core.Configuration;
using TorchLm.Core.Optimization;
using TorchLm.Lessons.Pages;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>Gradient descent, mini-batches, momentum, Adam and AdamW on one problem, and learning-rate schedules.</summary>
public sealed class OptimizersLesson : Lesson
{
    private const int Points = 64, Batch = 8;
    private static readonly double[] s_start = [-1.5, 2.5], s_partsOfLimit = [0.2, 0.9, 1.02];
    private static readonly int[] s_shown = [10, 50, 200];

    /// <inheritdoc/>
    public override string Name => "optimizers";

    /// <inheritdoc/>
    public override string Title => "ways down: momentum, Adam, schedules";

    /// <inheritdoc/>
    public override int? Steps => 200;

    /// <inheritdoc/>
    public override long? Seed => 5;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        var line = new LineFit(page.NewRandom());
        (double low, double high) = line.Curvatures();
        page.Text($"The problem: draw a line y = a*x + c through {Points} points. Only two weights, so that the loss is a landscape that can be " +
            $"drawn: a long narrow valley, {high / low:0} times as steep across as along. Language models have such valleys too, in millions of " +
            $"dimensions.");

        page.Heading("How fast may one go?");
        page.Text($"In a valley of curvature h, a step of gradient descent multiplies the distance to the bottom by 1 - rate*h. Too small a rate " +
            $"crawls; above 2/h the walls throw you out. Here the steepest h is {high:0.00}, the limit {2 / high:0.000}:");
        page.Table(["rate", "loss at start", "after 10 steps", "after 50"], s_partsOfLimit.Select(part =>
        {
            List<double[]> path = Descend(line, 50, 2 / high * part, 0);
            if (part > 1) page.CheckAtLeast("loss after 50 steps beyond the limit", "the loss at the start", line.Loss(path[50]), line.Loss(path[0]));
            else page.CheckAtMost("loss after 50 steps within the limit", "the loss at the start", line.Loss(path[50]), line.Loss(path[0]));
            return new[] { $"{2 / high * part:0.000}", $"{line.Loss(path[0]):0.0000}", $"{line.Loss(path[10]):0.0000}",
                $"{line.Loss(path[50]):0.0000}" };
        }));

        page.Heading("Five ways down");
        page.Lines(
            "gradient descent   w -= rate * g                            g: the slope over all 64 points",
            "mini-batches       w -= rate * g                            g: the slope over 8 points, 8 times as cheap, and noisy",
            "momentum           v = 0.9*v + g;  w -= rate * v            a ball that rolls: faster at first, then it overshoots",
            "Adam               m = mean of g, s = mean of g^2 (running) each weight gets a step of its own size,",
            "                   w -= rate * m / (sqrt(s) + 1e-8)         whatever the slope's: about one rate a step",
            "AdamW              the same, and w -= rate * decay * w      weights that nothing holds shrink to 0");
        double rate = 1 / high;
        var ways = new Dictionary<string, List<double[]>>
        {
            ["gradient descent"] = Descend(line, page.Steps, rate, 0),
            ["mini-batches"] = Descend(line, page.Steps, rate / 2, 0, page.NewRandom()),
            ["momentum"] = Descend(line, page.Steps, rate, 0.9),
            ["Adam"] = WithAdam(line, page.Steps, 0.1, 0),
            ["AdamW, decay 0.1"] = WithAdam(line, page.Steps, 0.1, 0.1),
        };
        double least = line.Loss(line.Bottom);
        int[] shown = [.. s_shown.Select(s => Math.Min(s, page.Steps)).Distinct()];
        page.Text($"Rates: {rate:0.000} for gradient descent and momentum, half of that for mini-batches, 0.1 for Adam and AdamW.");
        page.Table(["loss above the bottom's, after", .. shown.Select(s => $"{s} steps"), "a", "c"], ways.Select(w => new[] { w.Key }
            .Concat(shown.Select(s => $"{line.Loss(w.Value[s]) - least:0.000000}")).Concat(w.Value[^1].Select(v => $"{v:0.000}")).ToArray())
            .Append(["the bottom", .. shown.Select(_ => "0.000000"), .. line.Bottom.Select(v => $"{v:0.000}")]));
        page.Text("Adam divides each slope by its usual size, so that every weight moves by about one rate a step, however steep its slope. On " +
            "this small valley that gains nothing; it is right for transformers, whose embeddings, norms and matrices have slopes of very " +
            "different sizes. AdamW stops a little short of the bottom: it trades some loss for smaller weights.");
        page.Check("path of gradient descent", "the closed form, powers of 1 - rate*h", ways["gradient descent"].SelectMany(w => w),
            Enumerable.Range(0, page.Steps + 1).SelectMany(k => ClosedForm(line, rate, 0, k)), 1e-9);
        page.Check("path with momentum", "the closed form, powers of a 2 by 2 matrix", ways["momentum"].SelectMany(w => w),
            Enumerable.Range(0, page.Steps + 1).SelectMany(k => ClosedForm(line, rate, 0.9, k)), 1e-9);
        page.Check("Adam's first step", "one rate, against the slope's sign", ways["Adam"][1],
            s_start.Zip(line.Gradient(s_start), (w, g) => w - (0.1 * Math.Sign(g))), 1e-6);
        page.Check("path of AdamW", "TorchLm's AdamW (float32)", ways["AdamW, decay 0.1"].SelectMany(w => w),
            Fused(line, page.Steps, 0.1, 0.1).SelectMany(w => w), 1e-5);
        double[] mean = [.. Enumerable.Range(0, Points / Batch).Select(b => line.Gradient(s_start, [.. Enumerable.Range(b * Batch, Batch)]))
            .Aggregate((a, b) => [a[0] + b[0], a[1] + b[1]]).Select(g => g / (Points / Batch))];
        page.Check("mean slope of eight mini-batches", "the slope over all points", mean, line.Gradient(s_start), 1e-12);

        page.Heading("Schedules");
        page.Text("A mini-batch's slope is noisy, and a constant rate dances around the bottom forever. So the rate is large while the way is " +
            "long, and falls towards the end. (Training of transformers begins with a warm-up besides, because Adam's means are not worth much " +
            "yet; here it only costs time.) Here, mini-batches with the same highest rate; the mean of 20 seeds:");
        int warmUp = Math.Max(1, page.Steps / 20);
        var cosine = new LearningRateSchedule(new OptimizerConfig { LearningRate = rate, MinLearningRate = rate / 100, WarmupSteps = warmUp },
            page.Steps);
        var schedules = new Dictionary<string, Func<int, double>>
        {
            ["constant"] = _ => rate,
            ["halved at each fifth"] = step => rate * Math.Pow(0.5, step * 5 / page.Steps),
            ["warm-up and cosine"] = step => cosine.At(step),
        };
        Dictionary<string, double[]> curves = schedules.ToDictionary(s => s.Key, s => MeanLoss(line, page, s.Value, least));
        page.Table(["schedule", .. shown.Select(s => $"{s} steps")],
            curves.Select(c => new[] { c.Key }.Concat(shown.Select(s => $"{c.Value[s]:0.000000}")).ToArray()));
        page.Check("cosine's rate at start, end of warm-up and end", "the definition", [cosine.At(0), cosine.At(warmUp), cosine.At(page.Steps - 1)],
            [rate / warmUp, rate, page.Steps - 1 > warmUp ? rate / 100 : rate], 1e-12);
        if (page.IsAsPublished)
        {
            page.CheckAtMost("loss above the bottom's with momentum, 50 steps", "without it", line.Loss(ways["momentum"][50]) - least,
                line.Loss(ways["gradient descent"][50]) - least);
            page.CheckAtMost("loss above the bottom's at the end, cosine", "a tenth of the constant rate's", curves["warm-up and cosine"][^1],
                curves["constant"][^1] / 10);
        }
        page.Picture("paths", [.. ways.Select(w => (Action<Plot>)(plot => DrawPath(plot, line, w.Key, w.Value)))]);
        page.Picture("curves", plot => DrawSchedules(plot, schedules, page.Steps), plot =>
            DrawCurves(plot, "Five ways down", ways.ToDictionary(w => w.Key, w => w.Value.Select(v => line.Loss(v) - least).ToArray())),
            plot => DrawCurves(plot, "Schedules (mini-batches, mean of 20)", curves));
    }

    private static List<double[]> Descend(LineFit line, int steps, double rate, double momentum, NumPyRandom? batches = null,
        Func<int, double>? schedule = null)
    {
        double[] w = [.. s_start], v = [0, 0];
        List<double[]> path = [[.. w]];
        for (int step = 0; step < steps; step++)
        {
            double[] g = batches is null ? line.Gradient(w) : line.Gradient(w, batches.Permutation(Points)[..Batch]);
            for (int i = 0; i < 2; i++)
            {
                v[i] = (momentum * v[i]) + g[i];
                w[i] -= (schedule?.Invoke(step) ?? rate) * v[i];
            }
            path.Add([.. w]);
        }
        return path;
    }

    private static List<double[]> WithAdam(LineFit line, int steps, double rate, double decay)
    {
        var adam = new AdamByHand(2);
        double[] w = [.. s_start];
        List<double[]> path = [[.. w]];
        for (int step = 0; step < steps; step++)
        {
            adam.Step(w, line.Gradient(w), rate, decay);
            path.Add([.. w]);
        }
        return path;
    }

    private static List<double[]> Fused(LineFit line, int steps, double rate, double decay)
    {
        using var scope = NewDisposeScope();
        using var module = new TwoWeights();
        using var optimizer = new Optimizer(module,
            new OptimizerConfig { WeightDecay = decay, Beta1 = AdamByHand.Beta1, Beta2 = AdamByHand.Beta2, GradientClip = 0 });
        List<double[]> path = [[.. s_start]];
        for (int step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            module.Weights.grad = tensor([.. line.Gradient(path[^1]).Select(g => (float)g)], [1, 2]);
            optimizer.Step(rate).Dispose();
            path.Add([.. module.Weights.detach().data<float>().ToArray().Select(w => (double)w)]);
        }
        return path;
    }

    /// <summary>Where gradient descent is after k steps: along the valley and across it, each distance evolves on its own.</summary>
    private static double[] ClosedForm(LineFit line, double rate, double momentum, int steps)
    {
        (double low, double high) = line.Curvatures();
        double[] along = line.Direction(low), across = line.Direction(high), from = [s_start[0] - line.Bottom[0], s_start[1] - line.Bottom[1]];
        double[] result = [.. line.Bottom];
        foreach ((double h, double[] direction) in new[] { (low, along), (high, across) })
        {
            // (e, v) -> (e - rate*(momentum*v + h*e), momentum*v + h*e), steps times, by squaring the matrix
            double[,] power = { { 1, 0 }, { 0, 1 } }, square = { { 1 - (rate * h), -rate * momentum }, { h, momentum } };
            for (int n = steps; n > 0; n >>= 1)
            {
                if ((n & 1) == 1) power = Product(power, square);
                square = Product(square, square);
            }
            double distance = power[0, 0] * ((from[0] * direction[0]) + (from[1] * direction[1]));
            (result[0], result[1]) = (result[0] + (distance * direction[0]), result[1] + (distance * direction[1]));
        }
        return result;
    }

    private static double[,] Product(double[,] a, double[,] b) => new[,]
    {
        { (a[0, 0] * b[0, 0]) + (a[0, 1] * b[1, 0]), (a[0, 0] * b[0, 1]) + (a[0, 1] * b[1, 1]) },
        { (a[1, 0] * b[0, 0]) + (a[1, 1] * b[1, 0]), (a[1, 0] * b[0, 1]) + (a[1, 1] * b[1, 1]) },
    };

    private static double[] MeanLoss(LineFit line, LessonPage page, Func<int, double> schedule, double least)
    {
        const int Runs = 20;
        var sums = new double[page.Steps + 1];
        for (int run = 0; run < Runs; run++)
        {
            page.StopIfAsked();
            List<double[]> path = Descend(line, page.Steps, 0, 0, new NumPyRandom((page.Seed + run) & uint.MaxValue), schedule);
            for (int step = 0; step <= page.Steps; step++) sums[step] += (line.Loss(path[step]) - least) / Runs;
        }
        return sums;
    }

    private static void DrawPath(Plot plot, LineFit line, string name, List<double[]> path)
    {
        plot.Surface((a, c) => -Math.Log10(line.Loss([a, c])), -2, 3, -4, 3, -1.2, 1.6);
        plot.Titles(name, "a", "c");
        plot.Line(null, path.Select(w => w[0]), path.Select(w => w[1]), Colors.Black, 1.5f);
        plot.Points(null, path.Select(w => w[0]), path.Select(w => w[1]), Colors.Black, 3);
        plot.Points(null, [line.Bottom[0]], [line.Bottom[1]], Colors.White, 8);
    }

    private static void DrawSchedules(Plot plot, Dictionary<string, Func<int, double>> schedules, int steps)
    {
        plot.Titles("Schedules", "step", "learning rate");
        foreach ((string name, Func<int, double> schedule) in schedules) plot.Line(name, [.. Enumerable.Range(0, steps).Select(schedule)]);
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawCurves(Plot plot, string title, Dictionary<string, double[]> curves)
    {
        plot.Titles(title, "step", "loss above the bottom's");
        foreach ((string name, double[] values) in curves) plot.Line(name, [.. values.Select(v => Math.Log10(Math.Max(v, 1e-10)))]);
        plot.PowersOfTen();
        plot.ShowLegend(Alignment.LowerLeft);
    }

    private sealed class TwoWeights : nn.Module
    {
        private readonly Parameter weights;

        public TwoWeights() : base(nameof(TwoWeights))
        {
            weights = new Parameter(tensor([.. s_start.Select(w => (float)w)], [1, 2]));
            RegisterComponents();
        }

        public Parameter Weights => weights;
    }

    /// <summary>Points near a line; the loss of a and c is half the mean squared distance.</summary>
    private sealed class LineFit
    {
        private readonly double[] _x, _y;
        private readonly double _xx, _x1;

        public LineFit(NumPyRandom random)
        {
            _x = [.. Enumerable.Range(0, Points).Select(_ => 1.2 + (0.8 * random.Normal()))];
            _y = [.. _x.Select(x => (1.5 * x) - 0.7 + (0.3 * random.Normal()))];
            (_xx, _x1) = (_x.Average(x => x * x), _x.Average());
            double xy = _x.Zip(_y, (x, y) => x * y).Average(), y1 = _y.Average(), determinant = _xx - (_x1 * _x1);
            Bottom = [(xy - (_x1 * y1)) / determinant, ((_xx * y1) - (_x1 * xy)) / determinant];
        }

        /// <summary>The best a and c.</summary>
        public double[] Bottom { get; }

        public double Loss(double[] w) => _x.Zip(_y, (x, y) => Math.Pow((w[0] * x) + w[1] - y, 2)).Average() / 2;

        public double[] Gradient(double[] w, int[]? points = null)
        {
            double a = 0, c = 0;
            int count = points?.Length ?? Points;
            for (int i = 0; i < count; i++)
            {
                int at = points?[i] ?? i;
                double error = (w[0] * _x[at]) + w[1] - _y[at];
                (a, c) = (a + (error * _x[at] / count), c + (error / count));
            }
            return [a, c];
        }

        /// <summary>The second derivative along the valley and across it: the eigenvalues of [mean x², mean x; mean x, 1].</summary>
        public (double Low, double High) Curvatures()
        {
            double middle = (_xx + 1) / 2, half = Math.Sqrt(Math.Pow((_xx - 1) / 2, 2) + (_x1 * _x1));
            return (middle - half, middle + half);
        }

        /// <summary>The direction of a curvature, of length 1.</summary>
        public double[] Direction(double curvature)
        {
            double length = Math.Sqrt((_x1 * _x1) + Math.Pow(curvature - _xx, 2));
            return [_x1 / length, (curvature - _xx) / length];
        }
    }
}
