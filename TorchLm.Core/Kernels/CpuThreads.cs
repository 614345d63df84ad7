using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchLm.Core.Native;
using static TorchSharp.torch;

namespace TorchLm.Core.Kernels;

/// <summary>One piece of parallel work.</summary>
/// <typeparam name="T">What the work needs to know.</typeparam>
/// <param name="state">The same for all pieces.</param>
/// <param name="task">Which piece.</param>
internal delegate void CpuTask<T>(in T state, int task);

/// <summary>Runs kernels on libtorch's own threads.</summary>
/// <remarks>
/// libtorch's workers spin for a while after each parallel operation in order to be quick for the next one, and threads of our own would compete with
/// them for the cores (measured: two to five times slower). So the pieces run on the same team: GOMP_parallel is the entry point that GCC compiles
/// <c>#pragma omp parallel</c> to (libgomp's ABI; libomp has it as well), taken from the library that libtorch_cpu has loaded. Where it is not found,
/// and for a single piece, the calling thread does the work.
/// </remarks>
internal static unsafe class CpuThreads
{
    private static readonly delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void> s_parallel;
    private static readonly delegate* unmanaged<int> s_threadNumber, s_threadCount;

    static CpuThreads()
    {
        if (OpenMpLibrary.Handle is not { } library) return;
        if (!NativeLibrary.TryGetExport(library, "GOMP_parallel", out IntPtr parallel)
            || !NativeLibrary.TryGetExport(library, "omp_get_thread_num", out IntPtr number)
            || !NativeLibrary.TryGetExport(library, "omp_get_num_threads", out IntPtr count))
        {
            return;
        }
        s_parallel = (delegate* unmanaged<delegate* unmanaged<void*, void>, void*, uint, uint, void>)parallel;
        s_threadNumber = (delegate* unmanaged<int>)number;
        s_threadCount = (delegate* unmanaged<int>)count;
    }

    /// <summary>Whether work can be shared among threads.</summary>
    public static bool Available => s_parallel is not null;

    /// <summary>Threads that <see cref="Run"/> uses at most: libtorch's number for the calling thread.</summary>
    public static int Count => Available ? get_num_threads() : 1;

    /// <summary>
    /// Does tasks 0 to <paramref name="tasks"/> - 1, thread i of n the i-th n-th of them in ascending order, so that what a thread touches in one
    /// kernel is in its cache for the next.
    /// </summary>
    public static void Run<T>(int tasks, in T state, CpuTask<T> body)
    {
        int threads = Math.Min(Count, tasks);
        if (threads <= 1)
        {
            for (int task = 0; task < tasks; task++) body(state, task);
            return;
        }
        var work = new Work<T>(tasks, state, body);
        var handle = new GCHandle<IWork>(work);
        try
        {
            s_parallel(&Enter, (void*)GCHandle<IWork>.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Dispose();
        }
        work.Error?.Throw();
    }

    /// <summary>Each thread of the team comes here.</summary>
    [UnmanagedCallersOnly]
    private static void Enter(void* data) => GCHandle<IWork>.FromIntPtr((IntPtr)data).Target.Do(s_threadNumber(), s_threadCount());

    private interface IWork
    {
        void Do(int thread, int threads);
    }

    private sealed class Work<T>(int tasks, T state, CpuTask<T> body) : IWork
    {
        private readonly T _state = state;

        /// <summary>The first exception of any thread; none may leave a native frame.</summary>
        public ExceptionDispatchInfo? Error { get; private set; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Do(int thread, int threads)
        {
            try
            {
                int end = (int)((long)tasks * (thread + 1) / threads);
                for (int task = (int)((long)tasks * thread / threads); task < end; task++) body(_state, task);
            }
            catch (Exception exception)
            {
                Error ??= ExceptionDispatchInfo.Capture(exception);
            }
        }
    }
}
