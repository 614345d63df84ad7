using System.CommandLine;
using System.CommandLine.Help;
using TorchLm.Train.Commands;

namespace TorchLm.Train.CommandLine;

/// <summary>All of the program's commands.</summary>
internal static class ProgramCommands
{
    public static RootCommand Create()
    {
        var root = new DocumentedRoot("Trains GPT-style language models from text, and speaks with them.",
        [
            "torchlm train",
            "torchlm train --data my-text.txt --out my-run",
            "torchlm sample --model my-run --prompt \"Once\"",
        ])
        {
            PlanCommand.Create(), TrainCommand.Create(), SweepCommand.Create(), ReportCommand.Create(), SampleCommand.Create(), EvalCommand.Create(),
            InspectCommand.Create(), PrepareCommand.Create(), DataCommand.Create(), TokenizerCommand.Create(), ExportCommand.Create(), ImportCommand.Create(),
            ConfigCommand.Create(), LessonCommand.Create(), BenchCommand.Create(), CheckCommand.Create(), DoctorCommand.Create(), CompletionCommand.Create(),
        };
        root.Options.OfType<HelpOption>().Single().Action = new HelpScreen();
        foreach (Option option in root.Options) option.Description = option is HelpOption ? "Show this help." : "Show the program's version.";
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Aliases.Remove("/?");
        help.Aliases.Remove("/h");
        return root;
    }
}
