using System.Diagnostics;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>A model and batch that steps are timed with.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Model">The model.</param>
/// <param name="BatchSize">Sequences in a batch (B).</param>
public sealed record BenchmarkShape(string Name, ModelConfig Model, int BatchSize)
{
    /// <summary>Character-level on a laptop, character-level on a workstation, GPT-2's smallest.</summary>
    public static IReadOnlyList<BenchmarkShape> All { get; } =
    [
        new("tiny", Shape(4, 4, 128, 64, 65), 12), new("char", Shape(6, 6, 384, 256, 65), 8), new("gpt2", Shape(12, 12, 768, 256, 50304), 2),
    ];

    /// <summary>Tokens in a step.</summary>
    public int Tokens => BatchSize * Model.ContextLength;

    /// <summary>Floating-point operations of a step.</summary>
    public double Flops => Tokens * ModelCost.TrainingFlopsPerToken(Model);

    private static ModelConfig Shape(int layers, int heads, int width, int context, int vocabulary) => new()
    {
        LayerCount = layers, HeadCount = heads, EmbeddingSize = width, ContextLength = context, VocabularySize = vocabulary, Bias = true,
    };
}

/// <summary>Medians of a shape's times, in milliseconds.</summary>
/// <param name="Step">A whole training step.</param>
/// <param name="Baseline">A step of <see cref="BaselineGpt"/>; null where it was not asked for.</param>
/// <param name="Data">Getting a batch.</param>
/// <param name="Forward">The hidden states, up to the output head.</param>
/// <param name="Backward">The output head, the loss and the gradients, which are made together.</param>
/// <param name="Clip">The gradients' norm.</param>
/// <param name="Optimizer">The update.</param>
public sealed record StepTimes(double Step, double? Baseline, double Data, double Forward, double Backward, double Clip, double Optimizer);

/// <summary>Times TorchLm's training step and the straightforward one, in turns, so that what else the machine does strikes both alike.</summary>
public sealed class ShapeBenchmark : IDisposable
{
    private readonly Gpt _model;
    private readonly OptimizerConfig _optimizerConfig = new();
    private readonly FusedAdamW _optimizer;
    private readonly IBatchSource _batches;
    private readonly TrainingStep _step;
    private readonly BaselineGpt? _baseline;
    private readonly optim.Optimizer? _baselineOptimizer;
    private long _index;

    /// <summary>Makes the models.</summary>
    /// <param name="shape">What is timed.</param>
    /// <param name="batches">Where batches come from; the caller keeps it.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="withBaseline">Whether the straightforward step is timed as well; it takes the memory of a second model.</param>
    public ShapeBenchmark(BenchmarkShape shape, IBatchSource batches, Device device, bool withBaseline)
    {
        _batches = batches;
        _model = new Gpt(shape.Model, 1, device);
        _model.train();
        _optimizer = new FusedAdamW(_model, _optimizerConfig);
        _step = new TrainingStep(_model, _optimizer, new LearningRateSchedule(_optimizerConfig, 1000), batches, new TrainingConfig { Steps = 1000 });
        if (!withBaseline) return;
        _baseline = new BaselineGpt(shape.Model).to(device);
        _baselineOptimizer = optim.AdamW(_baseline.parameters(), _optimizerConfig.LearningRate, _optimizerConfig.Beta1, _optimizerConfig.Beta2,
            _optimizerConfig.Epsilon, _optimizerConfig.WeightDecay);
    }

    /// <summary>Times steps for about as long as is given, after three rounds to warm up.</summary>
    public StepTimes Run(TimeSpan duration)
    {
        const int WarmUp = 3, AtLeast = 5;
        List<double> steps = [], baselines = [];
        List<double[]> phases = [];
        var total = Stopwatch.StartNew();
        for (int round = 0; round < WarmUp + AtLeast || total.Elapsed < duration; round++)
        {
            if (round == WarmUp)
            {
                steps.Clear();
                baselines.Clear();
                phases.Clear();
                total.Restart();
            }
            steps.Add(Time(() => _step.Run(_index++).Dispose()));
            if (_baseline is not null) baselines.Add(Time(BaselineStep));
            phases.Add(PhaseStep());
        }
        double[] phase = [.. Enumerable.Range(0, 5).Select(i => Median(phases.Select(p => p[i])))];
        return new StepTimes(Median(steps), baselines.Count > 0 ? Median(baselines) : null, phase[0], phase[1], phase[2], phase[3], phase[4]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _baselineOptimizer?.Dispose();
        _baseline?.Dispose();
        _step.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
    }

    private void BaselineStep()
    {
        using var scope = NewDisposeScope();
        using Batch batch = _batches.GetBatch(_index++);
        _baselineOptimizer!.zero_grad();
        Tensor loss = _baseline!.Loss(batch.Inputs, batch.Targets);
        loss.backward();
        nn.utils.clip_grad_norm_(_baseline.parameters(), _optimizerConfig.GradientClip);
        _baselineOptimizer.step();
    }

    /// <summary>The same step as TrainingStep's, with the device waited for between its parts.</summary>
    private double[] PhaseStep()
    {
        using var scope = NewDisposeScope();
        Batch batch = null!;
        Tensor hidden = null!;
        double data = Time(() => batch = _batches.GetBatch(_index++));
        double forward = Time(() => hidden = _model.Hidden(batch.Inputs));
        double backward = Time(() => _model.Backward(hidden, batch.Targets, null).Dispose());
        double clip = Time(() => GradientNorm.Of(_model.parameters().Select(p => p.grad!).ToArray()).Dispose());
        double optimizer = Time(() => _optimizer.Step(_optimizerConfig.LearningRate).Dispose()) - clip; // it takes the norm again
        batch.Dispose();
        return [data, forward, backward, clip, Math.Max(0, optimizer)];
    }

    private double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        if (_model.Device.type == DeviceType.CUDA) cuda.synchronize(_model.Device);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
