using System.Runtime.InteropServices;

namespace TorchLm.Core.Devices;

/// <summary>Knows an exception that says that memory ran out: .NET's own, and libtorch's on a CPU and on a GPU.</summary>
public static class OutOfMemory
{
    /// <summary>Whether it is one.</summary>
    public static bool Is(Exception e) =>
        e is OutOfMemoryException || (e is ExternalException && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)));
}
