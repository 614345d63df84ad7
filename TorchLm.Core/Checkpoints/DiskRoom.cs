namespace TorchLm.Core.Checkpoints;

/// <summary>Looks whether a save can succeed before it begins, so that a full disk is not filled to its last byte first.</summary>
internal static class DiskRoom
{
    /// <summary>Headers, state.json, pointers and what the file system needs for itself.</summary>
    private const long Extra = 1 << 18;

    /// <summary>Refuses a save that the disk has no room for.</summary>
    /// <param name="folder">A folder on that disk.</param>
    /// <param name="bytes">What is to be written.</param>
    /// <exception cref="IOException">There is less room.</exception>
    public static void Require(string folder, long bytes)
    {
        if (folder.StartsWith(@"\\", StringComparison.Ordinal)) return; // a network path of Windows, whose room .NET cannot ask for: the save itself will tell
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < bytes + Extra) throw new IOException($"a checkpoint takes {Size(bytes)}, and the disk of '{folder}' has {Size(free)} left");
    }

    private static string Size(long bytes) => bytes < 10_000_000 ? $"{bytes / 1000:N0} kB" : bytes < 10_000_000_000 ? $"{bytes / 1_000_000:N0} MB" : $"{bytes / 1_000_000_000:N0} GB";
}
