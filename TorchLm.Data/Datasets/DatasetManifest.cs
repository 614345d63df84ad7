using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using TorchLm.Core;
using TorchLm.Data.Shards;

namespace TorchLm.Data.Datasets;

/// <summary>
/// <c>dataset.json</c>: how a data set was made and what is in it. It is the last file to be written, so a folder in which it is
/// missing was not made to the end (or not by TorchLm).
/// </summary>
/// <param name="FormatVersion">The layout of this file, <see cref="CurrentVersion"/>.</param>
/// <param name="Tokenizer">What turned text into ids.</param>
/// <param name="Sources">Where the text came from, in the order in which it was read.</param>
/// <param name="SplitRule">How documents were divided.</param>
/// <param name="Splits">What each split holds, by its name: <c>train</c>, <c>val</c>, <c>test</c>.</param>
/// <param name="Preparation">What reading and cleaning did; null in data sets of versions that did not say.</param>
/// <param name="Mixture">How often each source is met in training; null where each is as often as it has tokens.</param>
public sealed partial record DatasetManifest(
    int FormatVersion,
    TokenizerEntry Tokenizer,
    IReadOnlyList<SourceEntry> Sources,
    SplitRuleEntry SplitRule,
    IReadOnlyDictionary<string, SplitEntry> Splits,
    PreparationEntry? Preparation = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<MixtureEntry>? Mixture = null)
{
    /// <summary>The version that this program writes, and the highest that it reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The file's name.</summary>
    public const string FileName = "dataset.json";

    private const long SizeLimit = 64 << 20; // ten thousand shards take 2 MB

    /// <summary>Writes the file under a temporary name, flushes it to the disk and renames it.</summary>
    /// <param name="folder">The data set's folder.</param>
    public void Save(string folder)
    {
        string path = Path.Combine(folder, FileName), temporary = path + TokenShardWriter.TemporarySuffix;
        using (FileStream file = File.Create(temporary))
        {
            JsonSerializer.Serialize(file, this, ManifestJson.Default.DatasetManifest);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads a folder's <c>dataset.json</c>, which may come from a stranger: whatever else relies on is checked here.</summary>
    /// <exception cref="InputException">It cannot be read, is not such a file, contradicts itself, or is of a newer version.</exception>
    public static DatasetManifest Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > SizeLimit)
            {
                throw new InputException($"'{path}' has {file.Length >> 20} MB, more than the description of a data set can need: make the data set again.");
            }
            DatasetManifest manifest = JsonSerializer.Deserialize(file, ManifestJson.Default.DatasetManifest)
                ?? throw new InputException($"'{path}' holds nothing: make the data set again.");
            if (manifest.FormatVersion is < 1 or > CurrentVersion)
            {
                throw new InputException($"'{path}' has format version {manifest.FormatVersion}, but this program reads up to " +
                    $"{CurrentVersion}: use a newer program, or make the data set again.");
            }
            if (ManifestRules.WhatIsWrong(manifest) is { } wrong) throw new InputException($"'{path}' cannot be used: {wrong}; make the data set again.");
            return manifest;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException) // the latter where a text is half of a surrogate pair
        {
            throw new InputException($"'{path}' is not a description of a data set ({WhatFailed(failure)}): make the data set again.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read '{path}': {failure.Message}", failure);
        }
    }

    /// <summary>What does not fit, in the file's own terms instead of the parser's.</summary>
    private static string WhatFailed(Exception failure)
    {
        if (failure is not JsonException json) return "a text in it is not valid Unicode";
        string line = json.LineNumber is { } number ? $"line {number + 1}" : "one of its lines";
        string field = json.Path?.TrimStart('$', '.') ?? "";
        if (json.InnerException is JsonException) return $"{line} is not valid JSON";
        Match missing = MissingFields().Match(json.Message);
        if (missing.Success) return $"{(field.Length == 0 ? "it" : Shown.Of(field))} lacks {missing.Groups[1].Value.Replace("'", "", StringComparison.Ordinal)}";
        return field.Length == 0 ? $"{line} is not what it should be" : $"{Shown.Of(field)} in {line} is not what it should be";
    }

    [GeneratedRegex("missing required properties including: (.*?)\\.$")]
    private static partial Regex MissingFields();
}

/// <summary>The tokenizer of a data set; <c>tokenizer.json</c> lies beside <c>dataset.json</c>.</summary>
/// <param name="Kind"><c>char</c>, <c>bpe</c>, <c>cl100k_base</c> or <c>o200k_base</c>.</param>
/// <param name="VocabularySize">Number of ids.</param>
public sealed record TokenizerEntry(string Kind, int VocabularySize);

/// <summary>A file, folder or other origin of text.</summary>
/// <param name="Path">The path as it was given, or a name.</param>
/// <param name="Bytes">Bytes of UTF-8 text.</param>
/// <param name="Documents">Number of documents that hold text.</param>
public sealed record SourceEntry(string Path, long Bytes, long Documents);

/// <summary>A source of a mixture.</summary>
/// <param name="Name">The name of its shards' <see cref="ShardEntry.Source"/>.</param>
/// <param name="Path">The path as it was given.</param>
/// <param name="Share">Its share of the samples that training reads, in (0, 1]; the shares of all sources sum to 1.</param>
/// <param name="Tokens">Its tokens in the train split.</param>
public sealed record MixtureEntry(string Name, string Path, double Share, long Tokens)
{
    /// <summary>The smallest share that a source can have.</summary>
    public const double SmallestShare = 0.001;
}

/// <summary>How documents were divided between the splits.</summary>
/// <param name="Kind">
/// <c>document</c> (by a hash of each text), <c>position</c> (one document, its last part) or <c>explicit</c> (by the source).
/// </param>
/// <param name="ValFraction">The share asked for the validation split; null where the source divided.</param>
/// <param name="Seed">The hash's seed; null where there was none.</param>
/// <param name="TestFraction">The share asked for the test split; null where none was.</param>
public sealed record SplitRuleEntry(string Kind, double? ValFraction, long? Seed, double? TestFraction = null);

/// <summary>One split of a data set.</summary>
/// <param name="Tokens">Number of tokens, ends of text included.</param>
/// <param name="Documents">Number of documents, whole or in part.</param>
/// <param name="Bytes">
/// Bytes of UTF-8 text. With them a loss becomes bits per byte: nats per token × tokens / bytes / ln 2.
/// </param>
/// <param name="EntropyNats">
/// Where the source knows it, the sum over the split's documents of −ln p: what the best possible model would lose in total, in
/// nats.
/// </param>
/// <param name="Shards">The split's files, in order.</param>
public sealed record SplitEntry(long Tokens, long Documents, long Bytes, double? EntropyNats, IReadOnlyList<ShardEntry> Shards);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DatasetManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
