using System.Diagnostics;
using System.Text;
using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>
/// Turns documents into a folder of token shards with <c>tokenizer.json</c> and <c>dataset.json</c>, from which <see cref="TokenDataset"/> reads.
/// </summary>
/// <remarks>
/// Three passes, each over a file: documents are read, cleaned and stored; the tokenizer is made of what is stored, where it is made of the text; what is
/// stored is encoded. So the user's mistakes are found before the first shard is written, memory does not grow with the corpus, and a build that was
/// stopped goes on behind its last finished pass or shard. Nothing depends on the number of threads.
/// </remarks>
public static class DatasetBuilder
{
    /// <summary>Builds a data set.</summary>
    /// <param name="documents">The documents; read once.</param>
    /// <param name="tokenizerSource">The tokenizer.</param>
    /// <param name="rule">How documents are divided between the splits.</param>
    /// <param name="folder">Where the set is written; created if missing. Its name is the set's.</param>
    /// <param name="options">Settings that rarely change.</param>
    /// <param name="progress">Told how far the build is.</param>
    /// <param name="cancellation">Stops the build; what was written is removed, or kept to go on from where the options say so.</param>
    /// <exception cref="InputException">
    /// Nothing of the input can be used, or it cannot be encoded, nothing is left for training, or the folder cannot be used.
    /// </exception>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public static BuildReport Build(IEnumerable<Document> documents, TokenizerSource tokenizerSource, SplitRule rule, string folder,
        BuildOptions? options = null, IProgress<BuildProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new BuildOptions();
        using OutputFolder output = OutputFolder.Open(folder, options.Overwrite);
        using WorkFolder work = WorkFolder.Open(output.Location, options.Request);
        try
        {
            BuildReport report = new Build(output, work, rule, options, progress, cancellation).Run(documents, tokenizerSource);
            work.Remove();
            return report;
        }
        catch (Exception failure)
        {
            // The user's mistake leaves nothing; whatever else stopped the build may pass, and what can be gone on with is kept.
            bool kept = failure is not InputException && options.Request is not null && CanGoOn(folder);
            if (kept) output.Keep();
            else work.Remove();
            if (!IsOfWriting(failure)) throw;
            throw new IOException($"Cannot write the data set to '{folder}' ({failure.Message.TrimEnd('.')}): make room, and run the same command again{(kept ? ", which goes on where it stopped" : "")}.", failure);
        }
    }

    /// <summary>Whether a stopped build left something in a folder that the same build would go on with.</summary>
    public static bool CanGoOn(string folder) => File.Exists(Path.Combine(folder, WorkFolder.Name, WorkFolder.CorpusFile));

    // A file that is too large for its file system (4 GB for FAT32's) .NET reports as an argument out of range.
    private static bool IsOfWriting(Exception failure) => failure is IOException or ArgumentOutOfRangeException { ParamName: "value" };
}

