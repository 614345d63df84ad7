using System.CommandLine;
using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm tokenizer train</c>: a byte-level BPE vocabulary of text files, as a tokenizer.json.</summary>
internal static class TokenizerTrainCommand
{
    public static Command Create()
    {
        var input = new Argument<string[]>("INPUT")
        {
            Description = "Files, folders and patterns of text, as prepare reads them; - is standard input.",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--out")
        {
            Description = "The folder to write tokenizer.json to, or the path of a .json file.",
            HelpName = "DIR|FILE.json",
            Required = true,
        };
        var size = new Option<int>("--vocab-size")
        {
            Description = "Ids in all: 256 bytes, merges and special tokens.",
            HelpName = "N",
            DefaultValueFactory = _ => 4096,
        };
        var special = new Option<string[]>("--special")
        {
            Description = $"A special token; may be given several times. Default: {TokenTable.EndOfTextName}.",
            HelpName = "NAME",
        };
        Option<string> split = Split();
        var frequency = new Option<long>("--min-frequency")
        {
            Description = "Pairs that occur less often are not merged.",
            HelpName = "N",
            DefaultValueFactory = _ => 2,
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that count words. Default: one for each processor.",
            HelpName = "N",
        };
        var reading = new ReadingArguments();
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a tokenizer that is already there." };

        var command = new DocumentedCommand("train", "Make a byte-level BPE vocabulary of text.",
            ["torchlm tokenizer train my-texts --out my-tokenizer", "torchlm tokenizer train \"books/**/*.txt\" --out books.json --vocab-size 32768"])
        {
            input, output, size, special, split, frequency, threads, overwrite, { "Reading", reading.Options },
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            string[] names = parsed.GetValue(special) is { Length: > 0 } given ? given : [TokenTable.EndOfTextName];
            var options = new BpeTrainerOptions(
                parsed.GetValue(size), names, parsed.GetValue(frequency), PreTokenization.Find(parsed.GetValue(split)!));
            if (parsed.GetValue(threads) < 0) throw new InputException($"--threads {parsed.GetValue(threads)} is not possible: give 1 or more.");
            TextInput documents = TextInput.Find(parsed.GetRequiredValue(input), reading.Of(parsed));
            string path = PathOf(parsed.GetRequiredValue(output), parsed.GetValue(overwrite));
            Train(documents, options, parsed.GetValue(threads), path, cancel);
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    /// <summary>How text is split into words.</summary>
    public static Option<string> Split() => new Option<string>("--split")
    {
        Description = $"How bpe splits words: {string.Join(", ", PreTokenization.All.Select(known => known.Name))}.",
        HelpName = "NAME",
        DefaultValueFactory = _ => PreTokenization.Gpt2.Name,
    }.WithTokenizers(PreTokenization.All.Select(known => known.Name));

    /// <summary>The file to write, which is not there unless it may be replaced; its folder is made.</summary>
    private static string PathOf(string output, bool overwrite)
    {
        if (output.Length == 0) throw new InputException("--out is empty: give a folder or a .json file.");
        string path = output.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(output)
            ? output : Path.Combine(output, TokenizerFile.Name);
        if (File.Exists(path) && !overwrite)
            throw new InputException($"There is already a tokenizer at '{path}': name another place, or replace it with --overwrite.");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The folder of '{path}' cannot be made: {failure.Message}", failure);
        }
        return path;
    }

    private static void Train(TextInput input, BpeTrainerOptions options, int threads, string path, CancellationToken cancel)
    {
        var corpus = new ReadableText(input.Read());
        var sample = new CompressionSample();
        var watch = Stopwatch.StartNew();
        BpeTrainingResult result = BpeTrainer.Train(sample.Noting(corpus.Read()), options, threads, cancel);
        TimeSpan elapsed = watch.Elapsed;
        if (corpus.Documents == 0) throw new InputException($"The input holds no text{(corpus.FirstSkipped is { } why ? $" that can be used ({why})" : "")}: name files with text in them.");
        result.Tokenizer.Save(path);
        TokenizerReport.Print(result, sample, corpus, elapsed, path);
    }
}
