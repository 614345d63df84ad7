using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Devices;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Data;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm eval</c>: loss, perplexity and bits per byte of a model on a whole split.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        Option<string> model = CommonOptions.Model(), device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var data = new Option<string?>("--data")
        {
            Description = "A prepared folder of the model's tokenizer. Default: the run's own data.",
            HelpName = "DIR",
        };
        var split = new Option<string>("--split") { Description = "Which part of the data.", DefaultValueFactory = _ => SplitNames.Val };
        split.AcceptOnlyFromAmong([.. SplitNames.All]);
        var batchSize = new Option<int>("--batch-size")
        {
            Description = "Sequences evaluated at once.",
            HelpName = "N",
            DefaultValueFactory = _ => 16,
        };

        var stride = new Option<int?>("--stride")
        {
            Description = "Windows begin this many tokens apart, and each predicts only its last ones, so that all have context. Default: the context length.",
            HelpName = "N",
        };

        var command = new DocumentedCommand("eval", "Measure a model on a split of a data set, in fp32.",
        [
            "torchlm eval --model my-run",
            "torchlm eval --model my-run --data my-set --split test --json",
            "torchlm eval --model my-run --stride 32",
        ])
        {
            model, data, split, stride, batchSize, device, threads, json,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            if (parsed.GetValue(batchSize) < 1) throw new InputException($"--batch-size is {parsed.GetValue(batchSize)}, but it must be at least 1.");
            CommonOptions.UseThreads(parsed.GetValue(threads));
            SavedModel saved = ModelFolder.Find(parsed.GetRequiredValue(model));
            TokenDataset dataset = OpenData(saved, parsed.GetValue(data));
            DatasetSplit part = dataset.GetSplit(parsed.GetValue(split)!);
            using Gpt gpt = saved.Load(DeviceChoice.Of(parsed.GetValue(device)!).Device);
            int apart = parsed.GetValue(stride) ?? gpt.Config.ContextLength;
            if (apart < 1 || apart > gpt.Config.ContextLength)
            {
                throw new InputException($"--stride is {apart}, but it must be at least 1 and at most {gpt.Config.ContextLength}, the model's context length.");
            }
            using var source = new EvaluationSource(part, batches: 0, parsed.GetValue(batchSize), gpt.Config.ContextLength, gpt.Config.VocabularySize,
                seed: 0, gpt.Device, apart);
            Evaluation result;
            using (var progress = new EvaluationLine(part.Tokens)) result = Evaluator.Evaluate(gpt, source, progress: progress, cancel: cancel);

            if (parsed.GetValue(json))
            {
                var document = new JsonObject
                {
                    ["split"] = part.Name,
                    ["tokens"] = result.Tokens,
                    ["loss"] = result.Loss,
                    ["perplexity"] = result.Perplexity,
                    ["bits_per_byte"] = result.BitsPerByte,
                };
                Console.WriteLine(document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            }
            else
            {
                Console.WriteLine($"{Path.GetFileName(saved.CheckpointPath)} on the {part.Name} split: {EvaluationText.Of(result)}");
            }
            return ExitCode.Done;
        }));
        return command;
    }

    private static TokenDataset OpenData(SavedModel saved, string? path)
    {
        if (path is null) return RunData.Open(saved.Config, saved.Run.DataPath, Console.Error.WriteLine);
        TokenDataset dataset = TokenDataset.Open(path);
        ModelFolder.RequireSameTokenizer(saved, dataset);
        return dataset;
    }
}
