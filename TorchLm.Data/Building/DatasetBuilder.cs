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
/// The documents are read two or three times rather than held in memory: to count and check them, to make the tokenizer where it
/// comes from the text, and to encode them. So the user's mistakes are found before the first file is written.
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
    public static BuildReport Build(
        IEnumerable<Document> documents, TokenizerSource tokenizerSource, SplitRule rule, string folder,
        BuildOptions? options = null, IProgress<BuildProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new BuildOptions();
        Stopwatch watch = Stopwatch.StartNew();
        using OutputFolder output = OutputFolder.Open(folder, options.Overwrite);
        CorpusSurvey survey = CorpusSurvey.Of(documents, rule.Seed ?? 0, progress, cancellation);
        ITokenizer tokenizer = tokenizerSource.Make(ReadText(documents, survey, progress, cancellation), cancellation);

        output.Begin();
        using SplitSetWriter writer = new(output, tokenizer, options.MaxTokensPerShard);
        SplitPlan plan = SplitPlan.Make(rule, survey);
        Encode(documents, plan, survey, writer, progress, cancellation);
        DatasetManifest manifest = new(DatasetManifest.CurrentVersion,
            new TokenizerEntry(tokenizer.Kind, tokenizer.VocabularySize), survey.Sources, plan.Entry, writer.Complete());
        tokenizer.Save(Path.Combine(folder, TokenDataset.TokenizerFileName));
        manifest.Save(folder);
        output.Complete();
        return new BuildReport(folder, manifest, watch.Elapsed);
    }

    // What a tokenizer is made from, in pieces that hold whole words.
    private static IEnumerable<string> ReadText(IEnumerable<Document> documents, CorpusSurvey survey,
        IProgress<BuildProgress>? progress, CancellationToken cancellation)
    {
        long bytes = 0;
        foreach (string piece in documents.SelectMany(document => TextPieces.CutSafely(document.ReadPieces())))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return piece;
            bytes += Encoding.UTF8.GetByteCount(piece);
            progress?.Report(new BuildProgress(BuildPhase.Tokenizer, bytes, survey.Bytes));
        }
    }

    private static void Encode(IEnumerable<Document> documents, SplitPlan plan, CorpusSurvey survey, SplitSetWriter writer,
        IProgress<BuildProgress>? progress, CancellationToken cancellation)
    {
        long number = 0, bytes = 0;
        foreach (Document document in documents)
        {
            if (number == survey.Hashes.Count) throw Changed();
            foreach (DocumentPart part in plan.PartsOf(number, document)) writer.Write(part with { Pieces = Counted(part.Pieces) });
            number++;
        }
        if (number != survey.Hashes.Count || bytes != survey.Bytes) throw Changed();

        IEnumerable<string> Counted(IEnumerable<string> pieces)
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

    private static InputException Changed() =>
        new("The documents changed while they were being read: run this again when nothing writes to them.");
}
