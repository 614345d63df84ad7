namespace TorchLm.Train.Commands;

/// <summary>Paths in commands that the program suggests.</summary>
internal static class Hint
{
    /// <summary>The path as short as it can be said from here, quoted where it has spaces.</summary>
    public static string Path(string path)
    {
        string relative = System.IO.Path.GetRelativePath(".", path);
        if (relative.StartsWith("..", StringComparison.Ordinal)) relative = System.IO.Path.GetFullPath(path);
        return relative.Contains(' ', StringComparison.Ordinal) ? $"\"{relative}\"" : relative;
    }
}
