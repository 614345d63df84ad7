using System.Diagnostics;
using TorchLm.Benchmarks;
using TorchLm.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Tests.Distributed;

public class AloneCollectiveTests
{
    [Fact]
    public void Every_operation_comes_out_right()
    {
        using var alone = new AloneCollective();
        (int count, IReadOnlyList<string> failures) = CollectiveCheck.Run(alone, CPU);
        Assert.True(count > 50);
        Assert.Empty(failures);
    }

    [Fact]
    public void Alone_no_MPI_is_loaded()
    {
        using ICollective collective = Collectives.Open(null, CPU), one = Collectives.Open(new ProcessLaunch(Launcher.OpenMpi, 0, 1, 0), CPU);
        Assert.IsType<AloneCollective>(collective);
        Assert.IsType<AloneCollective>(one);
        Assert.DoesNotContain(Process.GetCurrentProcess().Modules.Cast<ProcessModule>(),
            module => module.ModuleName.StartsWith("libmpi", StringComparison.Ordinal)
                || module.ModuleName.StartsWith("libnccl", StringComparison.Ordinal));
    }

    [Fact]
    public void Shapes_may_differ_where_lengths_agree()
    {
        using var alone = new AloneCollective();
        using Tensor whole = arange(6, dtype: ScalarType.Float32), own = zeros([2, 3]);
        alone.ReduceScatter(whole, own);
        Assert.Equal(whole.data<float>().ToArray(), own.data<float>().ToArray());
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused_before_memory_is_touched()
    {
        using var alone = new AloneCollective();
        using Tensor plain = zeros(6), longer = zeros(7), table = zeros([2, 3]), turned = table.t();
        using Tensor half = zeros(6, dtype: ScalarType.Float16), integers = zeros(6, dtype: ScalarType.Int32);
        Assert.Contains("contiguous", Assert.Throws<ArgumentException>(() => alone.AllReduce(turned)).Message, StringComparison.Ordinal);
        Assert.Contains("Float16", Assert.Throws<ArgumentException>(() => alone.Broadcast(half, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("7 elements", Assert.Throws<ArgumentException>(() => alone.ReduceScatter(longer, plain)).Message, StringComparison.Ordinal);
        Assert.Contains("Int32", Assert.Throws<ArgumentException>(() => alone.AllGather(integers, plain)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => alone.Broadcast(plain, 1));
    }

    [Fact]
    public void A_part_may_be_its_ranks_place_in_the_whole_and_no_other()
    {
        using Tensor whole = zeros(12), separate = zeros(4);
        using Tensor second = whole.narrow(0, 4, 4), shifted = whole.narrow(0, 5, 4);
        Assert.False(CollectiveArguments.IsInPlace(whole, separate, DeviceType.CPU, 1, 3));
        Assert.True(CollectiveArguments.IsInPlace(whole, second, DeviceType.CPU, 1, 3));
        Assert.Throws<ArgumentException>(() => CollectiveArguments.IsInPlace(whole, second, DeviceType.CPU, 2, 3));
        Assert.Throws<ArgumentException>(() => CollectiveArguments.IsInPlace(whole, shifted, DeviceType.CPU, 1, 3));
        Assert.Contains("cpu", Assert.Throws<ArgumentException>(() => CollectiveArguments.Check(whole, DeviceType.CUDA)).Message,
            StringComparison.Ordinal);
    }
}
