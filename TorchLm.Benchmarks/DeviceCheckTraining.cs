using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>Training steps on a device: their losses, and that they repeat and resume.</summary>
internal sealed class TrainingChecks(Device device, DeviceCheckPrecision precision)
{
    private const int Steps = 10, BatchSize = 2;

    private static readonly OptimizerConfig s_optimizer = new() { LearningRate = 1e-3, WarmupSteps = 0, Schedule = "constant" };

    public IEnumerable<CheckCase> Cases =>
    [
        new CheckCase("losses of ten AdamW steps", Losses), new CheckCase("a run made twice", Repeat), new CheckCase("a run saved and resumed", Resume),
    ];

    private CheckOutcome Losses()
    {
        using var reference = new DeviceCheckReference(ModelChecks.Config, 6);
        using var run = new Run(device, precision, ModelChecks.Config, reference);
        double[] actual = run.Steps(0, Steps);
        using var batches = new BenchmarkBatches(Shape(ModelChecks.Config), CPU);
        var expected = new double[Steps];
        for (int step = 0; step < Steps; step++)
        {
            using Batch batch = batches.GetBatch(step);
            expected[step] = reference.Step(batch.Inputs, batch.Targets, s_optimizer);
        }
        return new CheckOutcome(DeviceCheckNumbers.RelativeError(actual, expected), precision.Allowed(64), $"from {expected[0]:0.0000} to {expected[^1]:0.0000}");
    }

    /// <summary>Where this fails the device's sums have no fixed order, and no run can resume exactly on it.</summary>
    private CheckOutcome Repeat()
    {
        ModelConfig config = ModelChecks.Config with { Dropout = 0.1 };
        using var reference = new DeviceCheckReference(config, 7);
        using Run first = new(device, precision, config, reference), second = new(device, precision, config, reference);
        first.Steps(0, Steps);
        second.Steps(0, Steps);
        return DeviceCheckNumbers.Same(second.State(), first.State());
    }

    private CheckOutcome Resume()
    {
        const int Stop = 4;
        ModelConfig config = ModelChecks.Config with { Dropout = 0.1 };
        using DeviceCheckReference reference = new(config, 8), other = new(config, 9);
        using Run whole = new(device, precision, config, reference), begun = new(device, precision, config, reference), resumed = new(device, precision, config, other);
        whole.Steps(0, Steps);
        begun.Steps(0, Stop);
        string folder = Directory.CreateTempSubdirectory("torchlm-check-").FullName;
        try
        {
            resumed.Load(begun.Save(new RunFolder(folder), Stop));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        resumed.Steps(Stop, Steps - Stop);
        return DeviceCheckNumbers.Same(resumed.State(), whole.State());
    }

    private static BenchmarkShape Shape(ModelConfig config) => new("check", config, BatchSize);

    /// <summary>A model in training.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Gpt _model;
        private readonly Optimizer _optimizer;
        private readonly BenchmarkBatches _batches;
        private readonly TrainingStep _step;

        public Run(Device device, DeviceCheckPrecision precision, ModelConfig config, DeviceCheckReference weights)
        {
            _model = precision.NewModel(config, 1, device);
            weights.CopyTo(_model);
            _model.train();
            LossScaler? scaler = _model.Precision == Precision.Float16 ? new LossScaler(device) : null;
            _optimizer = new Optimizer(_model, s_optimizer, scaler);
            _batches = new BenchmarkBatches(Shape(config), device);
            _step = new TrainingStep(_model, _optimizer, new LearningRateSchedule(s_optimizer, TrainingChecks.Steps), _batches, new TrainingConfig { Steps = TrainingChecks.Steps }, scaler);
        }

        /// <summary>Makes steps and gives their losses.</summary>
        public double[] Steps(int first, int count) => [.. Enumerable.Range(first, count).Select(step =>
        {
            _step.Run(step);
            return _step.TakeOutcomes().Single().Loss;
        })];

        /// <summary>All weights and moments.</summary>
        public double[] State() =>
            [.. _model.named_parameters().SelectMany(p => DeviceCheckNumbers.Values(p.parameter)), .. _optimizer.State.SelectMany(s => DeviceCheckNumbers.Values(s.Value))];

        public string Save(RunFolder folder, int step) => Checkpoint.Save(folder, _model, _optimizer, new TrainingState { Step = step }, isBest: false, keep: 1);

        public void Load(string checkpoint) => Checkpoint.Load(checkpoint, _model, _optimizer);

        public void Dispose()
        {
            _step.Dispose();
            _batches.Dispose();
            _optimizer.Dispose();
            _model.Dispose();
        }
    }
}
