using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Brings the singular values of matrices near 1 (0.7 to 1.2) and leaves their singular vectors: Newton and Schulz's iteration with the coefficients
/// of Jordan et al. 2024, X ← aX + (bA + cA²)X with A = XXᵀ, from X divided by its Frobenius norm.
/// </summary>
/// <remarks>
/// <para>On a GPU it is computed so, in bf16. On a CPU, in float32, a matrix that is longer than wide is iterated on by its small Gram matrix alone:
/// with P = aI + bA + cA² an iteration is X ← PX, and so A ← PAP, for P and A commute. The product of all P is applied to X once, at the end. For
/// four times as many columns as rows that is a little more than half of the arithmetic.</para>
/// <para>Rounding gives A eigenvalues slightly below 0, which grow twelvefold in an iteration, from 1e-7 to a thousandth in five: so there is a limit
/// to their number.</para>
/// </remarks>
/// <param name="steps">Iterations, at most 6.</param>
internal sealed class Orthogonalization(int steps)
{
    private const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

    /// <summary>Keeps a matrix of zeros what it is.</summary>
    private const double LeastSquaredNorm = 1e-30;

    /// <summary>(N, rows, columns) to N matrices near to orthogonal ones, of the same type. The caller owns the result.</summary>
    public Tensor Of(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor result = x.device_type != TorchSharp.DeviceType.CPU ? Direct(x.to(ScalarType.BFloat16)).to(x.dtype)
            : x.dtype == ScalarType.Float32 && OrthogonalizationKernel.Serves(x.shape[1], x.shape[2]) ? ByKernel(x) : ByGram(x);
        return result.MoveToOuterDisposeScope();
    }

    private unsafe Tensor ByKernel(Tensor x)
    {
        Tensor from = x.contiguous(), result = empty_like(from);
        OrthogonalizationKernel.Run(Aten.Data(from), Aten.Data(result), (int)x.shape[0], (int)x.shape[1], (int)x.shape[2], steps, (A, B, C),
            LeastSquaredNorm);
        return result;
    }

    private Tensor ByGram(Tensor x)
    {
        bool isTall = x.shape[1] > x.shape[2];
        Tensor transposed = x.transpose(1, 2);
        Tensor gram = isTall ? bmm(transposed, x) : bmm(x, transposed);                        // (N, m, m), m the smaller dimension
        Tensor squaredNorm = gram.diagonal(0, 1, 2).sum(1).AtLeast(LeastSquaredNorm).view(-1, 1, 1);
        gram = gram.div(squaredNorm);
        Tensor? product = null;
        for (int step = 1; ; step++)
        {
            Tensor polynomial = baddbmm(gram, gram, gram, beta: B, alpha: C);
            using (Tensor diagonal = polynomial.diagonal(0, 1, 2)) diagonal.AddNumber(A);
            product = product is null ? polynomial : bmm(polynomial, product);
            if (step == steps) break;
            gram = bmm(polynomial, bmm(polynomial, gram));
        }
        product = product.div(squaredNorm.sqrt());
        return isTall ? bmm(x, product) : bmm(product, x);
    }

    /// <summary>The iteration as it is published, in the type of the matrices, which a GPU computes.</summary>
    internal Tensor Direct(Tensor x)
    {
        bool isTall = x.shape[1] > x.shape[2];
        Tensor y = isTall ? x.transpose(1, 2) : x;
        Tensor squaredNorm = y.to(ScalarType.Float32).Squared().sum([1, 2], keepdim: true).AtLeast(LeastSquaredNorm);
        y = y.div(squaredNorm.sqrt().to(y.dtype));
        for (int step = 0; step < steps; step++)
        {
            Tensor gram = bmm(y, y.transpose(1, 2));
            Tensor polynomial = baddbmm(gram, gram, gram, beta: B, alpha: C);
            using (Tensor diagonal = polynomial.diagonal(0, 1, 2)) diagonal.AddNumber(A);
            y = bmm(polynomial, y);
        }
        return isTall ? y.transpose(1, 2) : y;
    }
}
