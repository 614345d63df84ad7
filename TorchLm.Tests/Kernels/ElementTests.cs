using System.Runtime.Intrinsics;
using TorchLm.Core.Kernels;
using static TorchSharp.torch;

namespace TorchLm.Tests.Kernels;

public unsafe class ElementTests
{
    [Fact]
    public void Bfloat16_is_rounded_as_libtorch_rounds_it()
    {
        float[] values =
        [
            .. Enumerable.Range(0, 4096).Select(i => BitConverter.UInt32BitsToSingle((uint)i * 1048573u)),
            1.00390625f, 1.01171875f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, BitConverter.UInt32BitsToSingle(0x7fffffff), 0, -0f,
            float.Epsilon, 1, 2, 3,
        ];
        values = [.. values, .. new float[(16 - values.Length % 16) % 16]];
        using Tensor expected = tensor(values).to(ScalarType.BFloat16).to(ScalarType.Float32);
        float[] rounded = [.. expected.data<float>()];
        var one = new ushort[values.Length];
        var many = new ushort[values.Length];
        var back = new float[values.Length];
        fixed (ushort* pOne = one, pMany = many)
        fixed (float* pValues = values, pBack = back)
        {
            for (int i = 0; i < values.Length; i++) BFloat16.Store(values[i], pOne, i);
            for (int i = 0; i < values.Length; i += 16) BFloat16.Store(Float32.LoadVector(pValues, i), pMany, i);
            for (int i = 0; i < values.Length; i += 16) BFloat16.LoadVector(pMany, i).Store(pBack + i);
            for (int i = 0; i < values.Length; i++) Assert.Equal(BFloat16.Load(pMany, i), back[i]);
        }
        Assert.Equal(one, many);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(rounded[i].Equals(back[i]), $"{values[i]:r} became {back[i]:r}, but {rounded[i]:r} with libtorch");
        }
    }

    [Fact]
    public void Exp_is_right_to_three_units_in_the_last_place()
    {
        for (double x = -87; x < 88; x += 0.0037)
        {
            double expected = Math.Exp((float)x), got = VectorMath.Exp(Vector512.Create((float)x))[5];
            Assert.True(Math.Abs(got / expected - 1) < 3.6e-7, $"exp({x}) = {got}, expected {expected}");
        }
        Assert.Equal(1, VectorMath.Exp(Vector512<float>.Zero)[0]);
        Assert.InRange(VectorMath.Exp(Vector512.Create(-1000f))[0], 0, 1.3e-38f);
        Assert.InRange(VectorMath.Exp(Vector512.Create(1000f))[0], 1e38f, float.MaxValue);
        Assert.True(float.IsNaN(VectorMath.Exp(Vector512.Create(float.NaN))[3]));
        Assert.Equal(0.5f, VectorMath.Sigmoid(Vector512<float>.Zero)[0]);
    }
}
