using System.Globalization;

namespace TorchLm.Core.Devices;

/// <summary>The physical cores that this process may use, as Linux describes them.</summary>
internal static class ProcessorTopology
{
    private const string Allowed = "Cpus_allowed_list:";

    /// <summary>
    /// Cores with at least one logical processor in the process's affinity; null where the system does not say (another system, or a sandbox without
    /// <c>/sys</c>).
    /// </summary>
    /// <param name="root">Where <c>proc</c> and <c>sys</c> are.</param>
    public static int? PhysicalCores(string root = "/")
    {
        string status = Path.Combine(root, "proc/self/status");
        try
        {
            if (!File.Exists(status)) return null;
            string? line = File.ReadLines(status).FirstOrDefault(l => l.StartsWith(Allowed, StringComparison.Ordinal));
            if (line is null || ParseList(line[Allowed.Length..]) is not { Count: > 0 } processors) return null;

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
