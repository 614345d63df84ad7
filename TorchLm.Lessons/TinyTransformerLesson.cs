using ScottPlot;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Native;
using TorchLm.Lessons.Pages;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>The tutorials' TinyLM, with its norms after each sum, beside TorchLm's block, with norms before each part.</summary>
public sealed class TinyTransformerLesson : Lesson
{
    private const int Width = 128, Layers = 2, Heads = 4, Context = 64, Rows = 8, Deep = 12, DeepWidth = 64;
    private const double Bold = 5e-3, Careful = 5e-4, TorchLmRate = 1e-3;
    private static readonly int[] s_depths = [2, 6, 12, 24];

    /// <inheritdoc/>
    public override string Name => "tiny-transformer";

    /// <inheritdoc/>
    public override string Title => "where the norm goes";

    /// <inheritdoc/>
    public override int? Steps => 120;

    /// <inheritdoc/>
    public override long? Seed => 1;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        page.Text("A transformer block is attention, then an MLP, each added to the residual stream. LayerNorm keeps numbers at size 1 (each row " +
            "less its mean, divided by its deviation, times a learned gain). The first paper normed after each sum; the tutorials' TinyLM does so " +
            "too. GPT-2 and TorchLm norm what goes into each part, and leave the stream alone.");
        page.Lines(
            "after:    x = norm(x + attention(x))        x = norm(x + mlp(x))             Vaswani et al. 2017, TinyLM",
            "before:   x = x + attention(norm(x))        x = x + mlp(norm(x))             Radford et al. 2019, TorchLm");
        page.Text($"TinyLM: {Layers} layers, width {Width}, {Heads} heads, MLP {4 * Width}, context {Context}, on the characters of the built-in " +
            $"corpus.");
        var corpus = new CharacterCorpus();
        using var after = new TutorialTransformer(corpus.Vocabulary, Width, Layers, Heads, Context, normFirst: false, page.NewRandom());
        CheckBlock(page, after);
        CheckCausality(page, after, corpus);
        long count = TutorialTransformer.CountOf(corpus.Vocabulary, Width, Layers, Context, normFirst: false);
        page.Check("numbers in TinyLM", "the formula", after.parameters().Sum(p => p.numel()), count, 0);

        page.Heading("Gradients before the first step");
        page.Text($"Take one batch, and look at the gradient of the second matrix of the last block's MLP, in models of width {DeepWidth} that " +
            $"become deeper. Both begin with the same weights; only the place of the norms differs.");
        double[][] gradientsAfter = [.. s_depths.Select(d => GradientsByBlock(page, corpus, d, normFirst: false))],
            gradientsBefore = [.. s_depths.Select(d => GradientsByBlock(page, corpus, d, normFirst: true))];
        double[] ratios = [.. gradientsAfter.Zip(gradientsBefore, (x, y) => x[^1] / y[^1])];
        page.Table(["layers", .. s_depths.Select(d => $"{d}")],
        [
            ["norm after", .. gradientsAfter.Select(g => $"{g[^1]:0.000}")], ["norm before", .. gradientsBefore.Select(g => $"{g[^1]:0.000}")],
            ["ratio", .. ratios.Select(r => $"{r:0.00}")], ["root of the layers", .. s_depths.Select(d => $"{Math.Sqrt(d):0.00}")],
        ]);
        page.Text("With norms before, the stream grows by what every block adds, and the last norm divides by its size; with norms after, nothing " +
            "is divided. Xiong et al. (2020) proved, for wide models, that the ratio grows as the root of the depth. Here it grows too, more " +
            "slowly. That is why deep models with norms after must begin with tiny steps (warm-up), or they never recover.");
        page.CheckAtLeast("ratio at 24 layers", "one and a half times that at 2", ratios[^1], 1.5 * ratios[0]);
        for (int i = 1; i < ratios.Length; i++) page.CheckAtLeast("ratio, from depth to depth", "0.8 of the one before", ratios[i],
            0.8 * ratios[i - 1]);
        for (int i = 0; i < ratios.Length; i++) page.Check("ratio to the root of the layers", "one, within a factor of two (Xiong et al.)",
            Math.Log2(ratios[i] / Math.Sqrt(s_depths[i])), 0, 1);

