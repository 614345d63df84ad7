using ScottPlot;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>A network of three hidden neurons predicts who passes an exam: forward, training, early stopping, and how good it is.</summary>
public sealed class ExamLesson : Lesson
{
    private const int Training = 60, Validation = 60, Test = 1000, All = Training + Validation + Test, Batch = 10, Patience = 100;
    private const double LearningRate = 0.1;
    private static readonly double[,] s_hidden = { { 0.82, 0.71, -0.45 }, { 0.65, 0.89, 0.78 } };
    private static readonly double[] s_hiddenBias = [-0.5, -0.6, -0.3], s_output = [0.85, 0.72, -0.55];
    private const double OutputBias = -0.2;

    /// <inheritdoc/>
    public override string Name => "exam";

    /// <inheritdoc/>
    public override string Title => "a first network, trained and judged";

    /// <inheritdoc/>
    public override int? Steps => 1000;

    /// <inheritdoc/>
    public override long? Seed => 21;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("Will a student pass? Two numbers go in: hours of study (as a part of ten) and the result of a mock exam (from 0 to 1). Three " +
            "hidden neurons with ReLU look at both, one output neuron with a sigmoid looks at the three, and says a probability. The weights, for " +
            "a start, are made up.");
        double[] student = [0.5, 0.6];
        Network network = Network.Published();
        (double[] z, double[] hidden, double logit, double probability) = ByHand(student);
        page.Table(["hidden neuron", "hours*w", "mock*w", "bias", "sum", "ReLU"], Enumerable.Range(0, 3).Select(i => new[]
        {
            $"{i + 1}", $"{student[0]} * {s_hidden[0, i]}", $"{student[1]} * {s_hidden[1, i]}", $"{s_hiddenBias[i]}", $"{z[i]:0.000}",
                $"{hidden[i]:0.000}",
        }));
        page.Lines(
            $"output: {hidden[0]:0.000}*0.85 + {hidden[1]:0.000}*0.72 + {hidden[2]:0.000}*(-0.55) - 0.2 = {logit:0.00000}",
            $"sigmoid({logit:0.00000}) = {probability:0.0000}: the student passes with {100 * probability:0.0} %");
        page.Check("forward: sums, logit and probability", "the published example", [.. z, .. hidden, logit, probability],
            [0.3, 0.289, -0.057, 0.3, 0.289, 0, 0.26308, 0.5653932727263443], 1e-12);
        page.Check("libtorch's forward pass", "the formulas by hand", network.Probabilities([student]), [probability], 1e-12);

        page.Text("Suppose that this student fails. The loss is binary cross-entropy, and backpropagation goes through both layers. The third " +
            "neuron was off (its sum was negative): ReLU lets nothing through, neither forward nor back.");
        double[] byHand = GradientsByHand(student, 0), autograd = network.Gradients([student], [0]);
        page.Table(["gradient of", "by hand", "autograd"],
            Network.Names.Zip(byHand, autograd).Select(g => new[] { g.First, $"{g.Second:0.000000}", $"{g.Third:0.000000}" }));
        page.Check("gradients of all 13 weights", "backpropagation by hand", autograd, byHand, 1e-12);

        page.Heading("Training");
        Table students = Table.Drawn(page.NewRandom());
        page.Text($"Students are drawn by a rule with chance in it, so that nobody can be right about all of them. {Training} are trained on. " +
            $"{Validation} more are looked at after each epoch (all {Training} once), but not trained on: they say when to stop (validation). " +
            $"{Test:N0} are not looked at before the end (test).");
        page.Table(["student", "hours", "mock", "passed"],
            Enumerable.Range(0, 5).Select(i =>
            new[] { $"{i + 1}", $"{students.Inputs[i][0]:0.00}", $"{students.Inputs[i][1]:0.00}", students.Passed[i] == 1 ? "yes" : "no" }));
        (Table train, Table validation, Table test) = (students.Rows(0, Training), students.Rows(Training, Training + Validation),
            students.Rows(Training + Validation, All));
        NumPyRandom random = page.NewRandom();
        List<double> trainLosses = [], validationLosses = [];
        (double Loss, int Epoch, double[] Values) best = (double.MaxValue, 0, []);
        int stoppedAt = -1;
        double[]? atStop = null;
        for (int epoch = 0; epoch < page.Steps; epoch++)
        {
            page.StopIfAsked();
            (double trainLoss, double validationLoss) = (network.Loss(train), network.Loss(validation));
            trainLosses.Add(trainLoss);
            validationLosses.Add(validationLoss);
            if (validationLoss < best.Loss) best = (validationLoss, epoch, network.Values());
            if (stoppedAt < 0 && epoch - best.Epoch >= Patience) (stoppedAt, atStop) = (epoch, best.Values);
            foreach (int[] batch in random.Permutation(train.Passed.Length).Chunk(Batch)) network.Step(train.Select(batch), LearningRate);
        }
        int kept = atStop is null ? best.Epoch : validationLosses.IndexOf(validationLosses.Take(stoppedAt).Min());
        int[] shown = [.. new[] { 0, kept / 2, kept, stoppedAt < 0 ? kept : stoppedAt, page.Steps - 1 }.Distinct().Order()];
        page.Table(["epoch", "training loss", "validation loss"],
            shown.Select(e => new[] { $"{e}", $"{trainLosses[e]:0.0000}", $"{validationLosses[e]:0.0000}" }));
        page.Text($"The training loss keeps falling. The validation loss was lowest after {kept} epochs; from there on, what the network learns " +
            $"is true of its {Training} students and not of students. " +
            (atStop is null ? "" : $"Early stopping waits {Patience} epochs for something better, gives up at epoch {stoppedAt}, and goes back to the weights of epoch {kept}. ") +
            "(The epochs after that were only made to show you what would have happened.)");
        double lastLoss = network.Loss(test);
        network.Restore(atStop ?? best.Values);
        double keptLoss = network.Loss(test);

