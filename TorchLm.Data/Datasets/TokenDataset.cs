using System.Security.Cryptography;
using System.Text;
using TorchLm.Core;
using TorchLm.Data.Shards;

namespace TorchLm.Data.Datasets;

/// <summary>
/// A folder of token shards: one that <c>torchlm prepare</c> made, with its <c>dataset.json</c>; llm.c's shards; or nanoGPT's
/// <c>train.bin</c> and <c>val.bin</c>. Opening it reads the shards' headers only.
/// </summary>
public sealed class TokenDataset
{
    /// <summary>A file that is there as long as a data set is being made: a folder with it is not complete.</summary>
    internal const string UnfinishedMarker = "dataset.unfinished";

    /// <summary>The tokenizer's file within a data set's folder.</summary>
    internal const string TokenizerFileName = "tokenizer.json";

    private TokenDataset(string folder, DatasetManifest? manifest, IReadOnlyList<DatasetSplit> splits)
    {
        Folder = folder;
        Manifest = manifest;
        Splits = splits;
        Train = splits.FirstOrDefault(split => split.Name == SplitNames.Train)
            ?? throw new InputException($"The data set '{folder}' has no train split (only " +
                $"{string.Join(", ", splits.Select(split => split.Name))}): " +
                "add shards called NAME_train_000001.bin, or make the set with `torchlm prepare`.");
        string tokenizer = Path.Combine(folder, TokenizerFileName);
        TokenizerFile = File.Exists(tokenizer) ? tokenizer : null;
        if (manifest is not null && TokenizerFile is null)
        {
            throw new InputException($"The data set '{folder}' lacks its {TokenizerFileName}: make it again with `torchlm " +
                "prepare`.");
        }
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>How the set was made; null for sets of other programs.</summary>
    public DatasetManifest? Manifest { get; }

    /// <summary>The path of <c>tokenizer.json</c>; null where there is none.</summary>
    public string? TokenizerFile { get; }

    /// <summary>The splits that exist, in the order train, val, test.</summary>
    public IReadOnlyList<DatasetSplit> Splits { get; }

    /// <summary>What the model is trained on.</summary>
    public DatasetSplit Train { get; }

    /// <summary>What its progress is measured on; null where the set has no such split.</summary>
    public DatasetSplit? Val => Splits.FirstOrDefault(split => split.Name == SplitNames.Val);

    /// <summary>The split called <paramref name="name"/>.</summary>
    /// <exception cref="InputException">The set has no such split.</exception>
    public DatasetSplit GetSplit(string name) => Splits.FirstOrDefault(split => split.Name == name)
        ?? throw new InputException($"The data set '{Folder}' has no split '{name}': it has " +
            $"{string.Join(", ", Splits.Select(split => split.Name))}.");

    /// <summary>Opens a data set's folder.</summary>
    /// <exception cref="InputException">There is no such folder, or what is in it is not a complete data set.</exception>
    public static TokenDataset Open(string folder)
    {
        try
        {
            return OpenFolder(folder);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new InputException($"Cannot read the data set '{folder}': {failure.Message}", failure);
        }
    }

    /// <summary>Whether a folder holds a data set whose making was cut short.</summary>
    public static bool IsUnfinished(string folder) => File.Exists(Path.Combine(folder, UnfinishedMarker));

    private static TokenDataset OpenFolder(string folder)
    {
        if (File.Exists(folder))
        {
            throw new InputException($"'{folder}' is a file, but a data set is a folder of shards: make one with `torchlm " +
                "prepare`.");
        }
        if (!Directory.Exists(folder))
        {
            throw new InputException($"There is no folder '{folder}': check the path, or make a data set with `torchlm " +
                "prepare`.");
        }
        if (IsUnfinished(folder))
        {
            throw new InputException($"The data set '{folder}' was not made to the end (it holds {UnfinishedMarker}): run " +
                "`torchlm prepare` again.");
        }
        return File.Exists(Path.Combine(folder, DatasetManifest.FileName)) ? OpenDescribed(folder) : OpenForeign(folder);
    }

    /// <summary>A SHA-256 of what the set says of its shards, by which another set in its place is recognised; null where it has no <c>dataset.json</c>.</summary>
    public string? Identity => Manifest is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n',
        Manifest.Splits.OrderBy(split => split.Key, StringComparer.Ordinal).SelectMany(split => split.Value.Shards.Select(shard => $"{split.Key} {shard.Sha256}"))))));

    /// <summary>Compares every shard with the SHA-256 in <c>dataset.json</c>; reads the whole set.</summary>
    /// <exception cref="InputException">A shard differs, or the set has no <c>dataset.json</c>.</exception>
    public void VerifyChecksums()
    {
        if (Manifest is null)
        {
            throw new InputException($"The data set '{Folder}' has no {DatasetManifest.FileName}, so there are no checksums to " +
                "verify.");
        }
        foreach (ShardEntry shard in Manifest.Splits.Values.SelectMany(split => split.Shards))
        {
            string path = Path.Combine(Folder, shard.File);
            if (HashOf(path) == shard.Sha256) continue;
            throw new InputException($"The token file '{path}' is damaged: its SHA-256 is not the one in " +
                $"{DatasetManifest.FileName}; copy or make the data set again.");
        }
    }

    private static string HashOf(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read the token file '{path}': {failure.Message}", failure);
        }
    }

    private static TokenDataset OpenDescribed(string folder)
    {
        DatasetManifest manifest = DatasetManifest.Load(folder);
        List<DatasetSplit> splits = [];
        foreach (string name in SplitNames.All)
        {
            if (!manifest.Splits.TryGetValue(name, out SplitEntry? entry) || entry.Shards.Count == 0) continue;
            List<SplitShard> shards = [.. entry.Shards.Select(shard => OpenDescribed(folder, shard))];
            splits.Add(new DatasetSplit(name, folder, shards, entry.Documents, entry.Bytes, entry.EntropyNats,
                name == SplitNames.Train ? SourcesOf(manifest, entry, folder) : null));
        }
        return new TokenDataset(folder, manifest, splits);
    }

    private static SplitSource[]? SourcesOf(DatasetManifest manifest, SplitEntry train, string folder)
    {
        if (manifest.Mixture is not { } mixture) return null;
        List<SplitSource> sources = [];
        int next = 0;
        foreach (MixtureEntry entry in mixture)
        {
            int first = next;
            while (next < train.Shards.Count && train.Shards[next].Source == entry.Name) next++;
            sources.Add(new SplitSource(entry.Name, entry.Share, first, next - first));
        }
        if (next == train.Shards.Count && sources.All(source => source.ShardCount > 0 && source.Share >= 0.9 * MixtureEntry.SmallestShare) &&
            Math.Abs(sources.Sum(source => source.Share) - 1) < 1e-6)
        {
            return [.. sources];
        }
        throw new InputException($"The mixture in {DatasetManifest.FileName} of '{folder}' does not fit its shards: make the data set again.");
    }

    private static SplitShard OpenDescribed(string folder, ShardEntry entry)
    {
        string path = Path.Combine(folder, entry.File);
        if (!File.Exists(path))
        {
            throw new InputException($"{DatasetManifest.FileName} in '{folder}' lists the shard '{entry.File}', but it is not " +
                "there: copy or make the data set again.");
        }
        long tokens = ShardLayout.Read(path).Tokens;
        if (tokens != entry.Tokens)
        {
            throw new InputException($"The token file '{path}' has {tokens} tokens, but {DatasetManifest.FileName} says " +
                $"{entry.Tokens}: copy or make the data set again.");
        }
        return new SplitShard(path, tokens);
    }

    private static TokenDataset OpenForeign(string folder)
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        Dictionary<string, List<SplitShard>> shards = [];
        foreach (string path in Directory.EnumerateFiles(folder, "*.bin").Order(StringComparer.Ordinal))
        {
            string file = Path.GetFileName(path);
            if (!ShardName.TryParse(file, out string name, out string split))
            {
                if (!ShardName.IsHeaderless(file)) continue;
                (name, split) = ("train.bin/val.bin", Path.GetFileNameWithoutExtension(file));
            }
            names.Add(name);
            if (!shards.TryGetValue(split, out List<SplitShard>? list)) shards[split] = list = [];
            list.Add(new SplitShard(path, ShardLayout.Read(path).Tokens));
        }

        if (names.Count == 0)
        {
            throw new InputException($"There are no token shards in '{folder}' (NAME_train_000001.bin or train.bin): make them " +
                "with `torchlm prepare`.");
        }
        if (names.Count > 1)
        {
            throw new InputException($"The folder '{folder}' holds shards of several data sets ({string.Join(", ", names)}): " +
                "keep each in a folder of its own.");
        }
        return new TokenDataset(folder, manifest: null, [.. SplitNames.All.Where(shards.ContainsKey)
            .Select(split => new DatasetSplit(split, folder, shards[split], Documents: null, Bytes: null, EntropyNats: null))]);
    }
}
