using System.CommandLine;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Presets;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm config</c>: configurations shown in full, checked, compared, and described for editors.</summary>
internal static class ConfigCommand
{
    public static Command Create() => new DocumentedCommand("config", "Show, check and compare configurations.",
        ["torchlm config show gpt2-tiny", "torchlm config diff fables my-run"]) { Show(), Check(), Diff(), Schema() };

    private static DocumentedCommand Show()
    {
        Argument<string> which = Which("WHICH");
        which.DefaultValueFactory = _ => PresetFile.Default;
        Option<int?> depth = ConfigurationChoice.DepthOption();
        Option<string[]> set = CommonOptions.Set();
        var command = new DocumentedCommand("show", "Print a configuration with every setting written out.",
        [
            "torchlm config show gpt2-tiny --set model.layerCount=4",
            "torchlm config show --depth 4",
        ])
        {
            which, depth, set,
        };
        command.SetAction(Program.Action((parsed, _) =>
        {
            if (parsed.GetValue(depth) is { } layers)
            {
                if (parsed.GetResult(which) is { Implicit: false })
                {
                    throw new InputException("--depth makes a configuration of its own: leave WHICH out, and change settings with --set.");
                }
                Console.WriteLine(RunConfig.Parse(DepthRules.Configure(layers).ToJson(), $"The depth {layers}", parsed.GetValue(set)!).ToJson());
                return ExitCode.Done;
            }
            Console.WriteLine(Read(parsed.GetValue(which)!, parsed.GetValue(set)!).ToJson());
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static DocumentedCommand Check()
    {
        Argument<string> which = Which("WHICH");
        Option<string[]> set = CommonOptions.Set();
        var command = new DocumentedCommand("check", "Say whether a configuration is possible; exit code 2 where it is not.", ["torchlm config check my-config.json"]) { which, set };
        command.SetAction(Program.Action((parsed, _) =>
        {
            string name = parsed.GetValue(which)!;
            RunConfig config = Read(name, parsed.GetValue(set)!);
            int changed = ConfigDifference.Between(new RunConfig(), config).Count;
            Console.WriteLine($"{name} is a valid configuration; {(changed == 1 ? "1 setting is" : $"{changed} settings are")} not the default.");
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static DocumentedCommand Diff()
    {
        Argument<string> first = Which("A"), second = Which("B");
        var command = new DocumentedCommand("diff", "Print the settings in which two configurations differ.", ["torchlm config diff fables my-run"]) { first, second };
        command.SetAction(Program.Action((parsed, _) =>
        {
            (string one, string other) = (parsed.GetValue(first)!, parsed.GetValue(second)!);
            IReadOnlyList<ConfigDifference> differences = ConfigDifference.Between(Read(one, []), Read(other, []));
            if (differences.Count == 0) Console.WriteLine("They are the same.");
            int name = differences.Select(d => d.Name.Length).DefaultIfEmpty().Max(), value = differences.Select(d => d.First.Length).Append(one.Length).Max();
            if (differences.Count > 0) Console.WriteLine($"{"".PadRight(name)}  {one.PadRight(value)}  {other}");
            foreach (ConfigDifference d in differences) Console.WriteLine($"{d.Name.PadRight(name)}  {d.First.PadRight(value)}  {d.Second}");
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static DocumentedCommand Schema()
    {
        var command = new DocumentedCommand("schema", "Print a JSON schema, by which editors complete and check configurations.", ["torchlm config schema > torchlm.schema.json"]);
        command.SetAction(Program.Action((_, _) =>
        {
            Console.WriteLine(ConfigSchema.ToJson());
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static Argument<string> Which(string name)
    {
        var which = new Argument<string>(name) { Description = "A configuration file, a run's folder, or a preset's name." };
        which.CompletionSources.Add([.. PresetFile.Names]);
        return which;
    }

    /// <summary>The configuration of a file, a run or a preset.</summary>
    private static RunConfig Read(string which, IReadOnlyList<string> settings)
    {
        if (Directory.Exists(which))
        {
            string file = new RunFolder(which).ConfigPath;
            if (!File.Exists(file)) throw new InputException($"The folder '{which}' is no run: it has no config.json.");
            return RunConfig.Parse(ConfigFile.ReadText(file), file, settings);
        }
        if (File.Exists(which)) return RunConfig.Parse(ConfigFile.ReadText(which), which, settings);
        if (PresetFile.Names.Contains(which)) return RunConfig.Parse(PresetFile.Read(which), $"The preset {which}", settings);
        throw new InputException($"There is no configuration file, no run's folder and no preset '{which}'; presets are {string.Join(", ", PresetFile.Names)}.{Nearest.Question(which, PresetFile.Names)}");
    }
}
