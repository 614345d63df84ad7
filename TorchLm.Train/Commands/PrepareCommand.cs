using System.CommandLine;
using System.CommandLine.Parsing;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Reading;
using TorchLm.Data.Shards;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm prepare</c>: files of text to token shards.</summary>
internal static class PrepareCommand
{
    public static Command Create()
    {
        var input = new Argument<string[]>("INPUT")
        {
            Description = "Files, folders, \"**/*.txt\": .txt .md .html .jsonl .csv .tsv .parquet, also with .gz .zst .br .bz2; - is standard input.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var sources = new Option<string[]>("--source")
        {
            Description = "Part of a mixture: :0.7 is its share, :3x times.",
            HelpName = "NAME=PATH[:W]",
            AllowMultipleArgumentsPerToken = true,
        };
        var output = new Option<string?>("--out")
        {
            Description = "The folder to write the data set to.",
            HelpName = "DIR",
        };
        Option<string> tokenizer = new Option<string>("--tokenizer")
        {
            Description = "char, bpe, cl100k_base, o200k_base.",
            HelpName = "NAME|DIR",
            DefaultValueFactory = _ => "bpe",
        }.WithTokenizers(TokenizerChoice.Names);
        var vocabulary = new Option<int>("--vocab-size") { Description = "Ids that a bpe tokenizer gets.", HelpName = "N", DefaultValueFactory = _ => 4096 };
        var validation = new Option<double>("--val-fraction")
        {
            Description = "Share held out for validation.",
            HelpName = "F",
            DefaultValueFactory = _ => SplitRule.DefaultValFraction,
        };
        var test = new Option<double>("--test-fraction") { Description = "Share held out for a last test.", HelpName = "F", DefaultValueFactory = _ => 0 };
        var seed = new Option<long>("--seed") { Description = "Decides which documents are held out.", HelpName = "N", DefaultValueFactory = _ => 1337 };
        var shard = new Option<int>("--shard-tokens")
        {
            Description = "Tokens in a shard.", HelpName = "N", DefaultValueFactory = _ => TokenShardWriter.DefaultMaxTokens,
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads; the result is the same.", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the data set in --out." };
        var steps = new Option<bool>("--list-steps") { Description = "Print the cleaning steps and what each does." };
        Option<string> split = TokenizerTrainCommand.Split();
        var reading = new ReadingArguments();
        var arguments = new PreparationArguments();

        var command = new DocumentedCommand("prepare", "Make token shards of texts; run again, it goes on.",
            ["torchlm prepare my-texts --out my-set --tokenizer bpe --vocab-size 8192", "torchlm prepare web.jsonl --out web --clean web --exclude test.txt"])
        {
            input, output, sources, tokenizer, vocabulary, split, validation, test, seed, shard, threads, overwrite,
            { "Options", reading.Options },
            { "Cleaning", arguments.Options.Append(steps) },
        };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            if (parsed.GetValue(steps))
            {
                Console.Write(PreparationArguments.Steps());
                return ExitCode.Done;
            }
            if (parsed.GetValue(threads) < 1) throw new InputException($"--threads is {parsed.GetValue(threads)}, but must be at least 1.");
            if (parsed.GetValue(shard) < 1) throw new InputException($"--shard-tokens is {parsed.GetValue(shard)}, but must be at least 1.");
            string folder = parsed.GetValue(output) ?? throw new InputException("Say where the data set is to be written with --out DIR.");
            ReadingOptions how = reading.Of(parsed);
            TextInput documents = Find(parsed.GetValue(input) ?? [], parsed.GetValue(sources) ?? [], how, out Mixture? mixture);
            TokenizerSource source = TokenizerSource.From(TokenizerChoice.Parse(parsed.GetValue(tokenizer)!), parsed.GetValue(vocabulary), PreTokenization.Find(parsed.GetValue(split)!));
            SplitRule rule = SplitRule.ByFraction(parsed.GetValue(validation), parsed.GetValue(seed), parsed.GetValue(test));
            using PreparationArguments ending = arguments;
            using var progress = new BuildProgressLine();
            string chosen = parsed.GetValue(tokenizer)!;
            IEnumerable<string> others = arguments.HeldOutFiles(parsed, how).Concat([chosen, Path.Combine(chosen, TokenizerFile.Name)]);
            var options = new BuildOptions(parsed.GetValue(overwrite), parsed.GetValue(shard), parsed.GetValue(threads), Request(parsed, documents, others, [threads, overwrite, output]),
                () => documents.Bytes == 0 ? 0 : (double)documents.BytesRead / documents.Bytes, mixture)
            {
                Preparation = arguments.Preparation(parsed, how, cancel),
            };
            BuildReport report;
            try
            {
                report = DatasetBuilder.Build(documents.Read(), source, rule, folder, options, progress, cancel);
            }
            catch (OperationCanceledException)
            {
                progress.Dispose();
                if (DatasetBuilder.CanGoOn(folder)) Console.Error.WriteLine("Stopped: the same command goes on from here.");
                throw;
            }
            progress.Dispose();
            DatasetReport.Print(report, documents);
            return ExitCode.Done;
        }, needsLibtorch: false));
        return command;
    }

    private static TextInput Find(string[] paths, string[] sources, ReadingOptions reading, out Mixture? mixture)
    {
        mixture = null;
        if (sources.Length == 0)
        {
            return paths.Length > 0 ? TextInput.Find(paths, reading) : throw new InputException("No text was given: name files or folders, or sources with --source.");
        }
        if (paths.Length > 0) throw new InputException($"'{paths[0]}' is named beside --source: name everything as a source, such as --source text={paths[0]}.");
        mixture = new Mixture([.. sources.Select(MixtureSource.Parse)]);
        return TextInput.Find([.. mixture.Sources.Select(source => (source.Name, source.Path))], reading);
    }

    // Everything that the result depends on: the options but for those that do not matter, and the files as they are. Standard input cannot be told from
    // another one.
    private static string? Request(ParseResult parsed, TextInput documents, IEnumerable<string> otherFiles, Option[] without)
    {
        if (documents.Files.Any(file => file.IsStandardInput)) return null;
        IEnumerable<string> options = parsed.CommandResult.Children.OfType<OptionResult>().Where(result => !result.Implicit && !without.Contains(result.Option))
            .Select(result => $"{result.Option.Name} {string.Join(' ', result.Tokens.Select(token => token.Value))}").Order(StringComparer.Ordinal);
        IEnumerable<string> files = documents.Files.Select(file => $"{file.Source}: {file.Path} {file.Length} {file.Modified.Ticks}");
        IEnumerable<string> others = otherFiles.Select(file => new FileInfo(file)).Where(file => file.Exists)
            .Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}");
        return string.Join('\n', options.Prepend($"torchlm {typeof(PrepareCommand).Assembly.GetName().Version}").Concat(others).Concat(files));
    }
}
