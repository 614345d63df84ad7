using ScottPlot;
using TorchLm.Core.Configuration;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using TorchLm.Data;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;
using TorchLm.Lessons.Pages;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Lessons;

/// <summary>The real thing: the preset <c>fables</c> in miniature, each part named with the lesson that it came from.</summary>
public sealed class GptLesson : Lesson
{
    /// <inheritdoc/>
    public override string Name => "gpt";

    /// <inheritdoc/>
    public override string Title => "the real thing";

    /// <inheritdoc/>
    public override int? Steps => 800;

    /// <inheritdoc/>
    public override long? Seed => 1;

    /// <inheritdoc/>
    public override void Run(LessonPage page)
    {
        var config = new RunConfig
        {
            Model = new ModelConfig { LayerCount = 2, HeadCount = 4, EmbeddingSize = 128, ContextLength = 64 },
            Data = new DataConfig { Tokenizer = "bpe", VocabularySize = 512 },
            Optimizer = new OptimizerConfig { LearningRate = 4e-3, MinLearningRate = 1e-4, WarmupSteps = Math.Min(100, page.Steps), Beta2 = 0.99 },
            Training = new TrainingConfig { Steps = page.Steps, BatchSize = 16, Seed = page.Seed },
        };
        string folder = Directory.CreateTempSubdirectory("torchlm-lesson-").FullName;
        try
        {
            TokenDataset data = RunData.Open(config, folder, _ => { });
            Train(page, config, data);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Train(LessonPage page, RunConfig config, TokenDataset data)
    {
        ITokenizer tokenizer = RunData.Tokenizer(data)!;
        ModelConfig shape = config.Model with { VocabularySize = tokenizer.VocabularySize };
        TrainingConfig training = config.Training;
        int v = shape.VocabularySize, c = shape.EmbeddingSize, t = shape.ContextLength, l = shape.LayerCount;
        page.Text($"This is what torchlm train runs, in small: the preset fables with {l} layers instead of 4, a context of {t} tokens instead of " +
            $"128, and {v} tokens in its vocabulary instead of 1,024. Everything in it you have seen before.");
        using var model = new Gpt(shape, page.Seed);
        (string Part, string Shape, long Numbers, string Lesson)[] parts =
        [
            ("token embedding, and the output head", $"({v}, {c})", v * c, "tokens"),
            ("position embedding", $"({t}, {c})", t * c, "attention"),
            ("LayerNorm before attention", $"{l} x ({c})", l * c, "tiny-transformer"),
            ("queries, keys and values", $"{l} x ({3 * c}, {c})", 3L * l * c * c, "attention"),
            ("output of attention", $"{l} x ({c}, {c})", (long)l * c * c, "attention"),
            ("LayerNorm before the MLP", $"{l} x ({c})", l * c, "tiny-transformer"),
            ("MLP, first layer, then GELU", $"{l} x ({4 * c}, {c})", 4L * l * c * c, "next-token, activations"),
            ("MLP, second layer", $"{l} x ({c}, {4 * c})", 4L * l * c * c, "next-token"),
            ("last LayerNorm", $"({c})", c, "tiny-transformer"),
            ("residual stream, x = x + ...", "", 0, "activations"),
            ("softmax and cross-entropy", "", 0, "losses"),
            ("gradients", "", 0, "neuron, chain-rule"),
            ("AdamW, warm-up, cosine", "", 0, "optimizers"),
            ("validation on text not trained on", "", 0, "exam"),
        ];
        page.Table(["part", "shape", "numbers", "lesson"],
            parts.Select(p => new[] { p.Part, p.Shape, p.Numbers > 0 ? $"{p.Numbers:N0}" : "", p.Lesson })
            .Append(["all", "", $"{parts.Sum(p => p.Numbers):N0}", ""]));
        page.Check("numbers in the model", "the model's own tensors", parts.Sum(p => p.Numbers), model.parameters().Sum(p => p.numel()), 0);

        using var batches = new BatchLoader(data.Train, training.BatchSize, t, v, training.Seed, CPU);
        using var validation = new EvaluationSource(data.Val!, 20, training.BatchSize, t, v, training.Seed, CPU);
        Evaluation untrained = Evaluator.Evaluate(model, validation);
        double before = untrained.Loss;
        page.Check("loss of the untrained model", $"log {v}: nothing is known", before, Math.Log(v), 0.1);
        page.Text($"Untrained, it gives every one of {v} tokens about the same chance: a loss of {before:0.0000} nats where log {v} = " +
            $"{Math.Log(v):0.0000}. The training loop, whole:");
        page.Lines(
            "for each step:",
            "    batch     = rows of tokens, and the token after each        BatchLoader",
            "    loss      = cross-entropy of what the model says            Gpt, forward",
            "    gradients = autograd                                        Gpt, backward",
            "    gradients are clipped to a norm of 1, AdamW makes a step    Optimizer",
            "    at the rate of warm-up and cosine                           LearningRateSchedule");
        using var optimizer = new Optimizer(model, config.Optimizer);
        var schedule = new LearningRateSchedule(config.Optimizer, page.Steps);
        List<double> losses = [], norms = [];
        List<(int Step, Evaluation Result)> evaluations = [(0, untrained)];
        for (int step = 0; step < page.Steps; step++)
        {
            page.StopIfAsked();
            using var scope = NewDisposeScope();
            using Batch batch = batches.GetBatch(step);
            losses.Add(model.AccumulateGradients(batch.Inputs, batch.Targets).item<float>());
            norms.Add(optimizer.Step(schedule.At(step)).item<float>());
            if ((step + 1) % Math.Max(1, page.Steps / 4) == 0 || step == page.Steps - 1) evaluations.Add((step + 1,
                Evaluator.Evaluate(model, validation)));
        }
        page.Table(["step", "training loss", "validation loss", "perplexity", "bits per byte"], evaluations.DistinctBy(e => e.Step).Select(e => new[]
        {
            $"{e.Step}", e.Step == 0 ? "" : $"{losses.Take(e.Step).TakeLast(20).Average():0.0000}", $"{e.Result.Loss:0.0000}",
                $"{e.Result.Perplexity:0.00}", $"{e.Result.BitsPerByte:0.000}",
        }));
        double unigram = UnigramEntropy(batches, v);
        page.Text($"A model that knows only how often each token occurs has a loss of {unigram:0.0000}; the best that any model can have is " +
            $"{EntropyFloorBits(data):0.000} bits per byte, for the corpus was written by a program that adds up the probability of every choice " +
            $"it makes.");
        page.CheckAtMost("validation loss after training", "before", evaluations[^1].Result.Loss, before);
        if (page.IsAsPublished)
        {
            page.CheckAtMost("validation loss after training", "half of a model's that knows only frequencies", evaluations[^1].Result.Loss,
                unigram / 2);
            page.CheckAtLeast("bits per byte on validation", "the entropy of the process that wrote the text",
                evaluations[^1].Result.BitsPerByte!.Value, EntropyFloorBits(data));
        }

        page.Heading("The whole model once more, by hand");
        page.Text("Now take its weights, and compute the same in plain C# loops and float64, from the functions of the lessons (the file is " +
            "GptByHand.cs, a hundred lines): embeddings, LayerNorm, attention, GELU, residual sums, logits.");
        int[] ids = [.. tokenizer.Encode("The Fox and the Crow\nOnce upon a time").Take(t)];
        double[] byHand = [.. new GptByHand(model).Logits(ids).SelectMany(r => r)], real = GptByHand.LogitsOf(model, ids);
        double apart = byHand.Zip(real, (a, b) => Math.Abs(a - b)).Max();
        page.Lines($"{ids.Length} tokens x {v} logits from {real.Min():0.0} to {real.Max():0.0}; greatest difference {CheckReport.Number(apart)}");
        page.Check("logits of the trained model", "all of it by hand in float64", real, byHand, 1e-3);

        page.Heading("It writes");
        var generator = new TokenGenerator(model);
        int[] text = [.. generator.Generate([.. tokenizer.Encode("The ")], new SamplingOptions { Temperature = 0.7, Seed = page.Seed }).Take(120)
            .Select(n => n[0])];
        page.Lines(("The " + tokenizer.Decode(text)).Replace("\r", "", StringComparison.Ordinal).Split('\n').SelectMany(Broken));
        page.Text("Twice the layers, twice the context and three times the steps are torchlm train: a minute or two on two cores, and 0.47 bits " +
            "per byte. After that, it is a matter of size.");
        page.Picture("training", plot => DrawLosses(plot, losses, evaluations), plot => DrawNorms(plot, norms),
            plot => DrawRates(plot, page.Steps, schedule));
    }

    /// <summary>The entropy of single tokens in what was trained on, in nats.</summary>
    private static double UnigramEntropy(BatchLoader batches, int vocabulary)
    {
        var counts = new double[vocabulary];
        for (int i = 0; i < 50; i++)
        {
            using Batch batch = batches.GetBatch(i);
            foreach (long id in batch.Inputs.data<long>()) counts[id]++;
        }
        double all = counts.Sum();
        return -counts.Where(n => n > 0).Sum(n => n / all * Math.Log(n / all));
    }

    private static double EntropyFloorBits(TokenDataset data) => data.Val!.EntropyNats!.Value / data.Val.Bytes!.Value / Math.Log(2);

    private static IEnumerable<string> Broken(string line)
    {
        const int Width = 90;
        for (; line.Length > Width; line = line[(line.LastIndexOf(' ', Width) + 1)..]) yield return line[..line.LastIndexOf(' ', Width)];
        yield return line;
    }

    private static void DrawLosses(Plot plot, List<double> losses, List<(int Step, Evaluation Result)> evaluations)
    {
        plot.Titles("Loss", "step", "nats per token");
        plot.Line("training", losses);
        plot.Points("validation", evaluations.Select(e => (double)e.Step), evaluations.Select(e => e.Result.Loss));
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawNorms(Plot plot, List<double> norms)
    {
        plot.Titles("Gradient norm, clipped at 1", "step", "norm");
        plot.Line(null, [.. norms.Select(Math.Log10)]);
        plot.PowersOfTen();
    }

    private static void DrawRates(Plot plot, int steps, LearningRateSchedule schedule)
    {
        plot.Titles("Warm-up and cosine", "step", "learning rate");
        plot.Line(null, [.. Enumerable.Range(0, steps).Select(s => schedule.At(s))]);
    }
}