        page.Heading("Trained on the same text");
        page.Text($"{page.Steps} steps of {Rows} x {Context} characters with AdamW, a cosine and no warm-up, at a bold rate ({Bold}): {Layers} " +
            $"layers of width {Width}, then {Deep} layers of width {DeepWidth}; and at a careful one ({Careful}). \"TorchLm\" is the real Gpt: " +
            $"norms before, no biases, a head tied to the embedding, small initial weights.");
        var runs = new Dictionary<string, Training>();
        foreach ((int layers, int width, bool normFirst, double rate) in new[]
        {
            (Layers, Width, false, Bold), (Layers, Width, true, Bold), (Deep, DeepWidth, false, Bold), (Deep, DeepWidth, true, Bold),
                (Deep, DeepWidth, false, Careful),
        })
        {
            using var model = new TutorialTransformer(corpus.Vocabulary, width, layers, Heads, Context, normFirst, page.NewRandom());
            runs[$"{layers} layers, norm {(normFirst ? "before" : $"after")}, {rate}"] = Train(page, corpus, model, rate, model.Accumulate,
                model.Logits);
        }
        using (var gpt = new Gpt(new ModelConfig { LayerCount = Layers, HeadCount = Heads, EmbeddingSize = Width, ContextLength = Context,
            VocabularySize = corpus.Vocabulary }, page.Seed))
        {
            runs[$"{Layers} layers, TorchLm, {TorchLmRate}"] = Train(page, corpus, gpt, TorchLmRate, (x, y) => gpt.AccumulateGradients(x, y),
                gpt.forward);
        }
        page.Table(["model", "first loss", "loss, trained on", "loss, not seen", "gradient, greatest", "at the end"], runs.Select(r => new[]
        {
            r.Key, $"{r.Value.Losses[0]:0.000}", $"{r.Value.Losses.TakeLast(20).Average():0.000}", $"{r.Value.Validation:0.000}",
                $"{r.Value.Norms.Max():0.0}", $"{r.Value.Norms.TakeLast(20).Average():0.00}",
        }));
        page.Check("TorchLm's first loss", $"log {corpus.Vocabulary}", runs[$"{Layers} layers, TorchLm, {TorchLmRate}"].Losses[0],
            Math.Log(corpus.Vocabulary), 0.1);
        string stuck = $"{Deep} layers, norm after, {Bold}", well = $"{Deep} layers, norm before, {Bold}",
            careful = $"{Deep} layers, norm after, {Careful}";
        page.Text($"Two layers do not care. Twelve do: with norms after, the bold rate breaks the model in its first steps, and it stays at about " +
            $"{corpus.CharacterEntropy:0.000}, the loss of knowing how often each character occurs. The same weights with norms before learn; " +
            $"those with norms after do at a tenth of the rate, slowly.");
        if (page.IsAsPublished) page.Check("loss of 12 layers with norms after", "the entropy of single characters", runs[stuck].Validation,
            corpus.CharacterEntropy, 0.1);
        if (page.IsAsPublished) page.CheckAtLeast("loss of 12 layers with norms after, not seen", "0.2 above norms before", runs[stuck].Validation,
            runs[well].Validation + 0.2);
        if (page.IsAsPublished) page.CheckAtMost("the same at the careful rate", "0.1 below the bold one", runs[careful].Validation,
            runs[stuck].Validation - 0.1);
        page.Picture("gradients", plot => DrawBlocks(plot, gradientsAfter[^2], gradientsBefore[^2]), plot => DrawNorms(plot, runs));
        page.Picture("losses", plot => DrawLosses(plot, Layers, runs), plot => DrawLosses(plot, Deep, runs));
    }

    /// <summary>The block against libtorch's own encoder layer, with the same weights.</summary>
    private static void CheckBlock(LessonPage page, TutorialTransformer model)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using TransformerEncoderLayer theirs = nn.TransformerEncoderLayer(Width, Heads, 4 * Width, 0, nn.Activations.GELU);
        foreach ((string name, Parameter parameter) in theirs.named_parameters()) parameter.copy_(model.FirstBlockParameters[name]);
        Tensor x = page.NewRandom().Normal(1, 2 * 10, Width).to(ScalarType.Float32).view(2, 10, Width);
        Tensor mask = where(ones(10, 10, ScalarType.Bool).tril(), zeros(10, 10), tensor(float.NegativeInfinity));
        Tensor expected = theirs.call(x.transpose(0, 1), mask).transpose(0, 1);
        page.Check("one block, 2 rows of 10 places", "libtorch's TransformerEncoderLayer", Weights.Values(model.FirstBlock(x)),
            Weights.Values(expected), 1e-4);
    }

    private static void CheckCausality(LessonPage page, TutorialTransformer model, CharacterCorpus corpus)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        (Tensor ids, _) = corpus.Validation(1, Context);
        Tensor changed = cat([ids.narrow(1, 0, 40), corpus.Validation(2, Context).Inputs.narrow(0, 1, 1).narrow(1, 40, Context - 40)], 1);
        double[] before = Weights.Values(model.Logits(ids).narrow(1, 0, 40)), after = Weights.Values(model.Logits(changed).narrow(1, 0, 40));
        page.Check("logits of 40 places when later ones change", "the same as before", after, before, 1e-5);
    }

    private static double[] GradientsByBlock(LessonPage page, CharacterCorpus corpus, int layers, bool normFirst)
    {
        using var scope = NewDisposeScope();
        using var model = new TutorialTransformer(corpus.Vocabulary, DeepWidth, layers, Heads, Context, normFirst, page.NewRandom());
        (Tensor inputs, Tensor targets) = corpus.Validation(32, Context);
        model.Accumulate(inputs, targets);
        Dictionary<string, Parameter> parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        return [.. Enumerable.Range(0, layers)
            .Select(i => (double)parameters[$"blocks_{i}_linear2_weight"].grad!.Squared().sum().sqrt().item<float>())];
    }

    private static Training Train(LessonPage page, CharacterCorpus corpus, nn.Module model, double rate, Func<Tensor, Tensor, Tensor> accumulate,
        Func<Tensor, Tensor> logits)
    {
        NumPyRandom random = page.NewRandom();
        var rates = new OptimizerConfig { LearningRate = rate, MinLearningRate = rate / 10, WarmupSteps = 0 };
        var schedule = new LearningRateSchedule(rates, page.Steps);
        using var optimizer = new Optimizer(model, rates);
        List<double> losses = [], norms = [];
        for (int step = 0; step < page.Steps; step++)
        {
            page.StopIfAsked();
            using var scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = corpus.Batch(random, Rows, Context);
            losses.Add(accumulate(inputs, targets).item<float>());
            norms.Add(optimizer.Step(schedule.At(step)).item<float>());
        }
        using var last = NewDisposeScope();
        using var noGradient = no_grad();
        (Tensor x, Tensor y) = corpus.Validation(64, Context);
        return new Training(losses, norms, nn.functional.cross_entropy(logits(x).flatten(0, 1), y.flatten()).item<float>());
    }

    private static void DrawBlocks(Plot plot, double[] after, double[] before)
    {
        plot.Titles($"Gradients at the start, {Deep} layers", "block", "gradient of its MLP");
        double[] blocks = [.. Enumerable.Range(1, Deep).Select(i => (double)i)];
        plot.Line("norm after", blocks, after.Select(Math.Log10));
        plot.Line("norm before", blocks, before.Select(Math.Log10));
        plot.PowersOfTen();
        plot.ShowLegend(Alignment.LowerLeft);
    }

    private static void DrawNorms(Plot plot, Dictionary<string, Training> runs)
    {
        plot.Titles($"Gradient norm in training, {Deep} layers", "step", "norm");
        foreach ((string name, Training run) in runs
            .Where(r => r.Key.StartsWith($"{Deep} layers",
            StringComparison.Ordinal))) plot.Line(name[(name.IndexOf(',', StringComparison.Ordinal) + 2)..],
                [.. run.Norms.Select(Math.Log10)]);
        plot.PowersOfTen();
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawLosses(Plot plot, int layers, Dictionary<string, Training> runs)
    {
        plot.Titles($"Training loss, {layers} layers", "step", "nats per character");
        foreach ((string name, Training run) in runs
            .Where(r => r.Key.StartsWith($"{layers} layers",
            StringComparison.Ordinal))) plot.Line(name[(name.IndexOf(',', StringComparison.Ordinal) + 2)..], run.Losses);
        plot.Axes.SetLimitsY(1.5, 5);
        plot.ShowLegend(Alignment.UpperRight);
    }

    /// <summary>What training came to.</summary>
    private sealed record Training(List<double> Losses, List<double> Norms, double Validation);
}
