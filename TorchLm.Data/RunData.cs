using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Data.Building;
using TorchLm.Data.Datasets;
using TorchLm.Data.Fables;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;

namespace TorchLm.Data;

/// <summary>Finds what a run's configuration trains on, and makes shards of it first where it is text.</summary>
public static class RunData
{
    /// <summary>Each tenth fable of the built-in corpus's first <see cref="FableGenerator.DefaultByteCount"/> bytes is held out, however large it is.</summary>
    private const int FablesPerValidationFable = 10;

    /// <summary>Opens the run's data set.</summary>
    /// <param name="config">The run's configuration.</param>
    /// <param name="folder">Where shards are made of text; shards that are there already are used, so that a resumed run does not need the text.</param>
    /// <param name="say">Told what is fetched.</param>
    /// <param name="progress">Told how far the making of shards is.</param>
    /// <param name="cancel">Stops the making.</param>
    /// <exception cref="InputException">The data is not there, cannot be read or cannot be encoded.</exception>
    public static TokenDataset Open(RunConfig config, string folder, Action<string> say, IProgress<BuildProgress>? progress = null,
        CancellationToken cancel = default)
    {
        DataConfig data = config.Data;
        if (data.Path == DataConfig.Required)
        {
            throw new InputException("This configuration brings no text of its own: name a text file, a folder of text or a prepared folder with --data.");
        }
        if (data.Path is not null && (HoldsShards(data.Path) || TokenDataset.IsUnfinished(data.Path))) return TokenDataset.Open(data.Path);
        if (HoldsShards(folder)) return TokenDataset.Open(folder);

        (IEnumerable<Document> documents, SplitRule rule, bool? separate) = Text(data, config.Training.Seed, say, cancel);
        TokenizerSource tokenizer = TokenizerSource.From(TokenizerChoice.Parse(data.Tokenizer), data.VocabularySize, withEndOfText: separate);
        BuildReport report = DatasetBuilder.Build(documents, tokenizer, rule, folder, new BuildOptions(Overwrite: true), progress, cancel);
        if (report.SplitNote is { } note) say(note);
        foreach (SkippedEntry skipped in report.Manifest.Preparation?.Skipped ?? [])
        {
            say($"Left out {skipped.Count:N0} of the input, such as {skipped.Samples[0].Document}: {skipped.Samples[0].Text}.");
        }
        return TokenDataset.Open(folder);
    }

    /// <summary>The tokenizer of a data set, or null where the set came without one.</summary>
    /// <exception cref="InputException">Its file is damaged.</exception>
    public static ITokenizer? Tokenizer(TokenDataset dataset) => dataset.TokenizerFile is null ? null : TokenizerFile.Load(dataset.TokenizerFile);

    /// <summary>Where the file of the Shakespeare presets is kept.</summary>
    private static string ShakespearePath => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "torchlm", "tiny-shakespeare.txt");

    private static (IEnumerable<Document> Documents, SplitRule Rule, bool? Separate) Text(DataConfig data, long seed, Action<string> say, CancellationToken cancel)
    {
        if (data.Path is null)
        {
            // Fables end by themselves (a blank line), so characters need no token between them.
            FableGenerator generator = new();
            IEnumerable<Document> fables = generator.GenerateBytes(data.BuiltInBytes).Select(f => Document.FromText(f.Text, "built-in fables", f.Nats));
            int compared = data.BuiltInBytes <= FableGenerator.DefaultByteCount ? int.MaxValue : generator.GenerateBytes().Count();
            return (fables, SplitRule.Explicit(i => i < compared && i % FablesPerValidationFable == FablesPerValidationFable - 1 ? SplitNames.Val
                : SplitNames.Train), false);
        }
        string path = data.Path;
        if (path == DataConfig.TinyShakespeare)
        {
            path = ShakespearePath;
            TinyShakespeare.FetchAsync(path, say, cancellation: cancel).GetAwaiter().GetResult();
        }
        TextInput input = TextInput.Find([path], new ReadingOptions(InvalidBytes.Fail));
        return (input.Read(), SplitRule.ByFraction(data.ValidationFraction, seed), null);
    }

    private static bool HoldsShards(string folder) => Directory.Exists(folder) && !TokenDataset.IsUnfinished(folder) &&
        (File.Exists(Path.Combine(folder, DatasetManifest.FileName)) || Directory.EnumerateFiles(folder, "*.bin").Any());
}
