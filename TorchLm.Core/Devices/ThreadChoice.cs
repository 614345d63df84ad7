using System.Globalization;
using TorchLm.Core.Native;
using TorchSharp;

namespace TorchLm.Core.Devices;

/// <summary>How many threads one operation on the CPU is shared among, and why.</summary>
/// <param name="Count">The number.</param>
/// <param name="Reason">A few words for the user, such as "one for each physical core".</param>
/// <param name="Warning">A sentence where the number was asked for and is likely to be slow.</param>
/// <remarks>
/// Matrix products keep a core's arithmetic units busy with one thread, and a second one on the same core (hyper-threading) only adds waiting for
/// each other. So the default is one for each physical core in the process's affinity, and no more than the processors that .NET counts, which
/// is where a container's CPU quota enters. Where the cores are not known (no Linux, or a sandbox without <c>/sys</c>), it is libtorch's own number
/// under the same limit: physical cores on x86, performance cores on Apple's.
/// Sums are added up in another order with another number of threads, so results agree to rounding; a run is repeated bit by bit with the same number.
/// libtorch's inter-operator threads are left as they are: nothing here starts any.
/// </remarks>
public sealed record ThreadChoice(int Count, string Reason, string? Warning = null)
{
    /// <summary>The environment variable that sets the default.</summary>
    public const string Variable = "OMP_NUM_THREADS";

    private const string AskedFor = "as asked for";

    /// <summary>Beyond this OpenMP gives up and ends the process.</summary>
    private const int Most = 1024;

    /// <summary>Chooses a number.</summary>
    /// <param name="asked">What the user asks for; null for the default.</param>
    /// <param name="localRanks">Processes on this machine that train together, which share its cores where their launcher has not done so.</param>
    /// <exception cref="InputException">The number is impossible.</exception>
    public static ThreadChoice Of(int? asked, int localRanks = 1)
    {
        NativeLibraries.EnsureLoaded();
        ThreadChoice choice = Of(asked, Environment.GetEnvironmentVariable(Variable), ProcessorTopology.PhysicalCores(), Environment.ProcessorCount, torch.get_num_threads);
        int processors = Environment.ProcessorCount;
        return choice.Shared(localRanks, processors, ProcessorTopology.Allowed() ?? processors, ProcessorTopology.Online() ?? processors);
    }

    /// <summary>
    /// The choice of one of several processes on a machine. A launcher that binds them gives each processors of its own, as few as that many times as many
    /// are there; otherwise each would take them all.
    /// </summary>
    /// <param name="localRanks">Processes.</param>
    /// <param name="processors">Processors that .NET counts for this one: those in its affinity, or as many as a container's quota is worth.</param>
    /// <param name="allowed">Processors in its affinity.</param>
    /// <param name="online">Processors of the machine.</param>
    internal ThreadChoice Shared(int localRanks, int processors, int allowed, int online)
    {
        bool sharesQuota = processors < allowed;
        if (localRanks <= 1 || Reason is Variable or AskedFor || (!sharesQuota && (long)allowed * localRanks <= online)) return this;
        double there = sharesQuota ? Count : (double)Count * online / allowed;
        return new ThreadChoice(Math.Clamp((int)(there / localRanks), 1, Count), $"{localRanks} processes share the cores");
    }

    /// <summary>The same with the machine's answers given, so that the choice can be tested anywhere.</summary>
    internal static ThreadChoice Of(int? asked, string? variable, int? physicalCores, int processors, Func<int> libtorchs)
    {
        if (asked is { } number)
        {
            if (number is < 1 or > Most) throw new InputException($"--threads is {number}, but it must be from 1 to {Most}.");
            return new ThreadChoice(number, AskedFor, number <= processors ? null
                : $"--threads is {number}, but this process may use {Processors(processors)}: more threads than that wait for each other.");
        }
        // OpenMP allows a list, a number for each level of nesting; a value that is no number is OpenMP's to complain about.
        if (int.TryParse(variable?.Split(',')[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out int set) && set is >= 1 and <= Most)
        {
            return new ThreadChoice(set, Variable);
        }
        if (physicalCores is not { } cores) return new ThreadChoice(Math.Clamp(libtorchs(), 1, processors), "libtorch's number, within this process's processors");
        return cores <= processors ? new ThreadChoice(cores, "one for each physical core")
            : new ThreadChoice(processors, $"this process may use {Processors(processors)}");
    }

    /// <summary>Makes libtorch use it, on this thread and on those that use libtorch for the first time later.</summary>
    public void Apply() => torch.set_num_threads(Count);

    private static string Processors(int count) => count == 1 ? "1 processor" : $"{count} processors";
}
