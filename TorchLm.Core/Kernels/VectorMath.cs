using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TorchLm.Core.Kernels;

/// <summary>Functions of 16 float32 at once.</summary>
internal static class VectorMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts, the upper one with trailing zeros, so that n · upper is exact (Cody and Waite 1980).
    private const float Ln2Upper = 0.693359375f, Ln2Lower = -2.12194440e-4f;

    /// <summary>
    /// eˣ with a relative error below 2⁻²²: x = n·ln 2 + r, |r| ≤ ln 2 / 2, then a polynomial for eʳ (the minimax coefficients of Cephes, Moshier 1989).
    /// Below -87.3 it is eˣ's value at -87.3, 1.2e-38, rather than a subnormal number or 0; above 88.7, that at 88.7.
    /// NaN gives a NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // Min and max as machine instructions give their second operand where one is NaN, so that NaN passes.
        x = Vector512.MinNative(Vector512.Create(88.37f), Vector512.MaxNative(Vector512.Create(-87.33f), x));
        Vector512<float> n = Vector512.Round(x * Vector512.Create(Log2E));
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Upper), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Lower), r);
        Vector512<float> p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        // 2ⁿ by the exponent's bits: -126 ≤ n ≤ 127 here.
        Vector512<int> exponent = (Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23;
        return p * exponent.AsSingle();
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>
    /// tanh x with a relative error below 2⁻²¹: near 0 a polynomial (Cephes, Moshier 1989), because there 2·σ(2x) - 1 is the difference of two
    /// numbers that are nearly equal, which leaves it few digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        Vector512<float> z = x * x, p = Vector512.Create(-5.70498872745e-3f);
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(2.06390887954e-2f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(-5.37397155531e-2f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(1.33314422036e-1f));
        p = Vector512.FusedMultiplyAdd(p, z, Vector512.Create(-3.33332819422e-1f));
        Vector512<float> near = Vector512.FusedMultiplyAdd(p * z, x, x), two = Vector512.Create(2f);
        Vector512<float> far = Vector512.FusedMultiplyAdd(two, Sigmoid(two * x), -Vector512<float>.One);
        return Vector512.ConditionalSelect(Vector512.LessThan(Vector512.Abs(x), Vector512.Create(0.625f)), near, far);
    }
}
