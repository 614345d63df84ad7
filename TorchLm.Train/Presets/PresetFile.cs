using System.Reflection;
using TorchLm.Core;

namespace TorchLm.Train.Presets;

/// <summary>The configurations that come with the program: JSON files with comments, embedded.</summary>
internal static class PresetFile
{
    /// <summary>The preset that is used when nothing is said.</summary>
    public const string Default = "fables";

    private const string Prefix = "TorchLm.Train.Presets.", Suffix = ".json";

    /// <summary>All presets' names.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Suffix.Length]).Order(StringComparer.Ordinal),
    ];

    /// <summary>A preset's JSON.</summary>
    /// <exception cref="InputException">There is no preset of that name.</exception>
    public static string Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name + Suffix)
            ?? throw new InputException($"There is no preset '{name}'; there are {string.Join(", ", Names)}.{Nearest.Question(name, Names)}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
