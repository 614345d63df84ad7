using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Data;
using TorchLm.Data.Datasets;
using TorchLm.Train.Reporting;

namespace TorchLm.Train.Commands;

/// <summary>How much there is to train on, known before the data is prepared.</summary>
/// <param name="Tokens">Tokens of the train split.</param>
/// <param name="Vocabulary">Ids of the tokenizer.</param>
/// <param name="IsExact">Whether they were counted; of much text they are guessed from its size.</param>
internal sealed record PlannedData(long Tokens, int Vocabulary, bool IsExact)
{
    /// <summary>Text up to this size is prepared for the plan, which takes seconds.</summary>
    private const long PreparedBytes = 16 << 20;

    /// <summary>Bytes of English text a token, and ids, of each kind of tokenizer.</summary>
    private static readonly Dictionary<string, (double BytesPerToken, int Vocabulary)> s_kinds = new()
    {
        ["char"] = (1, 128),
        ["bpe"] = (3.7, 0), // as many ids as the configuration says
        ["cl100k_base"] = (4.5, 100_277),
        ["o200k_base"] = (4.6, 200_019),
    };

    public static PlannedData Of(RunConfig config, CancellationToken cancel)
    {
        if (Bytes(config.Data.Path) is > PreparedBytes and { } bytes)
        {
            (double perToken, int ids) = s_kinds.GetValueOrDefault(config.Data.Tokenizer, (4, 50_304));
            if (ids == 0) ids = config.Data.VocabularySize;
            return new PlannedData((long)(bytes * (1 - config.Data.ValidationFraction) / perToken), config.Model.VocabularySize is > 0 and { } said ? said : ids, IsExact: false);
        }
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("torchlm-plan-");
        try
        {
            using var progress = new BuildProgressLine();
            TokenDataset dataset = RunData.Open(config, Path.Combine(temporary.FullName, "data"), Console.Error.WriteLine, progress, cancel);
            int ids = config.Model.VocabularySize > 0 ? config.Model.VocabularySize : RunData.Tokenizer(dataset) is { } tokenizer ? tokenizer.VocabularySize
                : throw new InputException($"The data set '{dataset.Folder}' has no tokenizer.json: say how many ids there are, for example --set model.vocabularySize=50257.");
            return new PlannedData(dataset.Train.Tokens, ids, IsExact: true);
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    /// <summary>Bytes of text that would have to be prepared; null where there are shards, or nothing was named.</summary>
    private static long? Bytes(string? path)
    {
        if (path is null || File.Exists(Path.Combine(path, DatasetManifest.FileName))) return null;
        if (File.Exists(path)) return new FileInfo(path).Length;
        if (!Directory.Exists(path) || Directory.EnumerateFiles(path, "*.bin").Any()) return null;
        return new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
    }
}
