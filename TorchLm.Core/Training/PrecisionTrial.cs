using System.Diagnostics;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>Finds out whether this processor trains a model faster in bf16 than in fp32, by doing both.</summary>
internal static class PrecisionTrial
{
    private const int MaximumTokens = 1024, Vocabulary = 256;

    /// <summary>The kernels' code is compiled and optimised while they run, so that the first rounds tell nothing.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.5), s_time = TimeSpan.FromSeconds(0.5);

    /// <summary>Where the processor has no bf16 it is emulated and takes several times as long: three rounds tell.</summary>
    private const double ClearlySlower = 0.5;

    /// <summary>How many times as fast as fp32 a step of a one-block model of this shape is in bf16: the ratio of medians, taken in turns.</summary>
    public static double SpeedOfBFloat16(ModelConfig shape, int batchSize)
    {
        int rows = Math.Clamp(MaximumTokens / shape.ContextLength, 1, batchSize), length = Math.Min(shape.ContextLength, MaximumTokens);
        ModelConfig block = shape with { LayerCount = 1, VocabularySize = Vocabulary, VocabularyMultiple = 1, ContextLength = length, Dropout = 0 };
        using var scope = NewDisposeScope();
        Tensor ids = zeros(rows, length, ScalarType.Int64);
        using var single = new Gpt(block, precision: Precision.Float32);
        using var brain = new Gpt(block, precision: Precision.BFloat16);
        List<double> singleTimes = [], brainTimes = [];
        var warmUp = Stopwatch.StartNew();
        do
        {
            Seconds(single, ids);
            Seconds(brain, ids);
        }
        while (warmUp.Elapsed < s_warmUp);
        var total = Stopwatch.StartNew();
        while (singleTimes.Count < 3 || (total.Elapsed < s_time && Ratio() > ClearlySlower))
        {
            singleTimes.Add(Seconds(single, ids));
            brainTimes.Add(Seconds(brain, ids));
        }
        return Ratio();

        double Ratio() => Median(singleTimes) / Median(brainTimes);
    }

    private static double Seconds(Gpt model, Tensor ids)
    {
        using var scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        model.AccumulateGradients(ids, ids).Dispose();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (TorchSharp.Modules.Parameter parameter in model.parameters()) parameter.grad = null;
        return seconds;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
