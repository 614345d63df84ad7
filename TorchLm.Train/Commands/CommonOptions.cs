using System.CommandLine;
using TorchLm.Core.Configuration;
using TorchLm.Core.Devices;
using TorchLm.Train.Presets;

namespace TorchLm.Train.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string> Device()
    {
        var option = new Option<string>("--device")
        {
            Description = "Auto: CUDA where it works, else the CPU.",
            HelpName = "cpu|cuda[:N]",
            DefaultValueFactory = _ => "auto",
        };
        option.CompletionSources.Add([.. DeviceChoice.Names]);
        return option;
    }

    public static Option<string?> Precision()
    {
        var option = new Option<string?>("--precision")
        {
            Description = "Products in fp32, tf32, bf16 or fp16; auto: bf16, else fp16 on CUDA, the faster of fp32 and bf16 on a CPU.",
            HelpName = "TYPE",
        };
        option.CompletionSources.Add([.. ConfigSetting.Words("training.precision")!]);
        return option;
    }

    public static Option<int?> Threads() => new("--threads")
    {
        Description = $"CPU threads; another number may change last digits. Default: {ThreadChoice.Variable}, else the physical cores.",
        HelpName = "N",
    };

    /// <summary>Makes libtorch use that many threads, before anything else of it is used.</summary>
    /// <param name="asked">What the user asks for; null for the default.</param>
    /// <param name="localRanks">Processes on this machine that train together.</param>
    public static void UseThreads(int? asked, int localRanks = 1)
    {
        ThreadChoice choice = ThreadChoice.Of(asked, localRanks);
        if (choice.Warning is { } warning) Console.Error.WriteLine($"torchlm: warning: {warning}");
        choice.Apply();
    }

    public static Option<string> Model() => new("--model")
    {
        Description = "A run's folder (its best checkpoint is used) or one of its step folders.",
        HelpName = "DIR",
        Required = true,
    };

    public static Option<string?> Preset(string description)
    {
        var option = new Option<string?>("--preset") { Description = description, HelpName = "NAME" };
        option.CompletionSources.Add([.. PresetFile.Names]);
        return option;
    }

    public static Option<string[]> Set()
    {
        var option = new Option<string[]>("--set")
        {
            Description = "Change a setting (model.layerCount=6); several times.",
            HelpName = "key=value",
        };
        option.CompletionSources.Add(context => Settings(context.WordToComplete));
        return option;
    }

    /// <summary>What a shell offers for a setting: its name, and behind the equals sign the words that it takes.</summary>
    public static IEnumerable<string> Settings(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) is var equals and >= 0
            ? (ConfigSetting.Words(word[..equals]) ?? []).Select(value => $"{word[..equals]}={value}")
            : ConfigSetting.Names.Select(name => name + "=");

    /// <summary>Lets a shell offer the names of tokenizers; paths are possible too.</summary>
    public static Option<T> WithTokenizers<T>(this Option<T> option, params IEnumerable<string> names)
    {
        option.CompletionSources.Add([.. names]);
        return option;
    }

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of text." };

    /// <summary>An option that takes one of a few words.</summary>
    public static Option<string> Choice(string name, string description, string[] values, string first)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => first };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
