using TorchLm.Core.Devices;
using TorchLm.Core.Distributed;
using TorchLm.Tests.Train;
using static TorchSharp.torch;

namespace TorchLm.Tests.Distributed;

public class NcclCollectiveTests
{
    [Theory]
    [InlineData(22705, "2.27.5")]
    [InlineData(21005, "2.10.5")]
    [InlineData(2708, "2.7.8")]
    public void A_version_is_read_from_its_code(int code, string version) => Assert.Equal(version, NcclLibrary.Version(code));

    [Fact]
    public void Types_have_the_numbers_of_NCCLs_header()
    {
        ScalarType[] types = [ScalarType.Int32, ScalarType.Int64, ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16];
        Assert.Equal([2, 4, 7, 8, 9], types.Select(NcclLibrary.Type));
        Assert.Throws<ArgumentException>(() => NcclLibrary.Type(ScalarType.Bool));
    }

    [Fact]
    public unsafe void An_id_has_128_bytes_and_nothing_else() => Assert.Equal(128, sizeof(NcclId));

    [TwoGpusFact]
    public void Every_operation_comes_out_right()
    {
        ProgramProcess run = (MpiLauncher.Of(MpiLauncher.OpenMpi) ?? MpiLauncher.Of(MpiLauncher.Mpich))!
            .Run(2, new Dictionary<string, string>(), "bench", "collective", "--device", "cuda", "--json", "--megabytes", "1", "--seconds", "0.1");
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
    }

    /// <summary>Skipped where there are no two GPUs, no libtorch for them, or no mpirun.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class TwoGpusFactAttribute : FactAttribute
    {
        public TwoGpusFactAttribute()
        {
            if (CudaDriver.List(out _).Count < 2) Skip = "NCCL needs two GPUs";
            else if (!cuda.is_available()) Skip = "this build has no CUDA";
            else if ((MpiLauncher.Of(MpiLauncher.OpenMpi) ?? MpiLauncher.Of(MpiLauncher.Mpich)) is null) Skip = "no mpirun is installed";
        }
    }
}
