using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>What a model takes in training before it has read a token: weights, gradients and two moments, all float32.</summary>
public static class ModelMemory
{
    private const int BytesPerParameter = 4 * sizeof(float);

    /// <summary>
    /// Refuses a model that the machine has no memory for: Linux gives out more than there is and kills the process later, maybe another one with it. A GPU
    /// says for itself that it has too little.
    /// </summary>
    /// <exception cref="InputException">There is less memory.</exception>
    public static void Require(ModelConfig shape, Device device)
    {
        if (device.type != DeviceType.CPU) return;
        long bytes = BytesPerParameter * ModelCost.Parameters(shape), free = HostMemory.Available();
        if (bytes <= free) return;
        throw new InputException($"The model's {ModelCost.Parameters(shape) / 1e6:N0} M parameters take {MicroBatchTrial.GiB(bytes)} with their gradients and moments, but " +
            $"{MicroBatchTrial.GiB(free)} of memory are free: use fewer layers (model.layerCount) or a smaller width (model.embeddingSize).");
    }
}
