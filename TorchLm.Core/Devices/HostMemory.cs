using System.Globalization;

namespace TorchLm.Core.Devices;

/// <summary>How much memory this process may still take: what the system has left, and on Linux what its control groups (containers, batch jobs) leave.</summary>
public static class HostMemory
{
    /// <summary>Bytes that can be taken without swapping or being killed.</summary>
    public static long Available()
    {
        if (OperatingSystem.IsLinux()) return AvailableIn("/");
        GCMemoryInfo info = GC.GetGCMemoryInfo(GCKind.Any);
        return info.TotalAvailableMemoryBytes - Math.Max(info.MemoryLoadBytes, Environment.WorkingSet);
    }

    /// <summary>The same from Linux's files under another root.</summary>
    internal static long AvailableIn(string root)
    {
        long available = Field(Path.Combine(root, "proc/meminfo"), "MemAvailable:") is { } kilobytes ? kilobytes * 1024 : long.MaxValue;
        string groups = Path.Combine(root, "proc/self/cgroup");
        foreach (string line in File.Exists(groups) ? File.ReadAllLines(groups) : [])
        {
            if (line.Split(':', 3) is not [_, var controllers, var group]) continue;
            bool second = controllers.Length == 0;
            if (!second && !controllers.Split(',').Contains("memory")) continue;
            string mount = Path.Combine(root, second ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
            // A group's limit holds for all groups in it. In a container the names above its own are often not to be seen; its own is then the mount.
            for (string? path = group.Trim('/'); path is not null; path = path.Length == 0 ? null : Path.GetDirectoryName(path) ?? "")
            {
                string folder = Path.Combine(mount, path);
                long? left = second ? Left(folder, "memory.max", "memory.current", "inactive_file") : Left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
                available = Math.Min(available, left ?? long.MaxValue);
            }
        }
        return available;
    }

    /// <summary>A group's limit less its use; cached pages of files that nothing has read lately are given up when memory is asked for, and count as free.</summary>
    private static long? Left(string folder, string limitFile, string usageFile, string cache)
    {
        if (Number(Path.Combine(folder, limitFile)) is not { } limit || Number(Path.Combine(folder, usageFile)) is not { } usage) return null;
        return limit - usage + (Field(Path.Combine(folder, "memory.stat"), cache) ?? 0);
    }

    private static long? Number(string path) => File.Exists(path) && long.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out long value) ? value : null;

    private static long? Field(string path, string name)
    {
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 2 && parts[0] == name && long.TryParse(parts[1], CultureInfo.InvariantCulture, out long value)) return value;
        }
        return null;
    }
}
