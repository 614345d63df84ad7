using TorchLm.Core.Model;
using TorchLm.Core.Optimization;

namespace TorchLm.Core.Checkpoints;

/// <summary>The tensors of a checkpoint, as its files will hold them.</summary>
/// <param name="Weights">model.safetensors.</param>
/// <param name="Moments">optimizer.safetensors.</param>
internal sealed record CheckpointContent(IReadOnlyCollection<TensorToWrite> Weights, IReadOnlyCollection<TensorToWrite> Moments)
{
    /// <summary>What a model and its optimiser hold at the time when it is written; the weights are their running mean where one is kept.</summary>
    public static CheckpointContent Of(Gpt model, Optimizer optimizer) => new(ModelWeights.ToWrite(model, optimizer.Average?.Values),
        [.. optimizer.Checkpointed.Select(t => new TensorToWrite(t.Name, t.Type, t.Shape, t.Read))]) { IsShared = optimizer.IsShared };

    /// <summary>Whether ranks read it together.</summary>
    public bool IsShared { get; init; }

    /// <summary>Both, in order.</summary>
    public IEnumerable<TensorToWrite> All => Weights.Concat(Moments);

    /// <summary>The values' size in bytes, which is nearly that of the files.</summary>
    public long Bytes => All.Sum(SafeTensors.BytesOf);
}
