using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Core.Distributed;

/// <summary>Opens the engine that fits a process's job and device.</summary>
/// <remarks>
/// <para>A job's processes must find one another before they can exchange anything, and TorchLm has no transport of its own for that. MPI's launchers
/// introduce them (PMIx, PMI), and MPI then carries NCCL's id. Processes that were started by torchrun's convention have only an address at which
/// rank 0 may listen. MPI can do nothing with it: a process that no launcher of its own has started is a job by itself (a singleton), and joining
/// singletons (MPI_Comm_connect) takes a name server that would have to be started as well. NCCL can: with the variable NCCL_COMM_ID = host:port its
/// rank 0 listens there and the others report to it, so that no id has to be carried. So torchrun's convention serves CUDA devices, and on a CPU it
/// is refused with the line to start by instead.</para>
/// <para>A process that is alone loads neither MPI nor NCCL.</para>
/// </remarks>
public static class Collectives
{
    /// <summary>Opens the engine. All processes of the job do so together.</summary>
    /// <param name="launch">What this process was told (<see cref="CollectiveEnvironment.OfThisProcess"/>); null where it is alone.</param>
    /// <param name="device">Where its tensors lie; of several GPUs, the one of its local rank.</param>
    /// <returns>The engine; the caller disposes it.</returns>
    /// <exception cref="InputException">What is needed is not installed, or the processes were started in a way that cannot work.</exception>
    public static ICollective Open(ProcessLaunch? launch, Device device)
    {
        if (launch is null or { WorldSize: 1 }) return new AloneCollective();
        if (launch.Launcher != Launcher.Torchrun)
        {
            var mpi = new MpiCollective(launch);
            RequireSameKind(mpi, device.type);
            if (device.type != DeviceType.CUDA) return mpi;
            try
            {
                return new NcclCollective(mpi, device.index);
            }
            catch
            {
                mpi.Leave(); // the others may have got further, so they are not waited for
                throw;
            }
        }
        if (RefusalOfTorchrun(launch, device.type) is { } refusal) throw new InputException(refusal);
        return new NcclCollective(launch, device.index);
    }

    /// <summary>Ranks on CPUs and on GPUs would wait for each other in different engines.</summary>
    private static void RequireSameKind(MpiCollective mpi, DeviceType device)
    {
        byte[] first = [(byte)device];
        mpi.Broadcast(first, 0);
        if (first[0] == (byte)device) return;
        mpi.Leave();
        throw new InputException($"its device is {device}, but rank 0's is {(DeviceType)first[0]}, and all must be of one kind: say --device cpu, or see why one has no GPU " +
            "(torchlm doctor).");
    }

    /// <summary>Why processes that were started by torchrun's convention cannot work together; null where they can.</summary>
    internal static string? RefusalOfTorchrun(ProcessLaunch launch, DeviceType device)
    {
        if (device != DeviceType.CUDA)
        {
            return $"RANK and WORLD_SIZE={launch.WorldSize} are set, as torchrun does, but on a CPU processes work together by MPI, which its own " +
                $"launcher must start: use mpirun -np {launch.WorldSize} torchlm ... or srun --mpi=pmix -n {launch.WorldSize} torchlm ..., " +
                "or unset RANK and WORLD_SIZE to run alone.";
        }
        if (launch.Master is null)
        {
            return $"RANK and WORLD_SIZE={launch.WorldSize} are set, but MASTER_ADDR and MASTER_PORT do not both say where rank 0 can be reached: " +
                $"set them, or use mpirun -np {launch.WorldSize} torchlm ....";
        }
        return launch.IsMasterTaken
            ? $"torchrun itself listens at {launch.Master} (MASTER_ADDR and MASTER_PORT), where rank 0 would have to: " +
                $"use mpirun -np {launch.WorldSize} torchlm ... instead."
            : null;
    }
}
