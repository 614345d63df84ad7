using System.Runtime.CompilerServices;
using TorchLm.Core.Native;
using TorchSharp;

namespace TorchLm.Tests;

internal static class TestSetup
{
    /// <summary>Native libraries are there before any test touches TorchSharp, and one thread is fastest for models this small.</summary>
    [ModuleInitializer]
    internal static void Run()
    {
        NativeLibraries.EnsureLoaded();
        torch.set_num_threads(1);
    }
}

/// <summary>Tests that draw from libtorch's process-wide random generator: they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GlobalRandomState
{
    public const string Name = "libtorch's global random generator";
}

/// <summary>A fact that needs a Unix; elsewhere it is skipped, with the reason.</summary>
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute(string reason)
    {
        if (OperatingSystem.IsWindows()) Skip = reason;
    }
}
