using TorchLm.Core.Native;
using TorchSharp;

namespace TorchLm.Train;

internal static class Program
{
    private static int Main()
    {
        NativeLibraries.EnsureLoaded();
        Console.WriteLine($"{NativeLibraries.LibtorchFolder} {NativeLibraries.FixedCopy} {torch.ones(3).sum().item<float>()}");
        return 0;
    }
}
