using System.Diagnostics;
using TorchLm.Data.Building;
using TorchLm.Data.Cleaning;
using TorchLm.Data.Deduplication;
using TorchLm.Data.Reading;
using TorchLm.Tokenizers;

namespace TorchLm.Benchmarks;

/// <summary>What the data path took for a corpus.</summary>
/// <param name="Bytes">Bytes of text.</param>
/// <param name="Documents">How many documents there are.</param>
/// <param name="Cleaning">Seconds for reading, all cleaning steps for web text and exact de-duplication.</param>
/// <param name="NearDuplicates">Seconds that looking for near duplicates adds.</param>
/// <param name="Training">Seconds for training the vocabulary.</param>
/// <param name="Encoding">Seconds for encoding and writing shards.</param>
/// <param name="Prepare">Seconds for all of it, one after the other, as <c>torchlm prepare</c> does it.</param>
/// <param name="PeakBytes">Most memory that the process had, in bytes.</param>
public sealed record DataTimes(long Bytes, long Documents, double Cleaning, double NearDuplicates, double Training, double Encoding, double Prepare, long PeakBytes);

/// <summary>Times the way from files of text to shards on a made-up corpus.</summary>
public static class DataBenchmark
{
    /// <summary>Times it.</summary>
    /// <param name="folder">Where the corpus is made, unless it is there, and data sets for as long as they are needed.</param>
    /// <param name="megabytes">Size of the corpus in MB (10^6 bytes).</param>
    /// <param name="vocabularySize">Tokens that are trained.</param>
    /// <param name="threads">Threads to work with.</param>
    /// <param name="cancellation">Stops it.</param>
    public static DataTimes Run(string folder, int megabytes, int vocabularySize, int threads, CancellationToken cancellation = default)
    {
        string corpus = CorpusOf(folder, megabytes);
        BuildReport whole = Build(corpus, folder, vocabularySize, threads, near: true, cancellation);
        long peak = Process.GetCurrentProcess().PeakWorkingSet64;
        // Once more without looking for near duplicates, up to where that makes a difference.
        BuildReport without = Build(corpus, folder, 300, threads, near: false, cancellation);
        double cleaning = Seconds(without, BuildPhase.Reading);
        return new DataTimes(whole.Manifest.Preparation!.BytesRead, whole.Manifest.Preparation.DocumentsRead, cleaning, Seconds(whole, BuildPhase.Reading) - cleaning,
            Seconds(whole, BuildPhase.Tokenizer), Seconds(whole, BuildPhase.Encoding), whole.Duration.TotalSeconds, peak);
    }

    /// <summary>The corpus of a size, made unless it is there.</summary>
    public static string CorpusOf(string folder, int megabytes)
    {
        string path = Path.Combine(folder, $"corpus-{megabytes}.jsonl");
        if (File.Exists(path)) return path;
        Directory.CreateDirectory(folder);
        SyntheticCorpus.Write(path + ".tmp", megabytes * 1_000_000L);
        File.Move(path + ".tmp", path);
        return path;
    }

    private static BuildReport Build(string corpus, string folder, int vocabularySize, int threads, bool near, CancellationToken cancellation)
    {
        string output = Path.Combine(folder, $"set.{Environment.ProcessId}");
        var options = new BuildOptions(Overwrite: true, Threads: threads)
        {
            Preparation = new PreparationOptions(CleaningSteps.Create(CleaningSteps.Web, new CleaningOptions()), ExactDuplicates: true, near ? new NearDuplicateOptions() : null),
        };
        try
        {
            return DatasetBuilder.Build(TextInput.Find([corpus]).Read(), TokenizerSource.TrainedBpe(new BpeTrainerOptions(vocabularySize)), SplitRule.ByFraction(0.01), output,
                options, cancellation: cancellation);
        }
        finally
        {
            if (Directory.Exists(output)) Directory.Delete(output, recursive: true);
        }
    }

    private static double Seconds(BuildReport report, BuildPhase phase) => report.Phases[phase].TotalSeconds;
}
