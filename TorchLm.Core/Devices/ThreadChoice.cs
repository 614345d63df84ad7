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

    /// <summary>Beyond this OpenMP gives up and ends the process.</summary>
    private const int Most = 1024;

    /// <summary>Chooses a number.</summary>
    /// <param name="asked">What the user asks for; null for the default.</param>
    /// <exception cref="InputException">The number is impossible.</exception>
    public static ThreadChoice Of(int? asked)
    {
        NativeLibraries.EnsureLoaded();
        return Of(asked, Environment.GetEnvironmentVariable(Variable), ProcessorTopology.PhysicalCores(), Environment.ProcessorCount, torch.get_num_threads);
    }

    /// <summary>The same with the machine's answers given, so that the choice can be tested anywhere.</summary>
    internal static ThreadChoice Of(int? asked, string? variable, int? physicalCores, int processors, Func<int> libtorchs)
    {
        if (asked is { } number)
        {
            if (number is < 1 or > Most) throw new InputException($"--threads is {number}, but it must be from 1 to {Most}.");
            return new ThreadChoice(number, "as asked for", number <= processors ? null
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
