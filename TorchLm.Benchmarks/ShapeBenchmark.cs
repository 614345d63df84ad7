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
    /// <summary>
    /// Character-level on a laptop and on a workstation; GPT-2's smallest with a quarter of its context, with llm.c's setting for CPUs, and with all of it.
    /// </summary>
    public static IReadOnlyList<BenchmarkShape> All { get; } =
    [
        new("tiny", Shape(4, 4, 128, 64, 65), 12), new("char", Shape(6, 6, 384, 256, 65), 8), new("gpt2", Shape(12, 12, 768, 256, 50304), 2),
        new("gpt2-64", Shape(12, 12, 768, 64, 50304), 4), new("gpt2-1024", Shape(12, 12, 768, 1024, 50304), 8),
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

/// <summary>Medians of the times of TorchLm's step in one precision, in milliseconds.</summary>
/// <param name="Precision">What it computed in.</param>
/// <param name="Step">A whole training step.</param>
/// <param name="Data">Getting a batch.</param>
/// <param name="Forward">The hidden states, up to the output head.</param>
/// <param name="Backward">The output head, the loss and the gradients, which are made together.</param>
/// <param name="Clip">The gradients' norm.</param>
/// <param name="Optimizer">The update.</param>
public sealed record StepTimes(Precision Precision, double Step, double Data, double Forward, double Backward, double Clip, double Optimizer);

/// <summary>Times TorchLm's training step and the straightforward one, in turns, so that what else the machine does strikes all alike.</summary>
public sealed class ShapeBenchmark : IDisposable
{
    private static readonly OptimizerConfig s_optimizer = new();

    private readonly Device _device;
    private readonly IBatchSource _batches;
    private readonly List<Candidate> _candidates;
    private readonly BaselineGpt? _baseline;
    private readonly optim.Optimizer? _baselineOptimizer;
    private long _index;

    /// <summary>Makes the models.</summary>
    /// <param name="shape">What is timed.</param>
    /// <param name="batches">Where batches come from; the caller keeps it.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="precisions">What TorchLm's step computes in, each a model of its own.</param>
    /// <param name="withBaseline">Whether the straightforward step (fp32) is timed as well; it takes the memory of another model.</param>
    public ShapeBenchmark(BenchmarkShape shape, IBatchSource batches, Device device, IReadOnlyList<Precision> precisions, bool withBaseline)
    {
        (_batches, _device) = (batches, device);
        _candidates = [.. precisions.Select(p => new Candidate(shape, batches, device, p))];
        if (!withBaseline) return;
        _baseline = new BaselineGpt(shape.Model).to(device);
        _baselineOptimizer = optim.AdamW(_baseline.parameters(), s_optimizer.LearningRate, s_optimizer.Beta1, s_optimizer.Beta2, s_optimizer.Epsilon,
            s_optimizer.WeightDecay);
    }

    /// <summary>Times steps for about as long as is given, after three rounds to warm up.</summary>
    /// <returns>TorchLm's times in the order of the precisions, and the straightforward step's, null where it was not asked for.</returns>
    public (IReadOnlyList<StepTimes> Times, double? Baseline) Run(TimeSpan duration)
    {
        const int WarmUp = 3, AtLeast = 5;
        List<double> baselines = [];
        var total = Stopwatch.StartNew();
        for (int round = 0; round < WarmUp + AtLeast || total.Elapsed < duration; round++)
        {
            if (round == WarmUp)
            {
                _candidates.ForEach(c => c.Forget());
                baselines.Clear();
                total.Restart();
            }
            foreach (Candidate candidate in _candidates)
            {
                candidate.Steps.Add(Time(() => candidate.Step.Run(_index++)));
                candidate.Step.TakeOutcomes();
            }
            if (_baseline is not null) baselines.Add(Time(BaselineStep));
            foreach (Candidate candidate in _candidates) candidate.Phases.Add(PhaseStep(candidate));
        }
        return ([.. _candidates.Select(c => c.Medians())], baselines.Count > 0 ? Median(baselines) : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _baselineOptimizer?.Dispose();
        _baseline?.Dispose();
        _candidates.ForEach(c => c.Dispose());
    }

    private void BaselineStep()
    {
        Precision.Float32.Switch(_device);
        using var scope = NewDisposeScope();
        using Batch batch = _batches.GetBatch(_index++);
        _baselineOptimizer!.zero_grad();
        Tensor loss = _baseline!.Loss(batch.Inputs, batch.Targets);
        loss.backward();
        nn.utils.clip_grad_norm_(_baseline.parameters(), s_optimizer.GradientClip);
        _baselineOptimizer.step();
    }

    /// <summary>The same step as TrainingStep's, with the device waited for between its parts.</summary>
    private double[] PhaseStep(Candidate candidate)
    {
        using var scope = NewDisposeScope();
        Batch batch = null!;
        Tensor hidden = null!;
        double data = Time(() => batch = _batches.GetBatch(_index++));
        double forward = Time(() => hidden = candidate.Model.Hidden(batch.Inputs));
        double backward = Time(() => candidate.Model.Backward(hidden, batch.Targets, null).Dispose());
        double clip = Time(() => GradientNorm.Of(candidate.Model.parameters().Select(p => p.grad!).ToArray()).Dispose());
        double optimizer = Time(() => candidate.Optimizer.Step(s_optimizer.LearningRate).Dispose()) - clip; // it takes the norm again
        batch.Dispose();
        return [data, forward, backward, clip, Math.Max(0, optimizer)];
    }

    private double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        if (_device.type == DeviceType.CUDA) cuda.synchronize(_device);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>TorchLm's step in one precision, and how long it took.</summary>
    private sealed class Candidate : IDisposable
    {
        private readonly Precision _precision;

        public Candidate(BenchmarkShape shape, IBatchSource batches, Device device, Precision precision)
        {
            _precision = precision;
            Model = new Gpt(shape.Model, 1, device, precision);
            Model.train();
            LossScaler? scaler = precision == Precision.Float16 ? new LossScaler(device) : null;
            Optimizer = new Optimizer(Model, s_optimizer, scaler);
            Step = new TrainingStep(Model, Optimizer, new LearningRateSchedule(s_optimizer, 1000), batches, new TrainingConfig { Steps = 1000 }, scaler);
        }

        public Gpt Model { get; }

        public Optimizer Optimizer { get; }

        public TrainingStep Step { get; }

        public List<double> Steps { get; } = [];

        public List<double[]> Phases { get; } = [];

        public void Forget()
        {
            Steps.Clear();
            Phases.Clear();
        }

        public StepTimes Medians()
        {
            double[] phase = [.. Enumerable.Range(0, 5).Select(i => Median(Phases.Select(p => p[i])))];
            return new StepTimes(_precision, Median(Steps), phase[0], phase[1], phase[2], phase[3], phase[4]);
        }

        public void Dispose()
        {
            Step.Dispose();
            Optimizer.Dispose();
            Model.Dispose();
        }
    }
}
