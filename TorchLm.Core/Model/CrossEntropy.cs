using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>The loss of predicted logits, and its gradient written over them, so that a vocabulary's width is in memory once.</summary>
internal static class CrossEntropy
{
    /// <summary>Adds the rows' losses up, in float32 whatever the logits' type, and puts gradients in the logits' place.</summary>
    /// <param name="logits">(N, columns), contiguous; gradients afterwards where they are asked for. Columns from the vocabulary on get 0.</param>
    /// <param name="targets">(N), int64, contiguous.</param>
    /// <param name="loss">How many columns take part, and the loss's kind.</param>
    /// <param name="lossSum">A float64 scalar on the logits' device that the losses are added to, in nats.</param>
    /// <param name="factor">A float32 scalar on the device that the gradient of the losses' sum is multiplied by; null: no gradients.</param>
    /// <exception cref="InputException">A target is not in the vocabulary (on the CPU).</exception>
    public static unsafe void Run(Tensor logits, Tensor targets, LogitLoss loss, Tensor lossSum, Tensor? factor)
    {
        if (!CpuKernels.Serve(CpuKernel.CrossEntropy, logits)) WithAten(logits, targets, loss, lossSum, factor);
        else *(double*)Aten.Data(lossSum) += CrossEntropyKernel.Run(logits, targets, loss, factor is null ? null : *(float*)Aten.Data(factor));
    }

    /// <summary>The same by libtorch's operations, on any device.</summary>
    internal static void WithAten(Tensor logits, Tensor targets, LogitLoss loss, Tensor lossSum, Tensor? factor)
    {
        using var scope = NewDisposeScope();
        int vocabulary = loss.Vocabulary;
        Tensor inUse = logits.narrow(1, 0, vocabulary), column = targets.unsqueeze(1), capped = inUse;
        Tensor? slope = null;
        if (loss.SoftCap > 0)
        {
            Tensor share = inUse.to(ScalarType.Float32).DividedBy(loss.SoftCap).tanh();
            (capped, slope) = (share.Times(loss.SoftCap), share.Squared().neg_().PlusNumber(1));
        }
        Tensor logProbabilities = special.log_softmax(capped, 1, ScalarType.Float32);
        lossSum.Accumulate(logProbabilities.gather(1, column).neg_().sum(ScalarType.Float64));
        if (factor is null) return;

        Tensor? logZ = loss.ZLoss > 0 ? capped.narrow(1, 0, 1).to(ScalarType.Float32).Minus(logProbabilities.narrow(1, 0, 1)) : null; // a logit less its log p
        Tensor gradients = logProbabilities.exp_();                                 // softmax - one-hot
        if (logZ is not null) gradients.mul_(logZ.Times(2 * loss.ZLoss).PlusNumber(1));
        gradients.scatter_add_(1, column, ones(column.shape, ScalarType.Float32, logits.device).neg_());
        if (slope is not null) gradients.mul_(slope);
        inUse.copy_(gradients.mul_(factor));
        if (logits.shape[1] > vocabulary) logits.narrow(1, vocabulary, logits.shape[1] - vocabulary).zero_();
    }
}
