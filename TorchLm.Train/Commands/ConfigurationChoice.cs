using System.CommandLine;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Train.Presets;

namespace TorchLm.Train.Commands;

/// <summary>Where a run's configuration comes from: a depth, a preset or a file, at most one of them.</summary>
/// <param name="Depth">What the rules of depth are asked for; null where they are not.</param>
/// <param name="Preset">The preset's name; null where none was named.</param>
/// <param name="File">The configuration file; null where none was named.</param>
internal sealed record ConfigurationChoice(int? Depth, string? Preset, string? File)
{
    /// <summary>The option by which a depth is asked for.</summary>
    public static Option<int?> DepthOption() => new("--depth")
    {
        Description = $"All settings from the number of layers, {DepthRules.Least} to {DepthRules.Most}.",
        HelpName = "N",
    };

    /// <summary>What the options say.</summary>
    /// <exception cref="InputException">They say more than one thing.</exception>
    public static ConfigurationChoice Of(int? depth, string? preset, string? file)
    {
        if (preset is not null && file is not null) throw new InputException("--preset and --config exclude each other: choose one.");
        if (depth is not null && (preset ?? file) is not null)
        {
            string other = preset is null ? "--config" : "--preset";
            throw new InputException($"--depth and {other} exclude each other: choose one, and change settings with --set.");
        }
        return new ConfigurationChoice(depth, preset, file);
    }

    /// <summary>The configuration's JSON, and what it is called in messages.</summary>
    /// <param name="otherwise">The preset that is taken where nothing was said.</param>
    /// <exception cref="InputException">There is no such preset or file, or the depth is out of range.</exception>
    public (string Json, string Source) Read(string otherwise) =>
        Depth is { } depth ? (DepthRules.Configure(depth).ToJson(), $"The depth {depth}")
        : File is not null ? (ConfigFile.ReadText(File), File)
        : (PresetFile.Read(Preset ?? otherwise), $"The preset {Preset ?? otherwise}");

    /// <summary>
    /// What a run is called by default: after its preset, else after its data, else after the configuration's file; a depth stands behind it.
    /// </summary>
    public string RunName(string? data)
    {
        string name = Preset ?? (data ?? File) switch
        {
            null => PresetFile.Default,
            string path => Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))),
        };
        return Depth is { } depth ? $"{name}-d{depth}" : name;
    }
}
