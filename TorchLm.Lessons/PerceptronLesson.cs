using ScottPlot;
using TorchLm.Lessons.Pages;

namespace TorchLm.Lessons;

/// <summary>The perceptron learns AND and OR, and can be proved unable to learn XOR.</summary>
public sealed class PerceptronLesson : Lesson
{
    private static readonly (int A, int B)[] s_inputs = [(0, 0), (0, 1), (1, 0), (1, 1)];

    /// <inheritdoc/>
    public override string Name => "perceptron";

    /// <inheritdoc/>
    public override string Title => "what a single neuron can and cannot learn";

    /// <inheritdoc/>
    public override int? Steps => 100;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("The oldest learning neuron (Rosenblatt 1958) has no slope: it says 1 if w1*a + w2*b + bias is positive, else 0. When it is " +
            "wrong, the input is added to the weights (if it should have said 1) or subtracted (if 0). When it is right, nothing happens.");
        (string Name, int[] Targets)[] problems = [("AND", [0, 0, 0, 1]), ("OR", [0, 1, 1, 1]), ("XOR", [0, 1, 1, 0])];
        Training[] trained = [.. problems.Select(p => Train(p.Targets, page))];
        page.Table(["", "0,0", "0,1", "1,0", "1,1", "epochs", "corrections", "right at best", "w1", "w2", "bias"],
            problems.Zip(trained).Select(p => new[]
        {
            p.First.Name, $"{p.First.Targets[0]}", $"{p.First.Targets[1]}", $"{p.First.Targets[2]}", $"{p.First.Targets[3]}",
            p.Second.Solved ? $"{p.Second.Epochs}" : $"never ({page.Steps})", $"{p.Second.Corrections}", $"{p.Second.MostRight} of 4",
                $"{p.Second.Weights.W1}", $"{p.Second.Weights.W2}", $"{p.Second.Weights.Bias}",
        }));
        foreach ((int i, double bound) in new[] { (0, Bound(1, 1, -1.5)), (1, Bound(1, 1, -0.5)) })
        {
            if (!page.IsAsPublished && !trained[i].Solved) continue;
            page.CheckAtMost("corrections until AND and OR are right", "the convergence theorem", trained[i].Corrections, bound);
            page.Check("cases right", "all four", trained[i].MostRight, 4, 0);
        }
        page.Text($"If any line separates the ones from the zeros, the perceptron finds one, and a theorem (Novikoff 1962) says after how many " +
            $"corrections at most: (R/margin)^2, R being the longest input (the bias counts as an input of 1) and margin the distance that some " +
            $"separating line leaves. For AND that is {Bound(1, 1, -1.5):0}; it took {trained[0].Corrections}.");

