using System.CommandLine;
using TorchLm.Core.Devices;

namespace TorchLm.Train.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string> Device() => new("--device")
    {
        Description = "Where to compute: auto (CUDA when it is there and works, else the CPU), cpu, cuda or cuda:N.",
        HelpName = "auto|cpu|cuda[:N]",
        DefaultValueFactory = _ => "auto",
    };

    public static Option<string?> Precision() => new("--precision")
    {
        Description = "What products are computed in: auto (on CUDA bf16, else fp16; on a CPU the faster of fp32 and bf16, by a trial of a second), fp32, tf32, bf16 or fp16.",
        HelpName = "auto|fp32|tf32|bf16|fp16",
    };

    public static Option<int?> Threads() => new("--threads")
    {
        Description = $"CPU threads for one operation; with another number results may differ in their last digits. Default: {ThreadChoice.Variable} where it is set, " +
            "else the physical cores that the process may use.",
        HelpName = "N",
    };

    /// <summary>Makes libtorch use that many threads, before anything else of it is used.</summary>
    public static void UseThreads(int? asked)
    {
        ThreadChoice choice = ThreadChoice.Of(asked);
        if (choice.Warning is { } warning) Console.Error.WriteLine($"torchlm: warning: {warning}");
        choice.Apply();
    }

    public static Option<string> Model() => new("--model")
    {
        Description = "A run's folder (its best checkpoint is used) or one of its step folders.",
        HelpName = "DIR",
        Required = true,
    };

    public static Option<string[]> Set() => new("--set")
    {
        Description = "Change a setting, for example model.layerCount=6; may be given several times.",
        HelpName = "key=value",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of text." };

    /// <summary>An option that takes one of a few words.</summary>
    public static Option<string> Choice(string name, string description, string[] values, string first)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => first };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
