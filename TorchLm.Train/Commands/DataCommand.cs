using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Data.Datasets;
using TorchLm.Data.Inspection;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm data</c>: what is in a set of token shards.</summary>
internal static class DataCommand
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create() => new DocumentedCommand("data", "What is in a set of token shards.", ["torchlm data inspect my-set"]) { Inspect() };

    private static DocumentedCommand Inspect()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder that prepare made, or one with shards of llm.c or nanoGPT." };
        Option<string?> tokenizer = new Option<string?>("--tokenizer")
        {
            Description = "For a set without one: cl100k_base, o200k_base, a tokenizer.json or its folder.",
            HelpName = "NAME|DIR|FILE",
        }.WithTokenizers(TokenizerChoice.Ready.Names);
        var top = new Option<int>("--top") { Description = "How many of the most frequent tokens are listed.", HelpName = "N", DefaultValueFactory = _ => 20 };
        var samples = new Option<int>("--samples") { Description = "How many documents of each split are shown.", HelpName = "N", DefaultValueFactory = _ => 2 };
        var picture = new Option<string?>("--picture") { Description = "Draw the histogram of lengths into this file (.svg).", HelpName = "FILE" };
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("inspect", "Counts, checksums, lengths, frequent tokens, some documents, and what cleaning removed.",
            ["torchlm data inspect my-set", "torchlm data inspect my-set --picture lengths.svg --samples 0"])
        {
            folder, tokenizer, top, samples, picture, json,
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            Console.OutputEncoding = new UTF8Encoding(false);
            if (parsed.GetValue(top) < 0 || parsed.GetValue(samples) < 0) throw new InputException("--top and --samples must be at least 0.");
            if (parsed.GetValue(picture) is { } file && !file.EndsWith(".svg", StringComparison.OrdinalIgnoreCase))
            {
                throw new InputException($"--picture is '{file}', but the picture is an SVG file: name it with .svg at the end.");
            }
            TokenDataset dataset = TokenDataset.Open(parsed.GetRequiredValue(folder));
            ITokenizer? chosen = parsed.GetValue(tokenizer) is { } name
                ? TokenizerChoice.Parse(name) is TokenizerChoice.Ready ready ? ready.Open() : throw new InputException($"--tokenizer {name} is none that exists: name one that does.")
                : dataset.TokenizerFile is { } path ? TokenizerFile.Load(path) : null;
            DatasetInspection inspection;
            using (var progress = new ShareLine("Reading the tokens")) inspection = DatasetInspection.Of(dataset, chosen, parsed.GetValue(samples), 60, progress, cancel);
            if (dataset.Manifest is not null) dataset.VerifyChecksums();

            if (parsed.GetValue(json)) Console.WriteLine(ToJson(dataset, chosen, inspection, parsed.GetValue(top)).ToJsonString(s_json));
            else InspectionReport.Print(dataset, chosen, inspection, parsed.GetValue(top));
            if (parsed.GetValue(picture) is { } target)
            {
                DurableFile.WriteText(target, HistogramPicture.Draw(Path.GetFileName(Path.GetFullPath(dataset.Folder)), inspection.Splits));
                if (!parsed.GetValue(json)) Console.WriteLine($"\nThe histogram is drawn in {Hint.Path(target)}.");
            }
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static JsonObject ToJson(TokenDataset dataset, ITokenizer? tokenizer, DatasetInspection inspection, int top) => new()
    {
        ["folder"] = dataset.Folder,
        ["vocabulary_size"] = tokenizer?.VocabularySize,
        ["unused_tokens"] = inspection.UnusedTokens,
        ["checksums"] = dataset.Manifest is null ? "none" : "verified",
        ["splits"] = new JsonArray([.. dataset.Splits.Zip(inspection.Splits).Select(pair => new JsonObject
        {
            ["name"] = pair.First.Name,
            ["tokens"] = pair.First.Tokens,
            ["shards"] = pair.First.Shards.Count,
            ["bytes"] = pair.First.Bytes,
            ["documents"] = pair.Second.Lengths.Count,
            ["shortest"] = pair.Second.Lengths.Shortest,
            ["longest"] = pair.Second.Lengths.Longest,
            ["mean"] = pair.Second.Lengths.Mean,
            ["histogram"] = new JsonArray([.. pair.Second.Lengths.Bins.Select(bin => new JsonObject { ["from"] = bin.From, ["to"] = bin.To, ["documents"] = bin.Documents })]),
        })]),
        ["frequent_tokens"] = new JsonArray([.. InspectionReport.MostFrequent(inspection, top).Select(token => new JsonObject
        {
            ["id"] = token.Id, ["count"] = token.Count, ["text"] = tokenizer is null ? null : InspectionReport.Show(tokenizer, token.Id),
        })]),
        ["preparation"] = JsonSerializer.SerializeToNode(dataset.Manifest?.Preparation, s_preparation),
    };

    private static readonly JsonSerializerOptions s_preparation = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
