using System.Runtime.InteropServices;
using TorchLm.Core;
using TorchLm.Core.Native;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;
using TorchSharp;

namespace TorchLm.Data.Loading;

/// <summary>Reads windows of a split's memory-mapped shards into batches on a device.</summary>
internal sealed class WindowReader : IDisposable
{
    // Sets up to this size are looked through at once (milliseconds), so that a wrong tokenizer is found before training, not
    // during it.
    private const long CheckedAtOnce = 1 << 22;

    private readonly List<TokenShard> _shards = [];
    private readonly int _vocabularySize;
    private readonly torch.Device _device;

    /// <summary>Maps the split's shards.</summary>
    /// <exception cref="InputException">A shard cannot be read, or holds an id outside the vocabulary.</exception>
    public WindowReader(DatasetSplit split, int vocabularySize, torch.Device device)
    {
        NativeLibraries.EnsureLoaded();
        _vocabularySize = vocabularySize;
        _device = device;
        try
        {
            foreach (SplitShard shard in split.Shards) _shards.Add(TokenShard.Open(shard.Path));
            if (split.Tokens <= CheckedAtOnce) _shards.ForEach(shard => shard.CheckTokens(vocabularySize));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads one window a row: inputs (windows, length), and targets one token later, (windows, asked), of the last places; int64.
    /// </summary>
    /// <param name="windows">Where rows begin.</param>
    /// <param name="length">Inputs of a row.</param>
    /// <param name="asked">Targets of a row; null for as many as inputs.</param>
    /// <returns>A batch that belongs to the caller and to no dispose scope.</returns>
    /// <exception cref="InputException">A token is outside the vocabulary.</exception>
    public Batch Read(ReadOnlySpan<Window> windows, int length, int? asked = null)
    {
        int targetCount = asked ?? length;
        torch.Tensor inputs = torch.empty(windows.Length, length, torch.int64);
        torch.Tensor targets = torch.empty(windows.Length, targetCount, torch.int64);
        try
        {
            Span<long> inputIds = MemoryMarshal.Cast<byte, long>(inputs.bytes);
            Span<long> targetIds = MemoryMarshal.Cast<byte, long>(targets.bytes);
            for (int row = 0; row < windows.Length; row++)
            {
                (int shard, long start) = windows[row];
                _shards[shard].Read(start, inputIds.Slice(row * length, length), _vocabularySize);
                _shards[shard].Read(start + 1 + length - targetCount, targetIds.Slice(row * targetCount, targetCount), _vocabularySize);
            }
        }
        catch
        {
            inputs.Dispose();
            targets.Dispose();
            throw;
        }
        return new Batch(MoveToDevice(inputs), MoveToDevice(targets));
    }

    /// <inheritdoc/>
    public void Dispose() => _shards.ForEach(shard => shard.Dispose());

    // Whoever reads a batch disposes it, on whatever thread: a scope that happens to be open here must not dispose it as well.
    private torch.Tensor MoveToDevice(torch.Tensor tensor)
    {
        if (_device.type == DeviceType.CPU) return tensor.DetachFromDisposeScope();

        // From pinned memory the copy runs beside the computation. It is queued on the same (default) stream as the kernels that
        // will read the batch, and libtorch keeps a pinned block from being reused before the copies that were queued from it are
        // done, so that it may be disposed at once.
        using torch.Tensor pageable = tensor;
        using torch.Tensor pinned = pageable.pin_memory();
        return pinned.to(_device, non_blocking: true).DetachFromDisposeScope();
    }
}