        page.Heading("How good is it?");
        Confusion confusion = Confusion.Of(network.Probabilities(test.Inputs), test.Passed);
        page.Table(["", "said: passes", "said: fails"],
            [["passed", $"{confusion.TruePositives}", $"{confusion.FalseNegatives}"],
            ["failed", $"{confusion.FalsePositives}", $"{confusion.TrueNegatives}"]]);
        page.Lines(
            $"accuracy  = right / all                              = {confusion.Accuracy:0.00}",
            $"precision = passed / said to pass                    = {confusion.Precision:0.00}    (do not believe it too easily)",
            $"recall    = said to pass / passed                    = {confusion.Recall:0.00}    (do not miss any)",
            $"F1        = 2*precision*recall / (precision+recall)  = {confusion.F1:0.00}");
        page.Check("F1", "2 TP / (2 TP + FP + FN)", confusion.F1,
            2.0 * confusion.TruePositives / ((2 * confusion.TruePositives) + confusion.FalsePositives + confusion.FalseNegatives), 1e-12);
        page.Check("students counted", "the test set", confusion.All, test.Passed.Length, 0);
        page.Text($"The validation students had a say in when to stop, so they may not judge. The test students may: their loss is " +
            $"{keptLoss:0.0000} with the weights that were kept, and {lastLoss:0.0000} with those of the last epoch.");
        page.CheckAtMost("validation loss after training", "before training", validationLosses[kept], validationLosses[0]);
        if (page.IsAsPublished)
        {
            page.CheckAtMost("validation loss of the weights kept", "of the last epoch, less a hundredth", validationLosses[kept],
                validationLosses[^1] - 0.01);
            page.CheckAtMost("test loss of the weights kept", "of the last epoch", keptLoss, lastLoss);
            page.CheckAtLeast("accuracy on the test students", "three quarters", confusion.Accuracy, 0.75);
        }
        page.Picture("training", plot => DrawLosses(plot, trainLosses, validationLosses, kept), plot => DrawStudents(plot, network, train));
    }

    private static (double[] Z, double[] Hidden, double Logit, double Probability) ByHand(double[] student)
    {
        double[] z = [.. Enumerable.Range(0, 3).Select(i => (student[0] * s_hidden[0, i]) + (student[1] * s_hidden[1, i]) + s_hiddenBias[i])];
        double[] hidden = [.. z.Select(value => Math.Max(0, value))];
        double logit = hidden.Zip(s_output, (h, w) => h * w).Sum() + OutputBias;
        return (z, hidden, logit, LossesLesson.Sigmoid(logit));
    }

    private static double[] GradientsByHand(double[] student, double passed)
    {
        (double[] z, double[] hidden, _, double probability) = ByHand(student);
        double atLogit = probability - passed;
        double[] atSum = [.. z.Select((value, i) => value > 0 ? atLogit * s_output[i] : 0)];
        return [.. atSum.Select(g => g * student[0]), .. atSum.Select(g => g * student[1]), .. atSum, .. hidden.Select(h => h * atLogit), atLogit];
    }

    private static void DrawLosses(Plot plot, List<double> train, List<double> validation, int kept)
    {
        plot.Titles("Learning, and learning by heart", "epoch", "loss");
        plot.Line("training", train);
        plot.Line("validation", validation);
        plot.Points("the weights that are kept", [kept], [validation[kept]]);
        plot.ShowLegend(Alignment.UpperCenter);
    }

    private static void DrawStudents(Plot plot, Network network, Table students)
    {
        plot.Surface((hours, mock) => network.Probabilities([[hours, mock]])[0], 0, 1, -0.25, 1.25, 40);
        plot.Titles("Who is said to pass (red), and who did", "hours", "mock exam");
        foreach ((double passed, string name, Color color) in new[] { (1.0, "passed", Colors.DarkRed), (0.0, "failed", Colors.DarkBlue) })
        {
            int[] who = [.. Enumerable.Range(0, Training).Where(i => students.Passed[i] == passed)];
            plot.Points(name, who.Select(i => students.Inputs[i][0]), who.Select(i => students.Inputs[i][1]), color);
        }
        plot.ShowLegend(Alignment.LowerLeft);
    }

    /// <summary>Students: what is known of each, and whether they passed.</summary>
    private sealed record Table(double[][] Inputs, double[] Passed)
    {
        public static Table Drawn(NumPyRandom random)
        {
            double[][] inputs = [.. Enumerable.Range(0, All)
                .Select(_ => new[] { Math.Round(random.Uniform(), 2), Math.Round(random.Uniform(), 2) })];
            return new Table(inputs, [.. inputs
                .Select(i => random.Uniform() < LossesLesson.Sigmoid(12 * ((0.5 * i[0]) + (0.5 * i[1]) - 0.5)) ? 1.0 : 0.0)]);
        }

        public Table Rows(int from, int to) => new(Inputs[from..to], Passed[from..to]);

        public Table Select(int[] rows) => new([.. rows.Select(r => Inputs[r])], [.. rows.Select(r => Passed[r])]);
    }

    /// <summary>What a prediction of at least one half was right and wrong about.</summary>
    private sealed record Confusion(int TruePositives, int FalsePositives, int FalseNegatives, int TrueNegatives)
    {
        public int All => TruePositives + FalsePositives + FalseNegatives + TrueNegatives;

        public double Accuracy => (double)(TruePositives + TrueNegatives) / All;

        public double Precision => (double)TruePositives / (TruePositives + FalsePositives);

        public double Recall => (double)TruePositives / (TruePositives + FalseNegatives);

        public double F1 => 2 * Precision * Recall / (Precision + Recall);

        public static Confusion Of(double[] probabilities, double[] passed)
        {
            int Count(bool said, bool was) => probabilities.Zip(passed).Count(s => (s.First >= 0.5) == said && (s.Second == 1) == was);
            return new Confusion(Count(true, true), Count(true, false), Count(false, true), Count(false, false));
        }
    }

    /// <summary>2 inputs, 3 hidden neurons with ReLU, 1 output with sigmoid.</summary>
    private sealed class Network
    {
        private readonly Tensor[] _weights;

        private Network(params Tensor[] weights) => _weights = weights;

        public static string[] Names { get; } =
            ["hours to 1", "hours to 2", "hours to 3", "mock to 1", "mock to 2", "mock to 3", "bias 1", "bias 2", "bias 3", "1 to output",
                "2 to output", "3 to output", "output bias"];

        public static Network Published() => new(
            tensor(s_hidden, requires_grad: true), tensor(s_hiddenBias, requires_grad: true),
            tensor(s_output, [3, 1], requires_grad: true), tensor([OutputBias], requires_grad: true));

        public double[] Probabilities(double[][] inputs)
        {
            using var scope = NewDisposeScope();
            return Logits(inputs).sigmoid().data<double>().ToArray();
        }

        public double Loss(Table students)
        {
            using var scope = NewDisposeScope();
            return LossOf(students.Inputs, students.Passed).item<double>();
        }

        public double[] Gradients(double[][] inputs, double[] passed) => Weights.Gradient(_weights, () => LossOf(inputs, passed)).Gradient;

        public void Step(Table students, double rate)
        {
            using var scope = NewDisposeScope();
            LossOf(students.Inputs, students.Passed).backward();
            Weights.Step(rate, _weights);
        }

        public double[] Values() => Weights.Values(_weights);

        public void Restore(double[] values) => Weights.Set(_weights, values);

        private Tensor LossOf(double[][] inputs, double[] passed) => nn.functional.binary_cross_entropy_with_logits(Logits(inputs), tensor(passed));

        /// <summary>(students, 2) to (students).</summary>
        private Tensor Logits(double[][] inputs)
        {
            Tensor x = tensor([.. inputs.SelectMany(i => i)], [inputs.Length, 2]);
            Tensor hidden = x.matmul(_weights[0]).Plus(_weights[1]).relu();
            return hidden.matmul(_weights[2]).Plus(_weights[3]).view(-1);
        }
    }
}
