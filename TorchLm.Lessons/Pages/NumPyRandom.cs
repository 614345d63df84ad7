using TorchLm.Core;
using static TorchSharp.torch;

namespace TorchLm.Lessons.Pages;

/// <summary>
/// The random numbers that <c>numpy.random.seed(n)</c> and <c>numpy.random.randn</c> give, because published examples begin with them: the Mersenne
/// Twister MT19937 (Matsumoto and Nishimura 1998), doubles of 53 bits, and normal numbers by Marsaglia's polar method.
/// </summary>
public sealed class NumPyRandom
{
    private const int Size = 624, Shift = 397;
    private readonly uint[] _state = new uint[Size];
    private int _position = Size;
    private double? _spare;

    /// <summary>Begins a sequence.</summary>
    /// <param name="seed">0 to 4,294,967,295.</param>
    /// <exception cref="InputException">The seed is out of that range.</exception>
    public NumPyRandom(long seed)
    {
        if (seed is < 0 or > uint.MaxValue) throw new InputException($"The seed of a lesson is {seed}, but must be from 0 to 4294967295.");
        uint value = (uint)seed;
        for (uint i = 0; i < Size; i++)
        {
            _state[i] = value;
            value = (1812433253u * (value ^ (value >> 30))) + i + 1;
        }
    }

    /// <summary>A uniform number, 0 or more and less than 1.</summary>
    public double Uniform() => (((Next() >> 5) * 67108864.0) + (Next() >> 6)) / 9007199254740992.0;

    /// <summary>A whole number, 0 or more and less than <paramref name="count"/>.</summary>
    public int Below(int count) => (int)(Uniform() * count);

    /// <summary>A normal number of mean 0 and deviation 1.</summary>
    public double Normal()
    {
        if (_spare is { } spare)
        {
            _spare = null;
            return spare;
        }
        double x, y, square;
        do
        {
            x = (2 * Uniform()) - 1;
            y = (2 * Uniform()) - 1;
            square = (x * x) + (y * y);
        }
        while (square is >= 1 or 0);
        double factor = Math.Sqrt(-2 * Math.Log(square) / square);
        _spare = factor * x;
        return factor * y;
    }

    /// <summary>Normal numbers of mean 0, row by row: float64, shape (rows, columns). The dispose scope owns the tensor.</summary>
    public Tensor Normal(double deviation, int rows, int columns)
    {
        double[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => deviation * Normal())];
        return tensor(values, [rows, columns]);
    }

    /// <summary>0, 1, …, <paramref name="count"/> − 1 in random order (Fisher and Yates).</summary>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private uint Next()
    {
        if (_position == Size) Refill();
        uint y = _state[_position++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    private void Refill()
    {
        for (int i = 0; i < Size; i++)
        {
            uint joined = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7fffffff);
            _state[i] = _state[(i + Shift) % Size] ^ (joined >> 1) ^ ((joined & 1) * 0x9908b0df);
        }
        _position = 0;
    }
}
