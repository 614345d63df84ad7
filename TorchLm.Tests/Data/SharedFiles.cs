namespace TorchLm.Tests.Data;

/// <summary>Files beside the repository (in <c>../shared</c>) that it does not carry itself.</summary>
internal static class SharedFiles
{
    public const string TinyShakespeare = "data/tinyshakespeare.txt";

    public static string PathOf(string name)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "TorchLm.sln"))) folder = folder.Parent;
        return Path.GetFullPath(Path.Combine(folder?.FullName ?? ".", "..", "shared", name));
    }
}

/// <summary>A test that needs a file of <see cref="SharedFiles"/> and is skipped where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedFileFactAttribute : FactAttribute
{
    public SharedFileFactAttribute(string name)
    {
        if (!File.Exists(SharedFiles.PathOf(name))) Skip = $"../shared/{name} is not there.";
    }
}
