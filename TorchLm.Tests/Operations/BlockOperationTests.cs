using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Operations;
using static TorchLm.Tests.Operations.OperationCheck;
using static TorchSharp.torch;

namespace TorchLm.Tests.Operations;

/// <summary>Operations that a GPT-2 block has no use for: values and gradients against their definitions in double precision.</summary>
public class BlockOperationTests
{
    public static TheoryData<int, int, string> Shapes => OperationTests.Shapes;

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Squared_positive_part(int rows, int columns, string precision) =>
        Compare(precision, [Normal(1, 2, rows, columns).to(TypeOf(precision))],
        x => Relu2Operation.Apply(x[0]), x => x[0].mul(x[0]).mul(x[0].gt(0)));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Swiglu(int rows, int columns, string precision) => Compare(precision, [Normal(1, 2, rows, 2 * columns).to(TypeOf(precision))],
        x => SwiGluOperation.Apply(x[0]), x =>
        {
            Tensor gate = x[0].narrow(1, 0, columns), value = x[0].narrow(1, columns, columns);
            return gate.mul(gate.sigmoid()).mul(value);
        });

    [Fact]
    public void Gates_far_from_zero_neither_overflow_nor_leave_nothing_of_the_value()
    {
        using var scope = NewDisposeScope();
        float[] gates = [-1e4f, -200, -90, -30, 0, 30, 90, 200, 1e4f, -1, 1, 2, 3, 4, 5, 6];
        Tensor x = tensor([.. gates, .. Enumerable.Repeat(2f, 16)], [1, 32]).requires_grad_(true);
        Tensor y = SwiGluOperation.Apply(x);
        y.sum().backward();
        float[] gradient = TinyGpt.Values(x.grad!);
        for (int i = 0; i < 16; i++)
        {
            double sigmoid = 1 / (1 + Math.Exp(-gates[i])), silu = gates[i] * sigmoid;
            Assert.Equal(2 * silu, TinyGpt.Values(y)[i], 1e-6 * Math.Max(1, Math.Abs(2 * silu)));
            Assert.Equal(2 * (sigmoid + silu * (1 - sigmoid)), gradient[i], 2e-6);
            Assert.Equal(silu, gradient[16 + i], 1e-6 * Math.Max(1, Math.Abs(silu)));
        }
    }

