using System.CommandLine;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Export;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm import</c>: another program's model, to be sampled, evaluated and trained further.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var from = new Option<string>("--from")
        {
            Description = "A folder in Hugging Face's layout, or a .gguf file.",
            HelpName = "DIR|FILE",
            Required = true,
        };
        var output = new Option<string>("--out") { Description = "The new model's folder.", HelpName = "DIR", Required = true };
        var command = new DocumentedCommand("import", "Make another program's GPT-2, Llama, Mistral or Qwen3 one of TorchLm's.",
            ["torchlm import --from gpt2 --out gpt2-imported", "torchlm import --from model.gguf --out my-model"])
        {
            from, output,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            string path = parsed.GetValue(output)!;
            ImportReport report;
            using (var progress = new ShareLine("Importing")) report = ModelImport.Run(parsed.GetValue(from)!, path, progress, cancel);
            ModelConfig m = report.Config;
            Console.WriteLine($"{m.Family}, {m.LayerCount} layers, {m.HeadCount} heads, width {m.EmbeddingSize}, context {m.ContextLength}, {m.VocabularySize:N0} ids: " +
                $"{ModelCost.Parameters(m) / 1e6:0.00} M parameters, in {Hint.Path(path)}");
            if (report.UnusedRows > 0) Console.Error.WriteLine($"Left out: {report.UnusedRows} rows of the token embedding that no token of the tokenizer has.");
            if (report.Tokenizer is not null) Console.WriteLine($"Try it: torchlm sample --model {Hint.Path(path)}");
            else Console.Error.WriteLine($"It came without a tokenizer: put its tokenizer.json into {Hint.Path(path)} to sample from it.");
            Console.WriteLine($"Train it further: torchlm train --init-from {Hint.Path(path)} --data my-text.txt");
            return ExitCode.Done;
        }));
        return command;
    }
}
