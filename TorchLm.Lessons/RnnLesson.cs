using System.Diagnostics;
using ScottPlot;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Optimization;
using TorchLm.Lessons.Pages;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>A recurrent model on the built-in corpus: how its gradient shrinks over time, and how it does beside a transformer of its size.</summary>
public sealed class RnnLesson : Lesson
{
    private const int Rows = 16, Length = 64, ValidationRows = 128, Letters = 8, Back = 16;
    private const double RecurrentRate = 1e-2, TransformerRate = 5e-3;
    private static readonly ModelConfig s_letterModel = new() { LayerCount = 1, HeadCount = 1, EmbeddingSize = 32, ContextLength = Length,
        VocabularySize = Letters };
    private static readonly int[] s_back = [0, 1, 2, 4, 8, 16, 32, 63];

    /// <inheritdoc/>
    public override string Name => "rnn";

    /// <inheritdoc/>
    public override string Title => "memory, and how it fades";

    /// <inheritdoc/>
    public override int? Steps => 500;

    /// <inheritdoc/>
    public override long? Seed => 1;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("The model of lesson next-token forgot all words but the last. A recurrent network keeps a state: a row of numbers h that every " +
            "character changes and that goes on to the next.");
        page.Lines(
            "h[t] = tanh(E[character t] + h[t-1] W + b)          the same E, W and b at each place",
            "logits for character t+1 = h[t] U",
            "",
            "  T -> h[0] -> h -> h[1] -> e -> h[2] ...            each h holds what is remembered of all before it");
        page.Text("Training unrolls it: 64 places are a network 64 layers deep, and gradients go back through time by the chain rule " +
            "(backpropagation through time). From the last state to the first, each place multiplies by W and by the slope of tanh. Lesson " +
            "activations showed what becomes of such products.");
        CheckByHand(page);

        var corpus = new CharacterCorpus();
        var shape = new ModelConfig { LayerCount = 2, HeadCount = 4, EmbeddingSize = 40, ContextLength = Length, VocabularySize = corpus.Vocabulary };
        using var transformer = new Gpt(shape, page.Seed);
        using var rnn = new Recurrent(corpus.Vocabulary, HiddenFor(ModelCost.Parameters(shape), corpus.Vocabulary), page.NewRandom());
        double[] before = rnn.GradientThroughTime(corpus);

        page.Heading("Beside a transformer of the same size");
        (Tensor, Tensor) Text(NumPyRandom random) => corpus.Batch(random, Rows, Length);
        (Tensor, Tensor) held = corpus.Validation(ValidationRows, Length);
        Training recurrent = Train(page, Text, held, rnn, RecurrentRate, rnn.Accumulate, rnn.Logits);
        Training attending = Train(page, Text, held, transformer, TransformerRate, (x, y) => transformer.AccumulateGradients(x, y),
            transformer.forward);
        page.Table(["", "numbers", "loss, trained on", "loss, not seen", "first 8 places", "last 8 places", "seconds"],
            new[] { ("recurrent", rnn.Count, recurrent), ("transformer, 2 layers", ModelCost.Parameters(shape), attending) }
            .Select(r => new[] { r.Item1, $"{r.Item2:N0}", $"{r.Item3.Losses.TakeLast(20).Average():0.000}", $"{r.Item3.Validation:0.000}",
                $"{r.Item3.ByPlace.Take(8).Average():0.000}", $"{r.Item3.ByPlace.TakeLast(8).Average():0.000}", $"{r.Item3.Seconds:0.0}" }));
        page.Text($"Nats per character after {page.Steps} steps of {Rows} x {Length} characters, the same text for both, at rates that suit each " +
            $"({RecurrentRate} and {TransformerRate}); log {corpus.Vocabulary} = {Math.Log(corpus.Vocabulary):0.000} is a guess, and " +
            $"{corpus.EntropyFloor:0.000} the entropy of the process that wrote the fables, which only a model reaches that remembers whole " +
            $"stories.");
        page.CheckAtMost("difference in size", "a twentieth", Math.Abs((rnn.Count / (double)ModelCost.Parameters(shape)) - 1), 0.05);

