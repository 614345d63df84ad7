using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>Named tensors in a file or in several, of which one at a time is read into memory.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The file or folder, for messages.</summary>
    string Path { get; }

    /// <summary>The tensors' names.</summary>
    IReadOnlyCollection<string> Names { get; }

    /// <summary>The shape of a tensor, or null where there is none of that name.</summary>
    IReadOnlyList<long>? ShapeOf(string name);

    /// <summary>Reads a tensor to the CPU, in the type that the file has it in. The caller owns it.</summary>
    /// <exception cref="InputException">There is none of that name, or the file ends early.</exception>
    Tensor Read(string name);
}