    [Theory]
    [InlineData(1, 1, 16, 3, "fp32")]
    [InlineData(3, 20, 48, 3, "fp32")]
    [InlineData(2, 2, 32, 5, "fp32")]
    [InlineData(2, 9, 19, 4, "fp32")]
    [InlineData(3, 20, 48, 3, "bf16")]
    [InlineData(2, 9, 19, 4, "bf16")]
    public void Short_convolution(int batch, int length, int channels, int width, string precision) =>
        Compare(precision, [Normal(1, 1, batch, length, channels).to(TypeOf(precision)), Normal(2, 1, width, channels)],
            i => ShortConvolutionOperation.Apply(i[0], i[1]),
            i =>
            {
                Tensor taps = i[1].flip(0).t().unsqueeze(1);                                                            // (C, 1, width), the latest last
                Tensor padded = nn.functional.pad(i[0].transpose(1, 2), [width - 1, 0]);
                return nn.functional.conv1d(padded, taps, groups: channels).transpose(1, 2);
            }, outputType: TypeOf(precision));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rms_norm(int rows, int columns, string precision)
    {
        ScalarType type = TypeOf(precision);
        Tensor x = Normal(2, 2, rows, columns).add(0.5), weight = Normal(3, 1, columns);
        Compare(precision, [x, weight], i => NormOperation.Apply(i[0], i[1], null, 1e-5, false, type),
            i => Rms(i[0], 1e-5).mul(i[1]), outputType: type);
        Compare(precision, [x], i => NormOperation.Apply(i[0], null, null, 0.25, false, type), i => Rms(i[0], 0.25), outputType: type);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Layer_norm_without_gain(int rows, int columns, string precision)
    {
        ScalarType type = TypeOf(precision);
        Tensor x = Normal(2, 2, rows, columns).add(0.5), bias = Normal(3, 1, columns);
        Compare(precision, [x, bias], i => NormOperation.Apply(i[0], null, i[1], 1e-5, true, type),
            i => nn.functional.layer_norm(i[0], [columns], null, null, 1e-5).add(i[1]), outputType: type);
        Compare(precision, [x], i => NormOperation.Apply(i[0], null, null, 1e-5, true, type),
            i => nn.functional.layer_norm(i[0], [columns], null, null, 1e-5), outputType: type);
    }

    public static TheoryData<int, int, int, bool, bool, bool, string> Heads
    {
        get
        {
            var cases = new TheoryData<int, int, int, bool, bool, bool, string>();
            foreach (string precision in (string[])["fp32", "bf16"])
            {
                foreach (int headSize in (int[])[2, 16, 32, 96])
                {
                    cases.Add(3, 3, headSize, true, false, false, precision);
                    cases.Add(4, 2, headSize, true, true, true, precision);
                    cases.Add(2, 1, headSize, false, true, false, precision);
                    cases.Add(2, 1, headSize, false, false, true, precision);
                    cases.Add(2, 2, headSize, true, true, false, precision);
                }
            }
            return cases;
        }
    }

    /// <summary>Channels i and i + D/2 are a complex number, which is multiplied by e^{i·angle}.</summary>
    [Theory]
    [MemberData(nameof(Heads))]
    public void Queries_keys_and_values_before_attention(
        int heads, int keyHeads, int headSize, bool turns, bool normalises, bool adds, string precision)
    {
        const int Batch = 2, Length = 19;
        const double Epsilon = 0.01;
        int all = heads + 2 * keyHeads, turned = heads + keyHeads;
        ScalarType type = TypeOf(precision);
        Tensor qkv = Normal(1, 2, Batch, Length, all * headSize).to(type), addition = Normal(2, 1, Batch, Length, keyHeads * headSize).to(type);
        Tensor angles = Normal(3, 2, Length, headSize / 2);
        var preparation = new HeadPreparation(heads, keyHeads, normalises ? Epsilon : 0);
        (Tensor, Tensor)? turn = turns ? (angles.cos(), angles.sin()) : null;
        Compare(precision, adds ? [qkv, addition] : [qkv], i => RotaryOperation.Apply(i[0], preparation, turn, adds ? i[1] : null), Definition);

        Tensor Definition(Tensor[] inputs)
        {
            Tensor x = inputs[0].view(Batch, Length, all, headSize);
            Tensor first = x.narrow(2, 0, turned), values = x.narrow(2, turned, keyHeads);
            if (normalises) first = Rms(first, Epsilon);
            if (turns)
            {
                Tensor exact = angles.to(ScalarType.Float64).unsqueeze(1);
                Tensor numbers = complex(first.narrow(3, 0, headSize / 2).contiguous(), first.narrow(3, headSize / 2, headSize / 2).contiguous());
                Tensor product = numbers.mul(polar(ones_like(exact), exact));
                first = cat([product.real, product.imag], 3);
            }
            if (adds) values = values.add(inputs[1].view(Batch, Length, keyHeads, headSize));
            return cat([first, values], 2).view(Batch, Length, all * headSize);
        }
    }

    /// <summary>One query and one key, at all positions: their product at positions m and n is that at m + s and n + s.</summary>
    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    public void Products_of_turned_queries_and_keys_depend_on_relative_positions_alone(int headSize)
    {
        using var scope = NewDisposeScope();
        const int Length = 50;
        var config = new ModelConfig { HeadCount = 1, EmbeddingSize = headSize, ContextLength = 200, Positions = "rope" };
        using var positions = new RotaryPositions(config, CPU);
        Tensor qkv = Normal(1, 1, 1, 1, 3 * headSize).expand(1, Length, 3 * headSize).contiguous();
        Tensor near = Products(0), far = Products(150);
        Assert.True(near.sub(far).abs().max().item<float>() < 1e-4 * near.abs().max().item<float>());
        Tensor shifted = near.narrow(0, 1, Length - 1).narrow(1, 1, Length - 1), original = near.narrow(0, 0, Length - 1).narrow(1, 0, Length - 1);
        Assert.True(shifted.sub(original).abs().max().item<float>() < 1e-4 * near.abs().max().item<float>());
        Assert.True(near.select(0, 0).std().item<float>() > 0.05 * near.abs().max().item<float>(), "the products are all alike");

        Tensor Products(int start)
        {
            Tensor turned = RotaryOperation.Apply(qkv, new HeadPreparation(1, 1, 0), positions.From(start, Length), null).squeeze(0);
            return turned.narrow(1, 0, headSize).mm(turned.narrow(1, headSize, headSize).t());
        }
    }

    [Fact]
    public void The_first_position_is_not_turned_and_the_first_pair_turns_by_one_radian_a_token()
    {
        using var scope = NewDisposeScope();
        using var positions = new RotaryPositions(new ModelConfig { HeadCount = 1, EmbeddingSize = 8, ContextLength = 8, Positions = "rope" }, CPU);
        (Tensor cosines, Tensor sines) = positions.From(0, 3);
        Assert.Equal([1f, 1f, 1f, 1f], TinyGpt.Values(cosines.select(0, 0)));
        Assert.Equal([0f, 0f, 0f, 0f], TinyGpt.Values(sines.select(0, 0)));
        Assert.Equal(Math.Sin(2), TinyGpt.Values(sines.select(0, 2))[0], 1e-7);
        Assert.Equal(Math.Sin(0.002), TinyGpt.Values(sines.select(0, 2))[3], 1e-9); // 10000^(-6/8) is a thousandth
    }

    private static Tensor Rms(Tensor x, double epsilon) => x.div(x.mul(x).mean([-1], keepdim: true).add(epsilon).sqrt());
}
