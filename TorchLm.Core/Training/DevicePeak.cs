using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>The most arithmetic that a device does in a second, measured by a matrix product, as the yardstick for a training step.</summary>
public static class DevicePeak
{
    /// <summary>Measures for about a third of a second.</summary>
    /// <returns>Floating-point operations per second in float32.</returns>
    public static double MeasureFlops(Device device)
    {
        bool cudaDevice = device.type == DeviceType.CUDA;
        int size = cudaDevice ? 4096 : 1024;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor a = ones([size, size], device: device), b = ones([size, size], device: device), c = empty([size, size], device: device);
        double best = double.MaxValue;
        var total = Stopwatch.StartNew();
        for (int i = 0; i < 4 || (total.ElapsedMilliseconds < 300 && i < 1000); i++)
        {
            long start = Stopwatch.GetTimestamp();
            matmul_out(c, a, b);
            if (cudaDevice) cuda.synchronize(device);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return 2.0 * size * size * size / best;

        static void matmul_out(Tensor result, Tensor left, Tensor right) => result.addmm_(left, right, beta: 0, alpha: 1);
    }
}
