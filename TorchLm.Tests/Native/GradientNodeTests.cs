using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Tests.Native;

public class GradientNodeTests
{
    private sealed class Doubling(Action? inBackward = null, Action? onDispose = null) : IGradient
    {
        public Tensor?[] Backward(Tensor outputGradient)
        {
            inBackward?.Invoke();
            return [outputGradient.mul(2)];
        }

        public void Dispose() => onDispose?.Invoke();

        public static Tensor Apply(Tensor x, Action? inBackward = null, Action? onDispose = null) =>
            GradientNode.Attach(x.detach().mul(2), [x], new Doubling(inBackward, onDispose));
    }

    [Fact]
    public void Gradients_flow_through_it_and_add_up()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(3).requires_grad_(true);
        Tensor y = Doubling.Apply(Doubling.Apply(x)).add(Doubling.Apply(x));
        Assert.Equal([6, 6, 6], y.detach().data<float>().ToArray());
        y.sum().backward();
        Assert.Equal([6, 6, 6], x.grad!.data<float>().ToArray());
    }

    [Fact]
    public void Nothing_is_recorded_where_no_gradient_is_wanted()
    {
        using var scope = NewDisposeScope();
        int disposed = 0;
        Assert.False(Doubling.Apply(ones(3), onDispose: () => disposed++).requires_grad);
        using (no_grad()) Assert.False(Doubling.Apply(ones(3).requires_grad_(true), onDispose: () => disposed++).requires_grad);
        Assert.Equal(2, disposed);
    }

    [Fact]
    public void What_it_keeps_is_freed_after_backward_and_with_a_graph_that_is_never_run()
    {
        int disposed = 0;
        using (NewDisposeScope())
        {
            Tensor x = ones(3).requires_grad_(true);
            Doubling.Apply(x, onDispose: () => disposed++).sum().backward();
            Assert.Equal(1, disposed);
            Doubling.Apply(x, onDispose: () => disposed++).Dispose();
            Assert.Equal(2, disposed);
        }
        Assert.Equal(2, disposed);
    }

    [Fact]
    public void A_failure_in_the_backward_pass_is_a_failure_of_it()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(3).requires_grad_(true);
        Tensor y = Doubling.Apply(x, inBackward: () => throw new InvalidOperationException("planted")).sum();
        var thrown = Assert.Throws<InvalidOperationException>(() => GradientNode.Backward(y, ones([])));
        Assert.Equal("planted", thrown.Message);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => GradientNode.Backward(ones(3), ones(3))); // libtorch's own
    }

    [Fact]
    public void Thousands_of_nodes_leave_no_tensor_behind_and_survive_garbage_collection()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(3).requires_grad_(true);
        long? before = null;
        for (int i = 0; i < 3000; i++)
        {
            using (NewDisposeScope())
            {
                Tensor y = x;
                for (int depth = 0; depth < 5; depth++) y = Doubling.Apply(y);
                if (i % 100 == 0) GC.Collect();
                y.sum().backward();
                Assert.Equal(32, x.grad!.data<float>()[0]);
                x.grad = null;
            }
            before ??= LiveTensors.OfThisThread;
            Assert.Equal(before, LiveTensors.OfThisThread);
        }
    }
}
