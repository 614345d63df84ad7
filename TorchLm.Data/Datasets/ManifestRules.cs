using TorchLm.Data.Shards;

namespace TorchLm.Data.Datasets;

/// <summary>What must hold in a <c>dataset.json</c> beyond the types of its fields.</summary>
internal static class ManifestRules
{
    /// <summary>The first rule that is broken, as a part of a sentence; null where none is.</summary>
    public static string? WhatIsWrong(DatasetManifest manifest)
    {
        if (manifest.Tokenizer.VocabularySize < 1) return $"its tokenizer has {manifest.Tokenizer.VocabularySize} ids";
        if (manifest.Sources.Any(source => source is null)) return "one of its sources is null";
        if (manifest.Mixture is { } mixture && mixture.Any(entry => entry is null)) return "one of the sources of its mixture is null";
        if (manifest.Preparation is { } preparation && HasNull(preparation)) return "a part of its preparation is null";
        foreach ((string name, SplitEntry split) in manifest.Splits)
        {
            if (!SplitNames.All.Contains(name)) return $"it has a split '{Shown.Of(name)}', but splits are called {string.Join(", ", SplitNames.All)}";
            if (split is null) return $"its {name} split is null";
            if (Of(split) is { } wrong) return $"its {name} split {wrong}";
        }
        string? twice = manifest.Splits.Values.SelectMany(split => split.Shards).GroupBy(shard => shard.File).FirstOrDefault(files => files.Skip(1).Any())?.Key;
        return twice is null ? null : $"it lists the shard '{Shown.Of(twice)}' twice";
    }

    private static string? Of(SplitEntry split)
    {
        if (split.Documents < 0 || split.Bytes < 0) return $"has {split.Documents} documents of {split.Bytes} bytes";
        if (split.EntropyNats is { } nats && !(nats >= 0 && double.IsFinite(nats))) return $"has an entropy of {nats} nats";
        Int128 tokens = 0; // counts that a stranger wrote may add up to anything
        foreach (ShardEntry shard in split.Shards)
        {
            if (shard is null) return "lists a shard that is null";
            if (!ShardName.IsPlain(shard.File)) return $"lists the shard '{Shown.Of(shard.File)}', which is not the name of a file beside it";
            if (shard.Tokens < 1) return $"lists the shard '{shard.File}' with {shard.Tokens} tokens";
            tokens += shard.Tokens;
        }
        return tokens == split.Tokens ? null : $"has {split.Tokens} tokens, but its shards {tokens}";
    }

    /// <summary>Whether there is a null in its lists, of which the parser knows nothing.</summary>
    public static bool HasNull(PreparationEntry preparation) =>
        preparation.Skipped.Any(entry => entry is null || entry.Samples.Any(sample => sample is null)) ||
        preparation.Steps.Any(step => step is null || step.Samples.Any(sample => sample is null));
}
