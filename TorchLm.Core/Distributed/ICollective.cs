using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>What the processes of one job do together. Every operation is called by all of them, in the same order.</summary>
/// <remarks>
/// Tensors are contiguous, of equal length and type on all ranks, and lie on the engine's device: a CPU for MPI, a CUDA device for NCCL. Sums are of
/// float32, float64, int32 and int64, with NCCL of bfloat16 as well; copies (all-gather, broadcast) are of bfloat16 everywhere. The calls come from
/// one thread at a time. A rank that fails calls <see cref="Abort"/>; <see cref="IDisposable.Dispose"/> is for the end that all ranks reach together.
/// </remarks>
public interface ICollective : IDisposable
{
    /// <summary>Which engine it is, with its version, for reports: "Open MPI 4.1.4".</summary>
    string Engine { get; }

    /// <summary>This process's number in the job, counted from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes the job has.</summary>
    int WorldSize { get; }

    /// <summary>This process's number among those of this machine, counted from 0: which of its devices to take.</summary>
    int LocalRank { get; }

    /// <summary>
    /// How long an operation may be waited for before a <see cref="CollectiveTimeoutException"/>; null (the default) waits for ever.
    /// </summary>
    TimeSpan? Patience { get; set; }

    /// <summary>Replaces each element by its sum over all ranks. All ranks get the same bits.</summary>
    /// <param name="tensor">Any shape.</param>
    void AllReduce(Tensor tensor);

    /// <summary>The same, while the caller goes on.</summary>
    /// <param name="tensor">Any shape; neither used nor disposed before the wait.</param>
    IPendingCollective BeginAllReduce(Tensor tensor);

    /// <summary>Sums over all ranks, of which each gets its part: the one at rank · <paramref name="own"/>'s length.</summary>
    /// <param name="whole">WorldSize times as many elements as <paramref name="own"/>; what it holds afterwards is not defined.</param>
    /// <param name="own">Takes the part; it may be that very part of <paramref name="whole"/>, and else must not overlap it.</param>
    void ReduceScatter(Tensor whole, Tensor own);

    /// <summary>The same, while the caller goes on.</summary>
    /// <param name="whole">As for <see cref="ReduceScatter"/>; neither used nor disposed before the wait.</param>
    /// <param name="own">As for <see cref="ReduceScatter"/>; neither used nor disposed before the wait.</param>
    IPendingCollective BeginReduceScatter(Tensor whole, Tensor own);

    /// <summary>Puts all ranks' parts behind one another, in the order of ranks.</summary>
    /// <param name="own">This rank's part; it may be that very part of <paramref name="whole"/>, and else must not overlap it.</param>
    /// <param name="whole">WorldSize times as many elements as <paramref name="own"/>.</param>
    void AllGather(Tensor own, Tensor whole);

    /// <summary>Copies one rank's tensor to all the others.</summary>
    /// <param name="tensor">Any shape.</param>
    /// <param name="root">The rank that has it.</param>
    void Broadcast(Tensor tensor, int root);

    /// <summary>Copies one rank's bytes to all the others.</summary>
    /// <param name="bytes">Of equal length on all ranks.</param>
    /// <param name="root">The rank that has them.</param>
    void Broadcast(byte[] bytes, int root);

    /// <summary>Returns when all ranks have come here.</summary>
    void Barrier();

    /// <summary>
    /// Lets ranks notice that one of them has ended, was stopped or is cut off from the network, which an operation would wait for for ever. All ranks call
    /// it together, once. Engines that cannot do it do nothing.
    /// </summary>
    /// <param name="silence">A rank that is not heard of for so long is lost.</param>
    /// <param name="onLost">
    /// Told once, in a sentence and on a thread of its own, that a rank is lost; <see cref="Abort"/> is what remains to be done. Rank 0 notices the loss
    /// of each rank, the others that of rank 0, some earlier than others.
    /// </param>
    void Watch(TimeSpan silence, Action<string> onLost);

    /// <summary>
    /// Ends the other processes of the job at once, as far as the engine can: for a rank that fails while others wait for it. The caller prints why
    /// before, as this process may be ended too.
    /// </summary>
    /// <param name="exitCode">What the job's launcher is to return.</param>
    void Abort(int exitCode);
}
