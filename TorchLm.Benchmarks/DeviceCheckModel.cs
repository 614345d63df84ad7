using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>A whole model on a device: what it says, its gradients, its cache, its dropout.</summary>
internal sealed class ModelChecks(Device device, DeviceCheckPrecision precision)
{
    /// <summary>Heads of 64 and a context of 256, so that fused attention works in several blocks, and a padded vocabulary.</summary>
    internal static readonly ModelConfig Config = new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 128, ContextLength = 256, VocabularySize = 193, VocabularyMultiple = 64, Bias = true,
    };

    public IEnumerable<CheckCase> Cases =>
    [
        new CheckCase("logits", Logits), new CheckCase("loss", Loss), new CheckCase("gradients", Gradients),
        new CheckCase("generation with the cache", Cache), new CheckCase("dropout repeats by its seed", Dropout),
    ];

    private CheckOutcome Logits()
    {
        using var reference = new DeviceCheckReference(Config, 1);
        using Gpt model = ModelOf(reference, Config);
        using var noGradient = no_grad();
        Tensor ids = DeviceCheckNumbers.Ids(new Random(5), Config.VocabularySize, 2, Config.ContextLength);
        return new CheckOutcome(DeviceCheckNumbers.RelativeError(model.forward(ids.to(device)), reference.Logits(ids)), precision.Allowed(64));
    }

    private CheckOutcome Loss()
    {
        using var reference = new DeviceCheckReference(Config, 2);
        using Gpt model = ModelOf(reference, Config);
        using var noGradient = no_grad();
        (Tensor inputs, Tensor targets) = Batch(6);
        return new CheckOutcome(DeviceCheckNumbers.RelativeError(model.Loss(inputs.to(device), targets.to(device)), reference.Loss(inputs, targets)),
            precision.Allowed(16));
    }

    /// <summary>The worst parameter, each relative to its own largest gradient.</summary>
    private CheckOutcome Gradients()
    {
        using var reference = new DeviceCheckReference(Config, 3);
        using Gpt model = ModelOf(reference, Config);
        (Tensor inputs, Tensor targets) = Batch(7);
        model.AccumulateGradients(inputs.to(device), targets.to(device)).Dispose();
        reference.Loss(inputs, targets).backward();
        Dictionary<string, double[]> expected = reference.Gradients();
        (double error, string name) = model.named_parameters()
            .Select(p => (DeviceCheckNumbers.RelativeError(DeviceCheckNumbers.Values(p.parameter.grad!), expected[p.name]), p.name))
            .MaxBy(e => double.IsNaN(e.Item1) ? double.PositiveInfinity : e.Item1);
        return new CheckOutcome(error, precision.Allowed(128), $"largest at {name}");
    }

    /// <summary>A prompt, several tokens at once, then one at a time, against the whole context read at once.</summary>
    private CheckOutcome Cache()
    {
        using var reference = new DeviceCheckReference(Config, 4);
        using Gpt model = ModelOf(reference, Config);
        model.eval();
        using var noGradient = no_grad();
        using var cache = new KeyValueCache(model, 2);
        Tensor ids = DeviceCheckNumbers.Ids(new Random(8), Config.VocabularySize, 2, Config.ContextLength).to(device);
        var parts = new List<Tensor>();
        int[] lengths = [150, 42, .. Enumerable.Repeat(1, Config.ContextLength - 192)];
        int read = 0;
        foreach (int length in lengths)
        {
            parts.Add(model.forward(ids.narrow(1, read, length), cache));
            read += length;
        }
        return new CheckOutcome(DeviceCheckNumbers.RelativeError(cat(parts, 1), model.forward(ids)), precision.Allowed(64));
    }

    private CheckOutcome Dropout()
    {
        ModelConfig config = Config with { Dropout = 0.2 };
        using var reference = new DeviceCheckReference(config, 5);
        using Gpt model = ModelOf(reference, config);
        model.train();
        using var noGradient = no_grad();
        Tensor ids = DeviceCheckNumbers.Ids(new Random(9), config.VocabularySize, 2, config.ContextLength).to(device);
        double[] Step(long step)
        {
            DropoutSeed.Apply(11, step, 0, 0, device);
            return DeviceCheckNumbers.Values(model.forward(ids));
        }

        double[] first = Step(3), other = Step(4), again = Step(3);
        return DeviceCheckNumbers.Same(other, first).Passed ? new CheckOutcome(double.NaN, 0, "another step's seed drops the same")
            : DeviceCheckNumbers.Same(again, first);
    }

    private Gpt ModelOf(DeviceCheckReference reference, ModelConfig config)
    {
        Gpt model = precision.NewModel(config, 1, device);
        reference.CopyTo(model);
        return model;
    }

    private static (Tensor Inputs, Tensor Targets) Batch(int seed)
    {
        var random = new Random(seed);
        return (DeviceCheckNumbers.Ids(random, Config.VocabularySize, 4, Config.ContextLength),
            DeviceCheckNumbers.Ids(random, Config.VocabularySize, 4, Config.ContextLength));
    }
}
