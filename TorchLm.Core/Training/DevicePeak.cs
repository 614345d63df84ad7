using System.Diagnostics;
using TorchLm.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>The most arithmetic that a device does in a second, measured by a matrix product, as the yardstick for a training step.</summary>
public static class DevicePeak
{
    /// <summary>Measures for a good half of a second.</summary>
    /// <param name="device">The device.</param>
    /// <param name="precision">What the product is computed in.</param>
    /// <returns>Floating-point operations per second.</returns>
    public static double MeasureFlops(Device device, Precision precision = Precision.Float32)
    {
        bool cudaDevice = device.type == DeviceType.CUDA;
        precision.Switch(device);
        int size = cudaDevice ? 4096 : 1024;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor Square() => ones([size, size], precision.ComputeType(), device);
        Tensor a = Square(), b = Square(), c = Square();
        double best = double.MaxValue;
        var total = Stopwatch.StartNew();
        for (int i = 0; i < 4 || (total.ElapsedMilliseconds < 600 && i < 2000); i++)
        {
            long start = Stopwatch.GetTimestamp();
            c.addmm_(a, b, beta: 0, alpha: 1);
            if (cudaDevice) cuda.synchronize(device);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return 2.0 * size * size * size / best;
    }
}
