using TorchLm.Core.Kernels;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Operations;

/// <summary>How queries, keys and values are prepared for attention.</summary>
/// <param name="Heads">H.</param>
/// <param name="KeyHeads">K.</param>
/// <param name="NormEpsilon">Added to the mean square of a query or key that is normalised; 0 normalises none.</param>
internal readonly record struct HeadPreparation(int Heads, int KeyHeads, double NormEpsilon);

/// <summary>
/// Normalises queries and keys, turns them by their positions' angles (Su et al. 2021), and adds to values: a kernel of our own on the CPU, libtorch's
/// operations otherwise.
/// </summary>
internal static unsafe class RotaryOperation
{
    /// <summary>(B, T, (H + 2K)·D) to the same shape.</summary>
    /// <param name="qkv">Queries, keys and values side by side.</param>
    /// <param name="preparation">Heads and norm.</param>
    /// <param name="angles">Cosines and sines of the positions' angles, (T, D/2) float32 each; null turns nothing.</param>
    /// <param name="addition">(B, T, K·D) of qkv's type, which is added to the values; null adds nothing.</param>
    public static Tensor Apply(Tensor qkv, HeadPreparation preparation, (Tensor Cosines, Tensor Sines)? angles, Tensor? addition)
    {
        if (preparation.NormEpsilon == 0 && angles is null && addition is null) return qkv;
        int heads = preparation.Heads + 2 * preparation.KeyHeads, headSize = (int)(qkv.shape[2] / heads);
        if (!CpuKernels.Serve(CpuKernel.Rotary, qkv) || !RotaryKernel.Supports(headSize)) return WithAten(qkv, preparation, angles, addition);

        Tensor input = qkv.detach().contiguous(), result = empty_like(input);
        Tensor? added = addition?.detach().contiguous();
        var arguments = new RotaryKernel.Arguments((nint)Aten.Data(input), qkv.shape[0] * qkv.shape[1], preparation.Heads + preparation.KeyHeads, heads, headSize,
            angles is null ? 0 : (nint)Aten.Data(angles.Value.Cosines), angles is null ? 0 : (nint)Aten.Data(angles.Value.Sines), (int)qkv.shape[1],
            (float)preparation.NormEpsilon, added is null ? 0 : (nint)Aten.Data(added));
        if (qkv.dtype == ScalarType.BFloat16) RotaryKernel.Forward<BFloat16>(arguments, Aten.Data(result));
        else RotaryKernel.Forward<Float32>(arguments, Aten.Data(result));
        // Only the norm's gradient needs the input.
        var gradient = new Gradient(arguments, preparation.NormEpsilon > 0 ? input.DetachFromDisposeScope() : null, addition is not null);
        return GradientNode.Attach(result, addition is null ? [qkv] : [qkv, addition], gradient);
    }

    private static Tensor WithAten(Tensor qkv, HeadPreparation preparation, (Tensor Cosines, Tensor Sines)? angles, Tensor? addition)
    {
        long b = qkv.shape[0], t = qkv.shape[1], turned = preparation.Heads + preparation.KeyHeads, d = qkv.shape[2] / (turned + preparation.KeyHeads);
        Tensor x = qkv.narrow(2, 0, turned * d).view(b, t, turned, d), values = qkv.narrow(2, turned * d, preparation.KeyHeads * d);
        if (preparation.NormEpsilon > 0)
        {
            Tensor wide = x.to(ScalarType.Float32);
            x = wide.mul(wide.Squared().mean([-1], keepdim: true).PlusNumber(preparation.NormEpsilon).rsqrt()).to(qkv.dtype);
        }
        if (angles is { } turn)
        {
            Tensor cosines = turn.Cosines.unsqueeze(1), sines = turn.Sines.unsqueeze(1);                                 // (T, 1, D/2)
            Tensor x1 = x.narrow(3, 0, d / 2), x2 = x.narrow(3, d / 2, d / 2);
            x = cat([x1.mul(cosines).Minus(x2.mul(sines)), x2.mul(cosines).Plus(x1.mul(sines))], 3).to(qkv.dtype);
        }
        if (addition is not null) values = values.Plus(addition);
        return cat([x.reshape(b, t, turned * d), values], 2);
    }

    private sealed class Gradient(RotaryKernel.Arguments arguments, Tensor? input, bool added) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            Tensor gradient = outputGradient.contiguous(), result = empty_like(gradient);
            if (gradient.dtype == ScalarType.BFloat16) RotaryKernel.Backward<BFloat16>(arguments, Aten.Data(gradient), Aten.Data(result));
            else RotaryKernel.Backward<Float32>(arguments, Aten.Data(gradient), Aten.Data(result));
            if (!added) return [result];
            long turned = (long)arguments.Turned * arguments.HeadSize;
            return [result, gradient.narrow(2, turned, gradient.shape[2] - turned).contiguous()];
        }

        public void Dispose() => input?.Dispose();
    }
}
