using TorchLm.Core.Operations;
using TorchSharp.Modules;
using static TorchLm.Tests.Operations.OperationCheck;
using static TorchSharp.torch;
using NormOf = TorchLm.Core.Operations.NormOperation;

namespace TorchLm.Tests.Operations;

/// <summary>Values and gradients of operations of our own against libtorch's in double precision.</summary>
public class OperationTests
{
    public static TheoryData<int, int, string> Shapes => new()
    {
        { 1, 16, "fp32" }, { 3, 16, "fp32" }, { 130, 48, "fp32" }, { 37, 144, "fp32" }, { 5, 19, "fp32" }, { 700, 64, "fp32" },
        { 1, 16, "bf16" }, { 130, 48, "bf16" }, { 37, 144, "bf16" }, { 5, 19, "bf16" }, { 700, 64, "bf16" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Tanh_gelu(int rows, int columns, string precision)
    {
        ScalarType type = TypeOf(precision);
        Compare(precision, [Normal(1, 3, rows, columns).to(type)],
            x => GeluOperation.Apply(x[0], GELU.Approximate.tanh), x => nn.functional.gelu(x[0], GELU.Approximate.tanh));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Layer_norm(int rows, int columns, string precision)
    {
        ScalarType type = TypeOf(precision);
        Tensor x = Normal(2, 2, rows, columns).add(0.5), weight = Normal(3, 1, columns), bias = Normal(4, 1, columns);
        Compare(precision, [x, weight, bias], i => NormOf.Apply(i[0], i[1], i[2], 1e-5, true, type),
            i => nn.functional.layer_norm(i[0], [columns], i[1], i[2], 1e-5), outputType: type);
        Compare(precision, [x, weight], i => NormOf.Apply(i[0], i[1], null, 1e-5, true, type),
            i => nn.functional.layer_norm(i[0], [columns], i[1], null, 1e-5), outputType: type);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Linear(int rows, int columns, string precision)
    {
        Tensor x = Normal(5, 1, rows, 24).to(TypeOf(precision));
        using var weight = new MasterWeight(new Parameter(Normal(6, 1, columns, 24)));
        using var bias = new MasterWeight(new Parameter(Normal(7, 1, columns)));
        Compare(precision, [x, weight.Value, bias.Value], i => LinearOperation.Apply(i[0], weight, bias),
            i => nn.functional.linear(i[0], i[1], i[2]), outputType: x.dtype);
        Compare(precision, [x, weight.Value], i => LinearOperation.Apply(i[0], weight, null),
            i => nn.functional.linear(i[0], i[1]), outputType: x.dtype);
    }

    [Fact]
    public void Linear_takes_inputs_of_any_dimensions_and_adds_to_gradients_that_are_there()
    {
        using var scope = NewDisposeScope();
        using var weight = new MasterWeight(new Parameter(Normal(1, 1, 5, 16)));
        using var bias = new MasterWeight(new Parameter(Normal(2, 1, 5)));
        Tensor x = Normal(3, 1, 2, 3, 16).requires_grad_(true);
        for (int i = 0; i < 2; i++) LinearOperation.Apply(x, weight, bias).sum().backward();
        Assert.Equal([2, 3, 16], x.grad!.shape);
        Tensor expected = x.detach().sum([0, 1]).mul(2);
        Assert.True(weight.Value.grad!.allclose(expected.expand(5, 16), rtol: 1e-4, atol: 1e-5));
        Assert.True(bias.Value.grad!.allclose(full([5], 12.0f)));
    }

    [Fact]
    public void A_weights_copy_follows_every_change_of_it()
    {
        using var scope = NewDisposeScope();
        using var weight = new MasterWeight(new Parameter(Normal(1, 1, 5, 16)));
        void SameAsMaster() => Assert.Equal(0, weight.As(ScalarType.BFloat16).sub(weight.Value.to(ScalarType.BFloat16)).abs().max().to(ScalarType.Float32).item<float>());
        SameAsMaster();
        using (no_grad()) weight.Value.copy_(Normal(2, 1, 5, 16));
        SameAsMaster();
        using var optimizer = new TorchLm.Core.Optimization.Optimizer(new Holder(weight.Value), new TorchLm.Core.Configuration.OptimizerConfig());
        weight.Value.grad = ones_like(weight.Value);
        optimizer.Step(0.1).Dispose();
        SameAsMaster();
        Assert.Same(weight.Value, weight.As(ScalarType.Float32));
    }

    [Fact]
    public void A_gradients_memory_is_used_again_and_what_is_in_it_is_not()
    {
        using var scope = NewDisposeScope();
        using var weight = new MasterWeight(new Parameter(Normal(1, 1, 5, 16)));
        using var optimizer = new TorchLm.Core.Optimization.Optimizer(new Holder(weight.Value), new TorchLm.Core.Configuration.OptimizerConfig());
        nint first = 0;
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float32 })
        {
            Tensor a = Normal(2, 1, 7, 5).to(type), b = Normal(3, 1, 7, 16).to(type), expected = a.t().mm(b).to(ScalarType.Float32);
            for (int call = 1; call <= 2; call++)
            {
                weight.AddGradient(a, b);
                Assert.True(weight.Value.grad!.allclose(expected.mul(call), rtol: 1e-5, atol: 1e-5), $"call {call} in {type}");
            }
            unsafe
            {
                nint here = (nint)TorchLm.Core.Native.Aten.Data(weight.Value.grad!);
                if (first == 0) first = here;
                Assert.Equal(first, here);
            }
            optimizer.Step(0.1).Dispose();
            Assert.Null(weight.Value.grad);
        }
    }

    [Fact]
    public void Ids_may_be_a_view_of_something_longer()
    {
        using var scope = NewDisposeScope();
        Tensor weight = Normal(1, 1, 9, 16).requires_grad_(true), longer = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }, [2, 4]);
        EmbeddingOperation.Apply(weight, longer.narrow(1, 0, 3)).sum().backward();
        Assert.Equal([0, 1, 1, 1, 0, 1, 1, 1, 0], weight.grad!.select(1, 0).data<float>().ToArray());
    }

    private sealed class Holder : nn.Module
    {
        private readonly Parameter weight;

        public Holder(Parameter held) : base("holder")
        {
            weight = held;
            RegisterComponents();
        }
    }
}
