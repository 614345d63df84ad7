using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Benchmarks;
using TorchLm.Core;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm bench tokenizer</c>: how fast a tokenizer encodes a text.</summary>
internal static class BenchTokenizerCommand
{
    private const int MostCharacters = 1 << 28;

    public static Command Create()
    {
        var input = new Argument<string[]>("INPUT") { Description = "Files of text, of which no more than 256 million characters are encoded.", Arity = ArgumentArity.OneOrMore };
        Option<string> tokenizer = new Option<string>("--tokenizer")
        {
            Description = "cl100k_base, o200k_base, a tokenizer.json, or a folder that holds one.", HelpName = "NAME|DIR|FILE", Required = true,
        }.WithTokenizers(TokenizerChoice.Ready.Names);
        var threads = new Option<int>("--threads") { Description = "Threads to work with. Default: one for each processor.", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
        var rounds = new Option<int>("--rounds") { Description = "How often; the median counts.", HelpName = "N", DefaultValueFactory = _ => 3 };
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("tokenizer", "Time encoding on this machine.", ["torchlm bench tokenizer my-text.txt --tokenizer o200k_base"]) { input, tokenizer, threads, rounds, json };
        command.SetAction(Program.Action((parsed, _) =>
        {
            if (parsed.GetValue(threads) < 1 || parsed.GetValue(rounds) < 1) throw new InputException("--threads and --rounds must be at least 1.");
            ITokenizer chosen = TokenizerChoice.Parse(parsed.GetRequiredValue(tokenizer)) is TokenizerChoice.Ready ready ? ready.Open()
                : throw new InputException($"--tokenizer is {parsed.GetRequiredValue(tokenizer)}, but it must be one that exists.");
            string text = Read(TextInput.Find(parsed.GetRequiredValue(input)));
            (double[] seconds, long tokens) = EncodingBenchmark.Run(chosen, text, parsed.GetValue(threads), parsed.GetValue(rounds));
            double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6, median = seconds.Order().ElementAt(seconds.Length / 2);
            var document = new JsonObject
            {
                ["megabytes"] = Math.Round(megabytes, 1), ["tokens"] = tokens, ["threads"] = parsed.GetValue(threads), ["seconds"] = Math.Round(median, 3),
                ["mb_per_s"] = Math.Round(megabytes / median, 1),
            };
            Console.WriteLine(parsed.GetValue(json) ? document.ToJsonString(new JsonSerializerOptions { WriteIndented = true })
                : $"{megabytes:N1} MB, {tokens:N0} tokens: {megabytes / median:N1} MB/s with {DatasetReport.Count(parsed.GetValue(threads), "thread")}");
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static string Read(TextInput input)
    {
        var text = new StringBuilder();
        foreach (string piece in new ReadableText(input.Read()).Read())
        {
            if (text.Length + piece.Length > MostCharacters) break;
            text.Append(piece);
        }
        return text.Length > 0 ? text.ToString() : throw new InputException("The input holds no text that can be used: name files with text in them.");
    }
}
