using System.Text.Json;
using System.Text.Json.Serialization;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Data.Datasets;
using TorchLm.Tokenizers;

namespace TorchLm.Data.Building;

/// <summary>
/// Where a build keeps what it has done so far, within the output folder, so that the same build, run again after it was stopped, goes on from there.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    /// <summary>The folder's name within the output folder.</summary>
    public const string Name = ".prepare";

    /// <summary>What says that all documents are collected.</summary>
    public const string CorpusFile = "corpus.json";

    private const string RequestFile = "request.txt", LockFile = "lock";

    private readonly FileStream _lock;

    private WorkFolder(string location, FileStream hold) => (Location, _lock) = (location, hold);

    /// <summary>The folder.</summary>
    public string Location { get; }

    /// <summary>The documents that are left after cleaning.</summary>
    public string DocumentsFile => Path.Combine(Location, "documents.bin");

    /// <summary>Documents between two passes of cleaning.</summary>
    public string ObservedFile => Path.Combine(Location, "observed.bin");

    private string TokenizerFilePath => Path.Combine(Location, TokenDataset.TokenizerFileName);

    /// <summary>Opens or makes the folder; what another build left in it is removed.</summary>
    /// <param name="output">The output folder.</param>
    /// <param name="request">Everything that the result depends on; null for a build that never goes on.</param>
    /// <exception cref="InputException">Another process is building there.</exception>
    public static WorkFolder Open(string output, string? request)
    {
        string location = Path.Combine(output, Name);
        Directory.CreateDirectory(location);
        FileStream hold;
        try
        {
            hold = new FileStream(Path.Combine(location, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure)
        {
            throw new InputException($"Another process is making a data set in '{output}': wait for it, or name another folder.", failure);
        }
        string requestFile = Path.Combine(location, RequestFile);
        bool continues = request is not null && File.Exists(requestFile) && File.ReadAllText(requestFile) == request;
        if (!continues)
        {
            foreach (string file in Directory.GetFiles(location).Where(file => Path.GetFileName(file) != LockFile)) File.Delete(file);
            if (request is not null) DurableFile.WriteText(requestFile, request);
        }
        return new WorkFolder(location, hold);
    }

    /// <summary>The corpus that was collected before; null where it was not, or not to the end.</summary>
    public CollectedCorpus? LoadCorpus() => Load(CorpusFile, WorkJson.Default.CollectedCorpus) is { Documents: >= 0, Characters: >= 0, Bytes: > 0 } corpus &&
        corpus.Sources.All(source => source is { Bytes: >= 0, Documents: >= 0 }) && !ManifestRules.HasNull(corpus.Preparation) ? corpus : null;

    /// <summary>Says that the documents are collected.</summary>
    public void Save(CollectedCorpus corpus) => Save(CorpusFile, corpus, WorkJson.Default.CollectedCorpus);

    /// <summary>Whether the same build had begun to write shards, so that those in the output folder are its own.</summary>
    public bool HasBegunEncoding => File.Exists(EncodingNote);

    private string EncodingNote => Path.Combine(Location, "encoding");

    /// <summary>Says that shards are being written.</summary>
    public void NoteEncoding() => DurableFile.WriteText(EncodingNote, "");

    /// <summary>The tokenizer that was made before; null where there is none.</summary>
    public ITokenizer? LoadTokenizer() => File.Exists(TokenizerFilePath) ? TokenizerFile.Load(TokenizerFilePath) : null;

    /// <summary>Keeps a tokenizer that was made from the text.</summary>
    public void Save(ITokenizer tokenizer) => tokenizer.Save(TokenizerFilePath);

    /// <summary>How far the shards of a split are; null where none is finished.</summary>
    public SplitProgress? LoadProgress(string split) => Load(split + ".json", WorkJson.Default.SplitProgress)
        is { Parts: >= 0, TokensOfPart: >= 0, Documents: >= 0, Bytes: >= 0 } progress && progress.Shards.All(shard => shard is { Tokens: > 0 }) ? progress : null;

    /// <summary>Says how far the shards of a split are.</summary>
    public void Save(string split, SplitProgress progress) => Save(split + ".json", progress, WorkJson.Default.SplitProgress);

    /// <summary>Removes stored documents.</summary>
    public void RemoveDocuments()
    {
        foreach (string file in (string[])[DocumentsFile, ObservedFile]) File.Delete(file);
    }

    /// <summary>Removes the folder and everything in it.</summary>
    public void Remove()
    {
        Dispose();
        Directory.Delete(Location, recursive: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    // A note that is not whole is as good as none: what it would have said is done again.
    private T? Load<T>(string name, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        string path = Path.Combine(Location, name);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), type) : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException) // the latter where a text is half of a surrogate pair
        {
            return null;
        }
    }

    private void Save<T>(string name, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        DurableFile.Write(Path.Combine(Location, name), stream => JsonSerializer.Serialize(stream, value, type));
}

[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CollectedCorpus))]
[JsonSerializable(typeof(SplitProgress))]
internal sealed partial class WorkJson : JsonSerializerContext;