        page.Heading("How far back it learns");
        double[] after = rnn.GradientThroughTime(corpus);
        page.Text("Take the loss of the last character only, and ask how much it depends on the state so and so many places before: the size of " +
            "its gradient there, as a part of that at the last place.");
        page.Table(["places back", .. s_back.Select(d => $"{d}")],
            [["before training", .. s_back.Select(d => Shown(before[d]))], ["after", .. s_back.Select(d => Shown(after[d]))]]);
        page.Text("(It shrinks faster than through the tanh layers of lesson activations, because every character pushes the states out of tanh's " +
            "steep middle.) What lies some dozens of characters back gives no gradient worth the name, so the network cannot learn to use it. For " +
            "the next character of a word that hardly matters, and at this size the recurrent network is the better one: it need not learn where " +
            "to look. But give both a task that needs what lies far back: random letters, and at each place the letter 16 before (lesson " +
            "attention shows how a transformer does it).");
        using var forLetters = new Recurrent(Letters, HiddenFor(ModelCost.Parameters(s_letterModel), Letters), page.NewRandom());
        using var attendingToLetters = new Gpt(s_letterModel, page.Seed);
        (Tensor, Tensor) unseen = RandomLetters(new NumPyRandom((page.Seed + 1) & uint.MaxValue), ValidationRows);
        Training remembering = Train(page, r => RandomLetters(r, Rows), unseen, forLetters, RecurrentRate, forLetters.Accumulate, forLetters.Logits);
        Training looking = Train(page, r => RandomLetters(r, Rows), unseen, attendingToLetters, RecurrentRate,
            (x, y) => attendingToLetters.AccumulateGradients(x, y), attendingToLetters.forward);
        double remembered = remembering.ByPlace.Skip(Back).Average(), looked = looking.ByPlace.Skip(Back).Average();
        page.Table(["", "numbers", $"loss where it is {Back} back", ""],
        [
            ["recurrent", $"{forLetters.Count:N0}", $"{remembered:0.0000}", $"a guess is log {Letters} = {Math.Log(Letters):0.0000}"],
            ["transformer, 1 layer", $"{ModelCost.Parameters(s_letterModel):N0}", $"{looked:0.0000}", ""],
        ]);
        page.Text("A transformer looks back directly: from any place to any other is one step of attention, however far. And it computes all " +
            "places at once, where the recurrent network must go through them one after the other, which no GPU likes.");
        page.CheckAtMost("loss of the recurrent network, not seen", "a guess", recurrent.Validation, Math.Log(corpus.Vocabulary));
        page.CheckAtMost("loss of the transformer, not seen", "a guess", attending.Validation, Math.Log(corpus.Vocabulary));
        page.CheckAtMost("gradient 63 places back, before training", "a thousandth", before[63], 1e-3);
        if (page.IsAsPublished)
        {
            page.CheckAtMost("gradient 63 places back, after training", "a thousandth", after[63], 1e-3);
            page.CheckAtMost("loss of the recurrent network on text", "the transformer's, less 0.2", recurrent.Validation,
                attending.Validation - 0.2);
            page.CheckAtLeast("loss of the recurrent network, 16 back", "two, where a guess is 2.08", remembered, 2);
            page.CheckAtMost("loss of the transformer, 16 back", "a tenth", looked, 0.1);
        }
        page.Picture("time", plot => DrawGradients(plot, before, after), plot => DrawLosses(plot, recurrent, attending),
            plot => DrawPlaces(plot, recurrent, attending));
    }

    /// <summary>A tiny one in float64: the gradient through time is the product of what each place multiplies by.</summary>
    private static void CheckByHand(LessonPage page)
    {
        using var scope = NewDisposeScope();
        const int Hidden = 4, Places = 6;
        NumPyRandom random = page.NewRandom();
        Tensor embedded = random.Normal(1, Places, Hidden).view(1, Places, Hidden), w = random.Normal(0.5, Hidden, Hidden),
            b = random.Normal(0.1, 1, Hidden).view(-1);
        Tensor start = random.Normal(1, 1, Hidden).requires_grad_();
        List<Tensor> states = Unrolled(embedded, w, b, start);
        double[] weights = w.data<double>().ToArray();
        double[] gradient = [1, 1, 1, 1]; // of the sum of the last state
        foreach (Tensor state in Enumerable.Reverse(states))
        {
            double[] atSum = [.. gradient.Zip(state.detach().data<double>().ToArray(), (g, h) => g * (1 - (h * h)))];
            gradient = [.. Enumerable.Range(0, Hidden).Select(i => Enumerable.Range(0, Hidden).Sum(j => weights[(i * Hidden) + j] * atSum[j]))];
        }
        states[^1].sum().backward();
        page.Check("gradient through six places", "the chain rule by hand", start.grad!.data<double>().ToArray(), gradient, 1e-12);
    }

    /// <summary>The states after each place: (B, T, H) of embedded characters to T times (B, H).</summary>
    private static List<Tensor> Unrolled(Tensor embedded, Tensor w, Tensor b, Tensor? start)
    {
        var states = new List<Tensor>();
        Tensor? h = start;
        for (int t = 0; t < embedded.shape[1]; t++)
        {
            Tensor sum = embedded.select(1, t).Plus(b);
            h = (h is null ? sum : sum.Plus(h.matmul(w))).tanh();
            states.Add(h);
        }
        return states;
    }

    private static int HiddenFor(long numbers, int vocabulary) =>
        Enumerable.Range(16, 1000).MinBy(h => Math.Abs(numbers - Recurrent.CountOf(vocabulary, h)));

    /// <summary>Random letters (B, T), and what stood so many places before each; at the first places the letter itself.</summary>
    private static (Tensor Inputs, Tensor Targets) RandomLetters(NumPyRandom random, int rows)
    {
        Tensor inputs = tensor([.. Enumerable.Range(0, rows * Length).Select(_ => (long)random.Below(Letters))], [rows, Length]);
        return (inputs, cat([inputs.narrow(1, 0, Back), inputs.narrow(1, 0, Length - Back)], 1));
    }

    private static Training Train(LessonPage page, Func<NumPyRandom, (Tensor, Tensor)> batches, (Tensor Inputs, Tensor Targets) held, nn.Module model,
        double rate, Func<Tensor, Tensor, Tensor> accumulate, Func<Tensor, Tensor> logits)
    {
        NumPyRandom random = page.NewRandom();
        var rates = new OptimizerConfig { LearningRate = rate, MinLearningRate = rate / 10, WarmupSteps = Math.Min(50, page.Steps) };
        var schedule = new LearningRateSchedule(rates, page.Steps);
        using var optimizer = new Optimizer(model, rates);
        var losses = new List<double>();
        long start = Stopwatch.GetTimestamp();
        for (int step = 0; step < page.Steps; step++)
        {
            page.StopIfAsked();
            using var scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = batches(random);
            losses.Add(accumulate(inputs, targets).item<float>());
            optimizer.Step(schedule.At(step));
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using var last = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor each = nn.functional.cross_entropy(logits(held.Inputs).flatten(0, 1), held.Targets.flatten(), reduction: nn.Reduction.None)
            .view(ValidationRows, Length);
        double[] byPlace = Weights.Values(each.mean([0]));
        return new Training(losses, byPlace.Average(), byPlace, seconds);
    }

    private static string Shown(double part) => part >= 0.001 ? $"{part:0.0000}" : CheckReport.Number(part);

    private static void DrawGradients(Plot plot, double[] before, double[] after)
    {
        plot.Titles("The last loss's gradient, back in time", "places back", "gradient");
        plot.Line("before training", [.. before.Select(g => Math.Log10(Math.Max(g, 1e-12)))]);
        plot.Line("after", [.. after.Select(g => Math.Log10(Math.Max(g, 1e-12)))]);
        plot.PowersOfTen();
        plot.ShowLegend(Alignment.LowerLeft);
    }

    private static void DrawLosses(Plot plot, Training recurrent, Training attending)
    {
        plot.Titles("Training loss", "step", "nats per character");
        plot.Line("recurrent", recurrent.Losses);
        plot.Line("transformer", attending.Losses);
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawPlaces(Plot plot, Training recurrent, Training attending)
    {
        plot.Titles("Loss by place, on text not seen", "place (characters seen before)", "nats per character");
        plot.Line("recurrent", recurrent.ByPlace);
        plot.Line("transformer", attending.ByPlace);
        plot.ShowLegend(Alignment.UpperRight);
    }

    /// <summary>What training came to.</summary>
    private sealed record Training(List<double> Losses, double Validation, double[] ByPlace, double Seconds);

    /// <summary>The recurrent model, float32.</summary>
    private sealed class Recurrent : nn.Module
    {
        private readonly Parameter embedding, weight, bias, output;

        public Recurrent(int vocabulary, int hidden, NumPyRandom random) : base(nameof(Recurrent))
        {
            Parameter Drawn(double deviation, int rows, int columns)
            {
                using var scope = NewDisposeScope();
                return (Parameter)new Parameter(random.Normal(deviation, rows, columns).to(ScalarType.Float32)).DetachFromDisposeScope();
            }
            embedding = Drawn(0.5, vocabulary, hidden);
            weight = Drawn(1 / Math.Sqrt(hidden), hidden, hidden);
            bias = new Parameter(zeros(hidden));
            output = Drawn(1 / Math.Sqrt(hidden), hidden, vocabulary);
            Count = CountOf(vocabulary, hidden);
            RegisterComponents();
        }

        public long Count { get; }

        public static long CountOf(int vocabulary, int hidden) => (2L * vocabulary * hidden) + ((long)hidden * hidden) + hidden;

        /// <summary>Ids (B, T) to logits (B, T, V).</summary>
        public Tensor Logits(Tensor ids) => stack(States(ids), 1).matmul(output);

        /// <summary>Adds the gradients of the mean cross-entropy to the parameters'.</summary>
        public Tensor Accumulate(Tensor ids, Tensor targets)
        {
            Tensor loss = nn.functional.cross_entropy(Logits(ids).flatten(0, 1), targets.flatten());
            loss.backward();
            return loss.detach();
        }

        /// <summary>The size of the last character's loss's gradient at each state, as a part of that at the last; the nearest first.</summary>
        public double[] GradientThroughTime(CharacterCorpus corpus)
        {
            using var scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = corpus.Validation(ValidationRows, Length);
            List<Tensor> states = States(inputs);
            foreach (Tensor state in states) state.retain_grad();
            nn.functional.cross_entropy(states[^1].matmul(output), targets.select(1, -1)).backward();
            double[] sizes = [.. states.Select(s => (double)s.grad!.Squared().sum(1).sqrt().mean().item<float>())];
            foreach (Parameter parameter in parameters()) parameter.grad = null;
            return [.. Enumerable.Reverse(sizes).Select(s => s / sizes[^1])];
        }

        private List<Tensor> States(Tensor ids) =>
            Unrolled(embedding.index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], -1), weight, bias, null);
    }
}
