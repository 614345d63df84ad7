using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>
/// Goes through blocks forward and back with no more in memory than each block's input and the inside of one block, which is computed a second time
/// for its gradients (Chen et al. 2016).
/// </summary>
/// <param name="blocks">The blocks.</param>
/// <param name="context">What they know of the sequences. Where they use the embeddings, those gather gradients of their own.</param>
/// <param name="seedDropout">As in <see cref="Gpt.AccumulateGradients"/>.</param>
internal sealed class ActivationCheckpoints(IReadOnlyList<Block> blocks, SequenceContext context, Action<int>? seedDropout)
{
    private readonly Tensor[] _inputs = new Tensor[blocks.Count];

    /// <summary>(B, T, C), without a gradient of its own, to (B, T, C). The caller owns the result.</summary>
    /// <param name="x">The first block's input.</param>
    /// <param name="onBlock">Is shown each block's number and output; null is nobody.</param>
    public Tensor Forward(Tensor x, Action<int, Tensor>? onBlock = null)
    {
        using var noGradient = no_grad();
        for (int i = 0; i < _inputs.Length; i++)
        {
            _inputs[i] = x;
            x = Block(i);
            onBlock?.Invoke(i, x);
        }
        return x;
    }

    /// <summary>
    /// From the gradient of what <see cref="Forward"/> gave to that of what it was given, which the caller owns; parameters' gradients are added to.
    /// Both <paramref name="gradient"/> and the blocks' inputs are disposed.
    /// </summary>
    /// <param name="gradient">(B, T, C).</param>
    /// <param name="onBlock">Told each block's number when its parameters' gradients are complete; null tells nobody.</param>
    public Tensor Backward(Tensor gradient, Action<int>? onBlock = null)
    {
        for (int i = _inputs.Length - 1; i >= 0; i--)
        {
            using Tensor input = _inputs[i].requires_grad_(), above = gradient, output = Block(i);
            GradientNode.Backward(output, above);
            gradient = input.grad!;
            onBlock?.Invoke(i);
        }
        return gradient;
    }

    private Tensor Block(int i)
    {
        using var scope = NewDisposeScope(); // what is not needed for gradients is freed here
        seedDropout?.Invoke(i + 1);
        return blocks[i].forward(_inputs[i], context).MoveToOuterDisposeScope();
    }
}
