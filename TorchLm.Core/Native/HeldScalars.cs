using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Native;

/// <summary>Arithmetic with numbers that stay alive while libtorch reads them.</summary>
/// <remarks>
/// TorchSharp 0.107 passes a <see cref="Scalar"/>'s native pointer on and does not keep the object alive: the 1 that <c>a + b</c> makes for itself
/// (a + 1·b) is freed under libtorch's hands when a garbage collection happens just then. The step then fails, or computes with another number.
/// So nothing in this assembly uses the operators or lets a number become a Scalar by itself.
/// A Scalar left to the finalizer costs memory as well, far beyond its few bytes: it lies between large freed buffers on the native heap and keeps them
/// apart. Two of them a step (from TorchSharp's linalg.vector_norm) let a 0.8 M-parameter run grow from 0.3 to 2 GB.
/// </remarks>
internal static class HeldScalars
{
    private static readonly Scalar s_one = 1.ToScalar(), s_minusOne = (-1).ToScalar();

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, s_one);

    /// <summary>a - b.</summary>
    public static Tensor Minus(this Tensor a, Tensor b) => a.add(b, s_minusOne);

    /// <summary>a², element by element (TorchSharp's <c>square</c> is a power with a Scalar).</summary>
    public static Tensor Squared(this Tensor a) => a.mul(a);

    /// <summary>a += b.</summary>
    public static void Accumulate(this Tensor a, Tensor b) => a.add_(b, s_one);

    /// <summary>a -= b.</summary>
    public static void Reduce(this Tensor a, Tensor b) => a.add_(b, s_minusOne);

    /// <summary>sums[ids[i]] += rows[i] for each i.</summary>
    public static void AddRows(this Tensor sums, Tensor ids, Tensor rows) => sums.index_add_(0, ids, rows, s_one);

    /// <summary>a + number.</summary>
    public static Tensor PlusNumber(this Tensor a, double number)
    {
        using Scalar held = number.ToScalar();
        return a.add(held, s_one);
    }

    /// <summary>a · factor.</summary>
    public static Tensor Times(this Tensor a, double factor)
    {
        using Scalar held = factor.ToScalar();
        return a.mul(held);
    }

    /// <summary>a / divisor.</summary>
    public static Tensor DividedBy(this Tensor a, double divisor)
    {
        using Scalar held = divisor.ToScalar();
        return a.div(held);
    }

    /// <summary>The greater of a and a number, element by element.</summary>
    public static Tensor AtLeast(this Tensor a, double least)
    {
        using Scalar held = least.ToScalar();
        return a.clamp(min: held);
    }

    /// <summary>Sets all elements to a number.</summary>
    public static void Fill(this Tensor a, double value)
    {
        using Scalar held = value.ToScalar();
        a.fill_(held);
    }

    /// <summary>a += number.</summary>
    public static void AddNumber(this Tensor a, double number)
    {
        using Scalar held = number.ToScalar();
        a.add_(held, s_one);
    }
}
