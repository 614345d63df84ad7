using System.Text.Json.Nodes;
using TorchLm.Core.Distributed;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Distributed;

/// <summary>The real program as several processes: <c>torchlm bench collective</c> compares every operation with what it must be.</summary>
public class MpiCollectiveTests
{
    private static readonly string[] s_bench = ["bench", "collective", "--json", "--megabytes", "0.1", "--seconds", "0.02"];

    [MpiTheory(MpiLauncher.OpenMpi)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_operation_comes_out_right_with_Open_MPI(int ranks) => AssertRight(MpiLauncher.OpenMpi, ranks);

    [MpiTheory(MpiLauncher.Mpich)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_operation_comes_out_right_with_MPICH(int ranks) => AssertRight(MpiLauncher.Mpich, ranks);

    [MpiFact(MpiLauncher.OpenMpi)]
    public void One_process_under_mpirun_is_alone()
    {
        ProgramProcess run = MpiLauncher.Of(MpiLauncher.OpenMpi)!.Run(1, new Dictionary<string, string>(), s_bench);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("alone", (string?)JsonNode.Parse(run.Output)!["engine"]);
    }

    [MpiFact(MpiLauncher.OpenMpi)]
    public void A_named_library_that_is_not_there_is_refused()
    {
        ProgramProcess run = MpiLauncher.Of(MpiLauncher.OpenMpi)!
            .Run(2, new Dictionary<string, string> { [CollectiveEnvironment.LibraryVariable] = "/nowhere/libmpi.so" }, s_bench);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"torchlm: The MPI library that {CollectiveEnvironment.LibraryVariable} names does not load: /nowhere/libmpi.so", run.Errors,
            StringComparison.Ordinal);
    }

    [MpiFact(MpiLauncher.Mpich, MpiLauncher.OpenMpi)]
    public void A_library_of_another_kind_than_the_launcher_is_refused()
    {
        ProgramProcess run = MpiLauncher.Of(MpiLauncher.Mpich)!
            .Run(2, new Dictionary<string, string> { [CollectiveEnvironment.LibraryVariable] = "libmpi.so.40" }, s_bench);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("started 2 processes, but Open MPI", run.Errors, StringComparison.Ordinal);
    }

    private static void AssertRight(string kind, int ranks)
    {
        ProgramProcess run = MpiLauncher.Of(kind)!.Run(ranks, new Dictionary<string, string>(), s_bench);
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
        JsonNode report = JsonNode.Parse(run.Output)!; // rank 0 alone prints, and nothing else
        Assert.StartsWith(kind, (string)report["engine"]!, StringComparison.Ordinal);
        Assert.Equal(ranks, (int)report["ranks"]!);
        Assert.Empty(report["failures"]!.AsArray());
        Assert.True((int)report["checks"]! > 200);
        Assert.Equal(["all-reduce", "all-reduce begun", "reduce-scatter", "all-gather", "broadcast"],
            report["operations"]!.AsArray().Select(operation => (string)operation!["operation"]!));
        JsonNode reduce = report["operations"]![0]!;
        Assert.Equal((double)reduce["algorithm_gb_per_s"]! * 2 * (ranks - 1) / ranks, (double)reduce["bus_gb_per_s"]!, 0.02); // both are rounded
    }
}
