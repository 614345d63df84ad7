using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>Finds the largest micro-batch that fits in memory, by computing real gradients with ever larger ones.</summary>
/// <remarks>
/// On a CPU memory must not run out, since the system then kills the process: the next size is tried only where the growth until then says that it
/// fits in four fifths of what is free, less what training will take besides: the optimiser's moments, and a snapshot of weights and moments while
/// they are saved. On CUDA running out is an exception, so that sizes are tried until it comes, with tensors in the place of moments and a margin.
/// Nothing of the trial stays but memory that the allocators keep to give out again.
/// </remarks>
public static class MicroBatchTrial
{
    private const double ShareOfFreeMemory = 0.8, CudaMargin = 0.05;

    /// <summary>Finds it.</summary>
    /// <param name="shape">The model, its vocabulary known.</param>
    /// <param name="training">The effective batch, and whether activations are kept.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="precision">What products are computed in.</param>
    /// <param name="optimizer">What keeps numbers of its own; null is AdamW.</param>
    /// <param name="trying">Told each size before it is tried.</param>
    /// <param name="cancel">Stops between two trials.</param>
    /// <returns>The sequences in a micro-batch, and the bytes that everything had to fit in.</returns>
    /// <exception cref="InputException">Not even one sequence fits.</exception>
    public static (int Sequences, long Bytes) Largest(ModelConfig shape, TrainingConfig training, Device device, Precision precision,
        OptimizerConfig? optimizer = null, Action<int>? trying = null, CancellationToken cancel = default)
    {
        optimizer ??= new OptimizerConfig();
        // Of the generators dropout uses one, the device's. A run seeds it anew for each step, so that restoring the CPU's is courtesy to other callers.
        using Tensor generator = get_rng_state();
        try
        {
            using var model = new Gpt(shape, training.Seed, device, precision);
            IReadOnlyList<int> sizes = MicroBatch.Divisors(MicroBatch.EffectiveBatch(training));
            bool Fits(int size)
            {
                cancel.ThrowIfCancellationRequested();
                trying?.Invoke(size);
                return TryGradients(model, training, size);
            }
            (int found, long bytes) = device.type == DeviceType.CUDA ? OnCuda(model, optimizer, sizes, Fits) : OnCpu(model, optimizer, training.ActivationCheckpointing, sizes, Fits);
            return found > 0 ? (found, bytes) : throw new InputException($"Not even one sequence of {shape.ContextLength} tokens at a time fits in {GiB(bytes)} of " +
                "memory with this model: use training.activationCheckpointing=true, a shorter model.contextLength or a smaller model (--micro-batch 1 tries it all the same).");
        }
        finally
        {
            set_rng_state(generator);
        }
    }

    /// <summary>Bytes in the unit that memory is spoken of in.</summary>
    public static string GiB(long bytes) => $"{bytes / (double)(1L << 30):0.0} GiB";

    private static (int Sequences, long Bytes) OnCpu(Gpt model, OptimizerConfig optimizer, bool checkpointing, IReadOnlyList<int> sizes, Func<int, bool> fits)
    {
        long total = (long)(ShareOfFreeMemory * HostMemory.Available());
        long weights = sizeof(float) * ModelCost.Parameters(model.Config);
        long before = Environment.WorkingSet;
        long kept = optimizer.MemoryNumbers() + 1 + optimizer.StateNumbers(); // and a snapshot of weights and state, float32 values a parameter
        int found = MicroBatchSearch.Largest(sizes, total - (kept * weights), constant: weights, LeastPerSequence(model.Config, checkpointing), size =>
        {
            using var peak = new PeakMemory();
            return fits(size) ? peak.Stop() - before : null;
        });
        return (found, total);
    }

    private static (int Sequences, long Bytes) OnCuda(Gpt model, OptimizerConfig optimizer, IReadOnlyList<int> sizes, Func<int, bool> fits)
    {
        long memory = CudaDriver.List(out _).ElementAtOrDefault(Math.Max(0, model.Device.index))?.MemoryBytes ?? 0;
        long parameters = ModelCost.Parameters(model.Config);
        int found = 0;
        using var scope = NewDisposeScope();
        try
        {
            _ = empty(optimizer.MemoryNumbers() * parameters, ScalarType.Float32, model.Device);
            _ = empty((long)(CudaMargin * memory), ScalarType.Byte, model.Device);
            found = MicroBatchSearch.Largest(sizes, long.MaxValue, constant: 0, leastPerSequence: 0, size => fits(size) ? 0 : null);
        }
        catch (Exception e) when (MemoryExhaustion.Caused(e))
        {
            // Weights and moments alone are too much: nothing is found.
        }
        return (found, memory);
    }

    /// <summary>One forward and backward pass at full context.</summary>
    /// <returns>Whether memory sufficed.</returns>
    private static bool TryGradients(Gpt model, TrainingConfig training, int sequences)
    {
        ModelConfig shape = model.Config;
        if ((long)sequences * shape.ContextLength > Array.MaxLength) return false;
        using var scope = NewDisposeScope();
        var random = new Random(sequences);
        try
        {
            long[] ids = [.. Enumerable.Range(0, sequences * shape.ContextLength).Select(_ => random.NextInt64(shape.VocabularySize))];
            Tensor batch = tensor(ids, [sequences, shape.ContextLength], device: model.Device);
            model.AccumulateGradients(batch, batch, seedDropout: part => DropoutSeed.Apply(training.Seed, 0, 0, part, model.Device),
                checkpointActivations: training.ActivationCheckpointing).item<float>(); // waits for the device
            return true;
        }
        catch (Exception e) when (MemoryExhaustion.Caused(e))
        {
            return false;
        }
        finally
        {
            foreach (TorchSharp.Modules.Parameter parameter in model.parameters()) parameter.grad = null;
        }
    }

    /// <summary>
    /// Of what must be kept for the backward pass, what is beyond doubt: each block's input in float32; without checkpointing also queries, keys, values,
    /// the attention's output and both sides of the MLP's activation, of two bytes or more each.
    /// </summary>
    private static long LeastPerSequence(ModelConfig shape, bool checkpointing)
    {
        long kept = shape.QkvSize + shape.EmbeddingSize + ((shape.IsGated ? 3L : 2) * shape.MlpWidth);
        return (long)shape.LayerCount * shape.ContextLength * ((sizeof(float) * shape.EmbeddingSize) + (checkpointing ? 0 : 2 * kept));
    }
}
