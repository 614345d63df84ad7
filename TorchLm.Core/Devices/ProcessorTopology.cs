using System.Globalization;

namespace TorchLm.Core.Devices;

/// <summary>The physical cores that this process may use, as Linux describes them.</summary>
internal static class ProcessorTopology
{
    private const string AllowedLine = "Cpus_allowed_list:";

    /// <summary>
    /// Cores with at least one logical processor in the process's affinity; null where the system does not say (another system, or a sandbox without
    /// <c>/sys</c>).
    /// </summary>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> are.</param>
    public static int? PhysicalCores(string root = "/")
    {
        try
        {
            if (AllowedProcessors(root) is not { Count: > 0 } processors) return null;

            // Processors of one core name the same siblings; core_id alone repeats among packages.
            var cores = new HashSet<string>();
            foreach (int processor in processors)
            {
                string siblings = Path.Combine(root, $"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list");
                if (!File.Exists(siblings)) return null;
                cores.Add(File.ReadAllText(siblings).Trim());
            }
            return cores.Count;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Processors in the process's affinity; null where the system does not say.</summary>
    /// <param name="root">Where <c>proc</c> is.</param>
    public static int? Allowed(string root = "/")
    {
        try
        {
            return AllowedProcessors(root)?.Count;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Processors that the machine has running; null where the system does not say.</summary>
    /// <param name="root">Where <c>sys</c> is.</param>
    public static int? Online(string root = "/")
    {
        try
        {
            string path = Path.Combine(root, "sys/devices/system/cpu/online");
            return File.Exists(path) ? ParseList(File.ReadAllText(path))?.Count : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static List<int>? AllowedProcessors(string root)
    {
        string status = Path.Combine(root, "proc/self/status");
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith(AllowedLine, StringComparison.Ordinal)) : null;
        return line is null ? null : ParseList(line[AllowedLine.Length..]);
    }

    /// <summary>The numbers in the kernel's list format, such as <c>0-3,8,10-11</c>; null where it is something else.</summary>
    internal static List<int>? ParseList(string text)
    {
        var numbers = new List<int>();
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryParse(ends[0], out int first) || !TryParse(ends[^1], out int last) || last < first) return null;
            for (int i = first; i <= last; i++) numbers.Add(i);
        }
        return numbers;
    }

    private static bool TryParse(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
