using System.Runtime.InteropServices;

namespace TorchLm.Core.Training;

/// <summary>Tells failures for lack of memory from others: libtorch has no type of its own for them.</summary>
public static class MemoryExhaustion
{
    /// <summary>Whether a failure says that an allocation, on whatever device, found no memory.</summary>
    public static bool Caused(Exception failure) =>
        failure is OutOfMemoryException || (failure is ExternalException && (failure.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || failure.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
            || failure.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)));
}