        page.Heading("XOR");
        page.Text("XOR is 1 if exactly one input is 1. Suppose that some weights got it right. Then:");
        page.Lines(
            "0,0 is 0:               bias <= 0",
            "0,1 is 1:          w2 + bias >  0",
            "1,0 is 1:     w1      + bias >  0",
            "1,1 is 0:     w1 + w2 + bias <= 0",
            "",
            "second + third:  w1 + w2 + 2*bias >  0",
            "first + fourth:  w1 + w2 + 2*bias <= 0");
        page.Text($"Both cannot be. No weights do it, however long one trains: the perceptron goes round in a circle, and after " +
            $"{(trained[2].Cycle == 1 ? "each epoch" : $"{trained[2].Cycle} epochs")} its weights are what they were before. Of 68,921 weights on " +
            $"a grid, none gets more than 3 of 4 right:");
        int[] best = [.. problems.Select(p => BestOnGrid(p.Targets))];
        page.Lines(problems.Zip(best, (p, most) => $"{p.Name,-4} {most} of 4"));
        page.Check("most cases right on a grid of weights", "the proof", [.. best.Select(b => (double)b)], [4, 4, 3], 0);
        page.CheckAtMost("most cases of XOR right in training", "the proof", trained[2].MostRight, 3);
        if (page.IsAsPublished) page.CheckAtLeast("epochs in XOR's circle", "one: the weights come back", trained[2].Cycle, 1);
        page.Text("One line is not enough. Two lines are: that takes a hidden layer, and the next lesson.");
        page.Picture("lines", [.. problems.Zip(trained, (p, t) => (Action<Plot>)(plot => Draw(plot, p.Name, p.Targets, t)))]);
    }

    /// <summary>What training came to.</summary>
    /// <param name="Weights">At the end.</param>
    /// <param name="Epochs">Until all cases were right.</param>
    /// <param name="Corrections">How often a weight was changed.</param>
    /// <param name="MostRight">Cases right after the best epoch.</param>
    /// <param name="Cycle">After how many epochs the weights came back; 0 where they did not.</param>
    private sealed record Training((int W1, int W2, int Bias) Weights, int Epochs, int Corrections, int MostRight, int Cycle)
    {
        public bool Solved => MostRight == 4;
    }

    private static Training Train(int[] targets, LessonPage page)
    {
        (int w1, int w2, int bias) = (0, 0, 0);
        int corrections = 0, most = 0;
        var seen = new Dictionary<(int, int, int), int>();
        int cycle = 0;
        for (int epoch = 1; epoch <= page.Steps; epoch++)
        {
            page.StopIfAsked();
            for (int i = 0; i < 4; i++)
            {
                int error = targets[i] - Says(w1, w2, bias, s_inputs[i]);
                if (error == 0) continue;
                (w1, w2, bias) = (w1 + (error * s_inputs[i].A), w2 + (error * s_inputs[i].B), bias + error);
                corrections++;
            }
            most = Math.Max(most, Right(w1, w2, bias, targets));
            if (most == 4) return new Training((w1, w2, bias), epoch, corrections, most, 0);
            if (cycle == 0 && !seen.TryAdd((w1, w2, bias), epoch)) cycle = epoch - seen[(w1, w2, bias)];
        }
        return new Training((w1, w2, bias), page.Steps, corrections, most, cycle);
    }

    private static int Says(double w1, double w2, double bias, (int A, int B) input) => (w1 * input.A) + (w2 * input.B) + bias > 0 ? 1 : 0;

    private static int Right(double w1, double w2, double bias, int[] targets) => s_inputs
        .Zip(targets).Count(p => Says(w1, w2, bias, p.First) == p.Second);

    private static int BestOnGrid(int[] targets)
    {
        double[] values = [.. Enumerable.Range(-20, 41).Select(i => i / 10.0)];
        return values.Max(w1 => values.Max(w2 => values.Max(bias => Right(w1, w2, bias, targets))));
    }

    /// <summary>(R / margin)² for a separating line; the bias counts as a weight whose input is 1.</summary>
    private static double Bound(double w1, double w2, double bias)
    {
        double length = Math.Sqrt((w1 * w1) + (w2 * w2) + (bias * bias));
        double margin = s_inputs.Min(i => Math.Abs((w1 * i.A) + (w2 * i.B) + bias)) / length;
        return 3 / (margin * margin);
    }

    private static void Draw(Plot plot, string name, int[] targets, Training training)
    {
        (double w1, double w2, double bias) = training.Weights;
        plot.Surface((a, b) => (w1 * a) + (w2 * b) + bias > 0 ? 1 : -1, -0.5, 1.5, -3, 3, 200);
        plot.Titles(training.Solved ? $"{name}: learned" : $"{name}: the last try", "a", "b");
        for (int i = 0; i < 4; i++) plot.Points(null, [s_inputs[i].A], [s_inputs[i].B], targets[i] == 1 ? Colors.DarkRed : Colors.DarkBlue, 16);
        for (int i = 0; i < 4; i++) plot.Word($"{targets[i]}", s_inputs[i].A, s_inputs[i].B, Colors.White, 11);
    }
}
