using TorchLm.Core.Configuration;
using TorchLm.Core.Kernels;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

/// <summary>Training with and without each kernel of our own follows the same losses, to rounding.</summary>
public class KernelsTrainTheSameTests
{
    private const int Steps = 20;

    public static TheoryData<CpuKernel, Precision> Kernels
    {
        get
        {
            var data = new TheoryData<CpuKernel, Precision>();
            foreach (CpuKernel kernel in Enum.GetValues<CpuKernel>().Where(k => k != CpuKernel.None))
            {
                data.Add(kernel, Precision.Float32);
                data.Add(kernel, Precision.BFloat16);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Losses_with_and_without_a_kernel(CpuKernel kernel, Precision precision)
    {
        (double[] with, double[] norms) = Train(CpuKernel.None, kernel, precision);
        (double[] without, double[] normsWithout) = Train(kernel, kernel, precision);
        double tolerance = precision == Precision.Float32 ? 2e-5 : 6e-3;
        for (int i = 0; i < Steps; i++)
        {
            Assert.True(Math.Abs(with[i] - without[i]) < tolerance, $"step {i}: loss {with[i]:r} with, {without[i]:r} without");
            Assert.True(Math.Abs(norms[i] / normsWithout[i] - 1) < 20 * tolerance, $"step {i}: gradient norm {norms[i]:r} with, {normsWithout[i]:r} without");
        }
        Assert.True(with[^1] < with[0] - 0.3, "it learned something");
        bool sameToTheBit = kernel is CpuKernel.Embedding or CpuKernel.Bias or CpuKernel.Relu2;
        if (precision == Precision.Float32 && !sameToTheBit) Assert.NotEqual(norms, normsWithout); // both ways really ran
    }

    [Fact]
    public void What_is_left_out_is_not_served()
    {
        using Tensor tensor = zeros(1);
        foreach (CpuKernel kernel in Enum.GetValues<CpuKernel>().Where(k => k != CpuKernel.None))
        {
            Assert.True(CpuKernels.Serve(kernel, tensor));
            CpuKernels.Without = kernel;
            Assert.False(CpuKernels.Serve(kernel, tensor));
            CpuKernels.Without = CpuKernel.None;
        }
    }

    private static (double[] Losses, double[] Norms) Train(CpuKernel without, CpuKernel tested, Precision precision)
    {
        CpuKernels.Without = without;
        try
        {
            ModelConfig config = Of(tested, TinyGpt.Config with { EmbeddingSize = 32, ContextLength = 80, Bias = true });
            var optimizerConfig = new OptimizerConfig { LearningRate = 3e-3, WarmupSteps = 0 };
            using var model = new Gpt(config, seed: 5, precision: precision);
            model.train();
            using var optimizer = new Optimizer(model, optimizerConfig);
            using var batches = new OneBatch(2, 80);
            using var step = new TrainingStep(model, optimizer, new LearningRateSchedule(optimizerConfig, Steps), batches, new TrainingConfig { Steps = Steps });
            (double[] losses, double[] norms) = (new double[Steps], new double[Steps]);
            for (int i = 0; i < Steps; i++)
            {
                step.Run(i);
                (losses[i], norms[i]) = step.TakeOutcomes().Single();
            }
            return (losses, norms);
        }
        finally
        {
            CpuKernels.Without = CpuKernel.None;
        }
    }

    /// <summary>A model that has a use for the kernel.</summary>
    private static ModelConfig Of(CpuKernel kernel, ModelConfig config) => kernel switch
    {
        CpuKernel.Rotary => config with { HeadCount = 1, Positions = "rope", QkNorm = true, ValueEmbeddings = true },
        CpuKernel.Relu2 => config with { Mlp = "relu2" },
        CpuKernel.SwiGlu => config with { Mlp = "swiglu" },
        CpuKernel.Convolution => config with { ConvolutionWidth = 3 },
        _ => config,
    };

    /// <summary>The same tokens each time, so that there is something to learn in twenty steps.</summary>
    private sealed class OneBatch(int batchSize, int contextLength) : IBatchSource
    {
        public int BatchSize => batchSize;

        public int ContextLength => contextLength;

        public Batch GetBatch(long index) => RandomBatches.Make(0, batchSize, contextLength, 11);

        public void Dispose()
        {
        }
    }
}
