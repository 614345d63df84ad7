using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>One process that is a job by itself: sums are what they are, and copies are the only work. Nothing outside libtorch is loaded.</summary>
public sealed class AloneCollective : ICollective
{
    /// <inheritdoc/>
    public string Engine => "alone";

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int WorldSize => 1;

    /// <inheritdoc/>
    public int LocalRank => 0;

    /// <inheritdoc/>
    public TimeSpan? Patience { get; set; }

    /// <inheritdoc/>
    public void AllReduce(Tensor tensor) => CollectiveArguments.Check(tensor, tensor.device_type);

    /// <inheritdoc/>
    public IPendingCollective BeginAllReduce(Tensor tensor)
    {
        AllReduce(tensor);
        return DonePending.Instance;
    }

    /// <inheritdoc/>
    public void ReduceScatter(Tensor whole, Tensor own)
    {
        if (!CollectiveArguments.IsInPlace(whole, own, whole.device_type, 0, 1)) Copy(whole, own);
    }

    /// <inheritdoc/>
    public IPendingCollective BeginReduceScatter(Tensor whole, Tensor own)
    {
        ReduceScatter(whole, own);
        return DonePending.Instance;
    }

    /// <inheritdoc/>
    public void AllGather(Tensor own, Tensor whole)
    {
        if (!CollectiveArguments.IsInPlace(whole, own, whole.device_type, 0, 1)) Copy(own, whole);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root)
    {
        CollectiveArguments.Check(tensor, tensor.device_type);
        CollectiveArguments.CheckRoot(root, 1);
    }

    /// <inheritdoc/>
    public void Broadcast(byte[] bytes, int root) => CollectiveArguments.CheckRoot(root, 1);

    /// <inheritdoc/>
    public void Barrier() { }

    /// <summary>Does nothing: there is no other process.</summary>
    /// <param name="silence">Not used.</param>
    /// <param name="onLost">Not used.</param>
    public void Watch(TimeSpan silence, Action<string> onLost) { }

    /// <summary>Does nothing: there is no other process.</summary>
    /// <param name="exitCode">Not used.</param>
    public void Abort(int exitCode) { }

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>Shapes may differ, as long as there are equally many elements.</summary>
    private static void Copy(Tensor from, Tensor to)
    {
        using var noGradient = no_grad();
        using Tensor flatFrom = from.view(-1), flatTo = to.view(-1);
        flatTo.copy_(flatFrom);
    }
}
