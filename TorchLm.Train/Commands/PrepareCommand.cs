using System.CommandLine;
using TorchLm.Data.Building;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm prepare</c>: text files to token shards.</summary>
internal static class PrepareCommand
{
    public static Command Create()
    {
        var input = new Argument<string[]>("INPUT")
        {
            Description = "Text files and folders of *.txt and *.md files, UTF-8.",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--out")
        {
            Description = "The folder to write shards, tokenizer.json and dataset.json to.",
            HelpName = "DIR",
            Required = true,
        };
        var tokenizer = new Option<string>("--tokenizer")
        {
            Description = "char, bpe (trained on the text), cl100k_base, o200k_base, or a folder with a tokenizer.json.",
            HelpName = "NAME|DIR",
            DefaultValueFactory = _ => "bpe",
        };
        var vocabulary = new Option<int>("--vocab-size")
        {
            Description = "Ids that a bpe tokenizer gets.",
            HelpName = "N",
            DefaultValueFactory = _ => 4096,
        };
        var validation = new Option<double>("--val-fraction")
        {
            Description = "Share held out for validation: of the documents, or of a single file's end.",
            HelpName = "F",
            DefaultValueFactory = _ => SplitRule.DefaultValFraction,
        };
        var seed = new Option<long>("--seed")
        {
            Description = "Decides which documents are held out.",
            HelpName = "N",
            DefaultValueFactory = _ => 1337,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a data set that is already in the output folder." };

        var command = new Command("prepare", "Turn text into token shards to train on.") { input, output, tokenizer, vocabulary, validation, seed, overwrite };
        command.SetAction(Program.Action((parsed, cancel) =>
        {
            string folder = parsed.GetRequiredValue(output);
            TextInput documents = TextInput.Find(parsed.GetRequiredValue(input));
            TokenizerSource source = TokenizerSource.From(TokenizerChoice.Parse(parsed.GetValue(tokenizer)!), parsed.GetValue(vocabulary));
            using var progress = new BuildProgressLine();
            SplitRule rule = SplitRule.ByFraction(parsed.GetValue(validation), parsed.GetValue(seed));
            BuildReport report = DatasetBuilder.Build(documents.Read(), source, rule, folder, new BuildOptions(parsed.GetValue(overwrite)), progress, cancel);
            progress.Dispose();
            DatasetReport.Print(report);
            return ExitCode.Done;
        }));
        return command;
    }
}
