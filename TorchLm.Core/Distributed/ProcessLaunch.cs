namespace TorchLm.Core.Distributed;

/// <summary>What starts the processes of a job, and tells each of them its rank.</summary>
public enum Launcher
{
    /// <summary>Open MPI's mpirun (OMPI_COMM_WORLD_RANK, versions 4 and 5).</summary>
    OpenMpi,

    /// <summary>
    /// A launcher that speaks PMI (PMI_RANK): Hydra, which is MPICH's and Intel MPI's mpirun; srun --mpi=pmi2; Microsoft MPI's mpiexec.
    /// </summary>
    Pmi,

    /// <summary>Slurm's srun (SLURM_PROCID within a step), with another or no kind of --mpi.</summary>
    Slurm,

    /// <summary>
    /// torchrun's convention: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, which Kubernetes' PyTorchJob sets as well.
    /// </summary>
    Torchrun,
}

/// <summary>What this process was told about its job.</summary>
/// <param name="Launcher">By whom.</param>
/// <param name="Rank">Its number, counted from 0.</param>
/// <param name="WorldSize">How many processes there are.</param>
/// <param name="LocalRank">Its number on this machine, counted from 0; null where that was not said.</param>
/// <param name="Master">Where rank 0 can be reached, as host:port; said by torchrun's convention alone.</param>
/// <param name="IsMasterTaken">Whether a store of torchrun's own answers at that port already.</param>
/// <param name="MpiLibrary">The MPI library that the user names (<see cref="CollectiveEnvironment.LibraryVariable"/>), or null.</param>
public sealed record ProcessLaunch(
    Launcher Launcher, int Rank, int WorldSize, int? LocalRank, string? Master = null, bool IsMasterTaken = false, string? MpiLibrary = null)
{
    /// <summary>How many of the job's processes are on this machine; null where that was not said.</summary>
    public int? LocalSize { get; init; }
}