/// <summary>One run of <see cref="DatasetBuilder"/>.</summary>
internal sealed class Build(
    OutputFolder output, WorkFolder work, SplitRule rule, BuildOptions options, IProgress<BuildProgress>? progress, CancellationToken cancellation)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly int _threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;

    /// <summary>Runs it.</summary>
    public BuildReport Run(IEnumerable<Document> documents, TokenizerSource tokenizerSource)
    {
        CollectedCorpus? before = work.LoadCorpus();
        CollectedCorpus corpus = before ?? Collect(documents);
        TimeSpan collected = _watch.Elapsed;
        ITokenizer tokenizer = work.LoadTokenizer() ?? Make(tokenizerSource, corpus);
        TimeSpan made = _watch.Elapsed;

        options.Mixture?.Check(corpus);
        SplitPlan plan = SplitPlan.Make(rule, corpus);
        output.Begin(keepShards: work.HasBegunEncoding);
        work.NoteEncoding();
        using SplitSetWriter writer = new(output, work, tokenizer.VocabularySize, options.MaxTokensPerShard, bySource: options.Mixture is not null);
        Encode(plan, tokenizer, writer, corpus);
        var manifest = new DatasetManifest(DatasetManifest.CurrentVersion, new TokenizerEntry(tokenizer.Kind, tokenizer.VocabularySize), corpus.Sources,
            plan.Entry, writer.Complete(), corpus.Preparation);
        if (options.Mixture is { } mixture) manifest = manifest with { Mixture = mixture.Resolve(manifest) };
        tokenizer.Save(Path.Combine(output.Location, TokenDataset.TokenizerFileName));
        manifest.Save(output.Location);
        output.Complete();
        TimeSpan all = _watch.Elapsed;
        return new BuildReport(output.Location, manifest, all, new Dictionary<BuildPhase, TimeSpan>
        {
            [BuildPhase.Reading] = collected, [BuildPhase.Tokenizer] = made - collected, [BuildPhase.Encoding] = all - made,
        }, Continued: before is not null);
    }

    private CollectedCorpus Collect(IEnumerable<Document> documents)
    {
        var collector = new CorpusCollector(options.Preparation, work.ObservedFile, rule.Seed ?? 0, _threads, Report, cancellation);
        CollectedCorpus corpus;
        try
        {
            corpus = collector.Collect(documents, work.DocumentsFile);
        }
        catch
        {
            work.RemoveDocuments(); // half of them are of no use, and perhaps fill the disk
            throw;
        }
        if (corpus.Bytes == 0)
        {
            string why = collector.Summary;
            throw new InputException("The input holds no text" + (why.Length > 0 ? $" that can be used ({why})" : "") + ": name files with text in them.");
        }
        work.Save(corpus);
        return corpus;

        void Report(long bytes) => progress?.Report(new BuildProgress(BuildPhase.Reading, bytes, options.ShareRead?.Invoke(), 0));
    }

    private ITokenizer Make(TokenizerSource source, CollectedCorpus corpus)
    {
        ITokenizer tokenizer = source.Make(Texts(), corpus.Documents > 1, _threads, cancellation);
        if (source.IsMadeOfText) work.Save(tokenizer);
        return tokenizer;

        IEnumerable<string> Texts()
        {
            long bytes = 0;
            foreach (StoredDocument document in Stored(corpus))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return document.Text;
                bytes += document.Utf8.Length;
                progress?.Report(new BuildProgress(BuildPhase.Tokenizer, bytes, (double)bytes / corpus.Bytes, 0));
            }
        }
    }

    private IEnumerable<StoredDocument> Stored(CollectedCorpus corpus)
    {
        HashSet<long> removed = [.. corpus.Removed];
        return DocumentStore.Read(work.DocumentsFile).Where(document => !removed.Contains(document.Number));
    }

    // Each document begins with the end-of-text id, as in GPT-2's data: it stands between documents and says that what follows is a new one.
    private void Encode(SplitPlan plan, ITokenizer tokenizer, SplitSetWriter writer, CollectedCorpus corpus)
    {
        long bytes = 0;
        IEnumerable<DocumentPart> parts = Stored(corpus).SelectMany(plan.PartsOf).Where(IsNew);
        IEnumerable<List<DocumentPart>> batches = OrderedParallel.Batches(parts, part => part.Text.Length);
        foreach (List<(DocumentPart Part, int[] Ids)> batch in OrderedParallel.Select(batches, EncodeAll, _threads, cancellation))
        {
            foreach ((DocumentPart part, int[] ids) in batch)
            {
                writer.Write(part, ids);
                bytes += Encoding.UTF8.GetByteCount(part.Text);
            }
            progress?.Report(new BuildProgress(BuildPhase.Encoding, bytes, (double)bytes / corpus.Bytes, writer.Tokens));
        }

        bool IsNew(DocumentPart part)
        {
            bool isNew = !writer.Holds(part);
            if (!isNew) bytes += Encoding.UTF8.GetByteCount(part.Text);
            return isNew;
        }

        List<(DocumentPart Part, int[] Ids)> EncodeAll(List<DocumentPart> batch) => [.. batch.Select(part => (part, EncodePart(part)))];

        int[] EncodePart(DocumentPart part)
        {
            try
            {
                int[] ids = tokenizer.Encode(part.Text);
                return part.Begins && tokenizer.EndOfTextId is { } endOfText ? [endOfText, .. ids] : ids;
            }
            catch (TokenizerException failure)
            {
                throw new InputException($"'{part.Name}' cannot be encoded: {failure.Message}", failure);
            }
        }
    }
}
