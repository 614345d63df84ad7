using TorchLm.Core;
using TorchLm.Core.Distributed;
using TorchSharp;

namespace TorchLm.Tests.Distributed;

public class CollectiveEnvironmentTests
{
    private const string OpenMpi = "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=0";
    private const string Hydra = "PMI_RANK=2 PMI_SIZE=3 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2";
    private const string Slurm = "SLURM_JOB_ID=7 SLURM_STEP_ID=0 SLURM_PROCID=5 SLURM_NTASKS=8 SLURM_STEP_NUM_TASKS=8 SLURM_LOCALID=1";
    private const string Torchrun = "RANK=3 WORLD_SIZE=4 LOCAL_RANK=1 MASTER_ADDR=node1 MASTER_PORT=29500";

    [Fact]
    public void Without_any_variable_a_process_is_alone() => Assert.Null(Of(""));

    [Fact]
    public void Open_MPI_is_recognised() => Assert.Equal(new ProcessLaunch(Launcher.OpenMpi, 1, 4, 0), Of(OpenMpi));

    [Fact]
    public void Hydra_is_recognised() => Assert.Equal(new ProcessLaunch(Launcher.Pmi, 2, 3, 1) { LocalSize = 2 }, Of(Hydra));

    [Fact]
    public void Slurm_is_recognised() => Assert.Equal(new ProcessLaunch(Launcher.Slurm, 5, 8, 1), Of(Slurm));

    [Fact]
    public void Torchrun_is_recognised() => Assert.Equal(new ProcessLaunch(Launcher.Torchrun, 3, 4, 1, "node1:29500"), Of(Torchrun));

    [Fact]
    public void Slurm_with_PMI_2_says_the_local_rank_in_its_own_variable() =>
        Assert.Equal(new ProcessLaunch(Launcher.Pmi, 5, 8, 1), Of(Slurm + " PMI_RANK=5 PMI_SIZE=8"));

    [Theory]
    [InlineData(OpenMpi + " OMPI_COMM_WORLD_LOCAL_SIZE=2", 2)]
    [InlineData(Slurm + " SLURM_STEP_TASKS_PER_NODE=4(x2)", 4)]
    [InlineData(Slurm + " SLURM_STEP_TASKS_PER_NODE=4,3", 4)]
    [InlineData(Slurm + " SLURM_STEP_TASKS_PER_NODE=?", null)]
    [InlineData(Torchrun + " LOCAL_WORLD_SIZE=2", 2)]
    [InlineData(Torchrun, null)]
    public void How_many_are_on_this_machine_is_said_by_each_launcher_in_its_own_way(string variables, int? expected) =>
        Assert.Equal(expected, Of(variables)!.LocalSize);

    [Fact]
    public void An_mpirun_within_a_Slurm_job_counts_more_than_Slurm()
    {
        Assert.Equal(Launcher.OpenMpi, Of(Slurm + " " + OpenMpi)!.Launcher);
        Assert.Equal(Launcher.Pmi, Of(Slurm + " " + Hydra)!.Launcher);
        Assert.Equal(Launcher.OpenMpi, Of(Torchrun + " " + OpenMpi)!.Launcher); // scripts export MASTER_ADDR and the like for other programs
    }

    [Fact]
    public void A_batch_script_is_no_step_of_Slurm_and_so_alone() => Assert.Null(Of("SLURM_JOB_ID=7 SLURM_PROCID=0 SLURM_NTASKS=8 SLURM_LOCALID=0"));

    [Fact]
    public void An_interactive_shell_is_a_step_of_one_task() =>
        Assert.Equal(1, Of("SLURM_STEP_ID=4294967290 SLURM_PROCID=0 SLURM_NTASKS=8 SLURM_STEP_NUM_TASKS=1")!.WorldSize);

    [Fact]
    public void A_rank_without_a_size_is_no_launch() => Assert.Null(Of("RANK=1 PMI_RANK=2 OMPI_COMM_WORLD_RANK=3"));

    [Fact]
    public void An_IPv6_address_is_put_in_brackets() =>
        Assert.Equal("[fe80::1]:29500", Of("RANK=0 WORLD_SIZE=2 MASTER_ADDR=fe80::1 MASTER_PORT=29500")!.Master);

    [Fact]
    public void The_users_library_is_passed_on() =>
        Assert.Equal("/opt/libmpi.so.40", Of(OpenMpi + $" {CollectiveEnvironment.LibraryVariable}=/opt/libmpi.so.40")!.MpiLibrary);

    [Theory]
    [InlineData("OMPI_COMM_WORLD_RANK=x OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_RANK is 'x'")]
    [InlineData("PMI_RANK=2 PMI_SIZE=2", "PMI_RANK is '2', but it must be a whole number from 0 to 1")]
    [InlineData("RANK=0 WORLD_SIZE=0", "WORLD_SIZE is '0', but it must be a whole number of at least 1")]
    [InlineData("RANK=0 WORLD_SIZE=-3", "WORLD_SIZE is '-3'")]
    [InlineData("RANK=0 WORLD_SIZE=2 LOCAL_RANK=2", "LOCAL_RANK is '2'")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=70000", "MASTER_PORT is '70000'")]
    public void What_makes_no_sense_is_refused_by_name(string variables, string words) =>
        Assert.Contains(words, Assert.Throws<InputException>(() => Of(variables)).Message, StringComparison.Ordinal);

    [Fact]
    public void Torchruns_convention_serves_GPUs_and_is_refused_on_a_CPU_with_the_line_to_use()
    {
        ProcessLaunch launch = Of(Torchrun)!;
        Assert.Null(Collectives.RefusalOfTorchrun(launch, DeviceType.CUDA));
        Assert.Contains("mpirun -np 4 torchlm", Collectives.RefusalOfTorchrun(launch, DeviceType.CPU), StringComparison.Ordinal);
        Assert.Contains("MASTER_ADDR", Collectives.RefusalOfTorchrun(Of("RANK=0 WORLD_SIZE=2")!, DeviceType.CUDA), StringComparison.Ordinal);
        Assert.Contains("node1:29500", Collectives.RefusalOfTorchrun(Of(Torchrun + " TORCHELASTIC_USE_AGENT_STORE=True")!, DeviceType.CUDA),
            StringComparison.Ordinal);
        Assert.Throws<InputException>(() => Collectives.Open(launch, torch.CPU));
    }

    [Fact]
    public void The_launchers_own_kind_of_MPI_is_tried_first()
    {
        if (!OperatingSystem.IsLinux()) return;
        Assert.Equal("libmpi.so.40", MpiLibrary.Candidates(Launcher.OpenMpi)[0]);
        Assert.Equal("libmpich.so.12", MpiLibrary.Candidates(Launcher.Pmi)[0]);
        Assert.Equal(MpiLibrary.Candidates(Launcher.OpenMpi).Order(), MpiLibrary.Candidates(Launcher.Pmi).Order());
    }

    [Theory]
    [InlineData("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022", "Open MPI 4.1.4")]
    [InlineData("MPICH Version:      4.0.2\nMPICH Release date: Thu Apr  7 12:34:45 CDT 2022", "MPICH 4.0.2")]
    [InlineData("Intel(R) MPI Library 2021.11 for Linux* OS\n", "Intel(R) MPI 2021.11")]
    [InlineData("Something else", "Something else")]
    public void A_librarys_description_is_shortened(string text, string name) => Assert.Equal(name, MpiLibrary.ShortName(text));

    private static ProcessLaunch? Of(string variables) => CollectiveEnvironment.Of(
        variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]));
}
