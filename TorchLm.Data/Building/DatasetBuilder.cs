using System.Diagnostics;
using System.Text;
using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>
/// Turns documents into a folder of token shards with <c>tokenizer.json</c> and <c>dataset.json</c>, from which
/// <see cref="TokenDataset"/> reads.
/// </summary>
/// <remarks>
/// The documents are read two or three times rather than held in memory: to count and check them, to make the tokenizer where it comes from
/// the text, and to encode them. So the user's mistakes are found before the first file is written.
/// </remarks>
public static class DatasetBuilder
{
    /// <summary>Builds a data set.</summary>
    /// <param name="documents">The documents; enumerated up to three times, and must be the same each time.</param>
    /// <param name="tokenizerSource">The tokenizer.</param>
    /// <param name="rule">How documents are divided between the splits.</param>
    /// <param name="folder">Where the set is written; created if missing. Its name is the set's.</param>
    /// <param name="options">Settings that rarely change.</param>
    /// <param name="progress">Told how far the build is, after each document, or each piece of a large one.</param>
    /// <param name="cancellation">Stops the build; what was written is removed.</param>
    /// <exception cref="InputException">
    /// A document cannot be read or encoded, there is no text, nothing is left for training, or the folder cannot be used.
    /// </exception>
    public static BuildReport Build(IEnumerable<Document> documents, TokenizerSource tokenizerSource, SplitRule rule, string folder,
        BuildOptions? options = null, IProgress<BuildProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new BuildOptions();
        Stopwatch watch = Stopwatch.StartNew();
        using OutputFolder output = OutputFolder.Open(folder, options.Overwrite);
        CorpusSurvey survey = CorpusSurvey.Of(documents, rule.Seed ?? 0, progress, cancellation);
        SplitPlan plan = SplitPlan.Make(rule, survey);
        ITokenizer tokenizer = MakeTokenizer(documents, tokenizerSource, survey, progress, cancellation);

        output.Begin();
        SortedDictionary<string, SplitEntry> splits =
            WriteSplits(documents, tokenizer, survey, plan, output, options.MaxTokensPerShard, progress, cancellation);
        tokenizer.Save(Path.Combine(folder, TokenDataset.TokenizerFileName));
        DatasetManifest manifest = new(DatasetManifest.CurrentVersion, new TokenizerEntry(tokenizer.Kind, tokenizer.VocabularySize),
            survey.Sources, plan.Entry, splits);
        manifest.Save(folder);
        output.Complete();
        return new BuildReport(folder, manifest, watch.Elapsed);
    }

    private static ITokenizer MakeTokenizer(IEnumerable<Document> documents, TokenizerSource tokenizerSource, CorpusSurvey survey,
        IProgress<BuildProgress>? progress, CancellationToken cancellation)
    {
        return tokenizerSource.Make(Text(), cancellation);

        IEnumerable<string> Text()
        {
            long characters = 0;
            foreach (string piece in documents.SelectMany(document => TextPieces.CutSafely(document.ReadPieces())))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return piece;
                characters += TextPieces.CountCharacters(piece);
                progress?.Report(new BuildProgress(BuildPhase.Tokenizer, survey.Bytes * characters / survey.Characters, survey.Bytes));
            }
        }
    }

    private static SortedDictionary<string, SplitEntry> WriteSplits(IEnumerable<Document> documents, ITokenizer tokenizer, CorpusSurvey survey,
        SplitPlan plan, OutputFolder output, int maxTokensPerShard, IProgress<BuildProgress>? progress, CancellationToken cancellation)
    {
        Dictionary<string, SplitWriter> writers = [];
        long number = 0, bytes = 0;
        try
        {
            foreach (Document document in documents)
            {
                if (number == survey.Hashes.Count) throw Changed();
                foreach ((string split, IEnumerable<string> pieces) in plan.PartsOf(number, document))
                {
                    if (!writers.TryGetValue(split, out SplitWriter? writer))
                    {
                        writers[split] = writer = new SplitWriter(output, split, tokenizer, maxTokensPerShard);
                    }
                    writer.Write(Watched(pieces), document.Name, plan.PartsAreWhole ? document.Nats : null);
                }
                number++;
            }
            if (number != survey.Hashes.Count || bytes != survey.Bytes) throw Changed();
            return Complete(writers);
        }
        finally
        {
            foreach (SplitWriter writer in writers.Values) writer.Dispose();
        }

        IEnumerable<string> Watched(IEnumerable<string> pieces)
        {
            foreach (string piece in pieces)
            {
                cancellation.ThrowIfCancellationRequested();
                yield return piece;
                bytes += Encoding.UTF8.GetByteCount(piece);
                progress?.Report(new BuildProgress(BuildPhase.Encoding, bytes, survey.Bytes));
            }
        }
    }

    private static SortedDictionary<string, SplitEntry> Complete(Dictionary<string, SplitWriter> writers)
    {
        SortedDictionary<string, SplitEntry> splits = new(StringComparer.Ordinal);
        foreach ((string split, SplitWriter writer) in writers)
        {
            if (writer.Tokens > 0) splits.Add(split, writer.Complete());
        }
        if (splits.ContainsKey(SplitNames.Train)) return splits;
        throw new InputException("Nothing is left for the train split: give more text, or ask for a smaller validation share.");
    }

    private static InputException Changed() =>
        new("The documents changed while they were being read: run this again when nothing writes to them.");
}
