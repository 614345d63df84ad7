using System.Globalization;
using TorchLm.Core;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>A source of a mixture as the user names it.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Path">Its file, folder or pattern.</param>
/// <param name="Weight">Its share of training, relative to the others'; null where epochs are given.</param>
/// <param name="Epochs">How often it is read while a source with 1 is read once; null where a weight is given.</param>
public sealed record MixtureSource(string Name, string Path, double? Weight, double? Epochs)
{
    /// <summary>Understands <c>name=path</c>, <c>name=path:0.7</c> (a weight) and <c>name=path:3x</c> (three epochs to one of the others).</summary>
    /// <exception cref="InputException">It is none of these.</exception>
    public static MixtureSource Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || equals == text.Length - 1)
        {
            throw new InputException($"'{text}' is not a source: write name=path, name=path:0.7 (a weight) or name=path:3x (epochs).");
        }
        string name = text[..equals], path = text[(equals + 1)..];
        int colon = path.LastIndexOf(':');
        if (colon <= 0 || path.AsSpan(colon + 1).ContainsAny('/', '\\')) return new MixtureSource(name, path, null, 1); // C:\text has no weight
        string amount = path[(colon + 1)..];
        bool epochs = amount.EndsWith('x');
        if (File.Exists(path) || Directory.Exists(path)) return new MixtureSource(name, path, null, 1); // a name with a colon in it
        if (!double.TryParse(epochs ? amount[..^1] : amount, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || value is not (> 0 and < 1e6))
        {
            throw new InputException($"The weight '{amount}' of the source '{name}' is not a number above 0: write {name}={path[..colon]}:0.7, or :3x for three epochs.");
        }
        return new MixtureSource(name, path[..colon], epochs ? null : value, epochs ? value : null);
    }
}

/// <summary>Several sources, and how often each is to be met in training.</summary>
public sealed class Mixture
{
    /// <summary>Creates a mixture.</summary>
    /// <exception cref="InputException">Two sources have one name, or some have weights and others epochs.</exception>
    public Mixture(IReadOnlyList<MixtureSource> sources)
    {
        Sources = sources;
        if (sources.GroupBy(source => source.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new InputException($"Two sources are called '{twice.Key}': give each a name of its own.");
        }
        if (sources.Any(source => source.Weight is not null) && sources.Any(source => source.Epochs is not null))
        {
            throw new InputException("Some sources have a weight and others do not: give all of them one (name=path:0.7), or epochs (name=path:3x), or none.");
        }
    }

    /// <summary>The sources.</summary>
    public IReadOnlyList<MixtureSource> Sources { get; }

    /// <summary>Checks before anything is written what the documents allow.</summary>
    /// <exception cref="InputException">A source has no documents, or too small a share.</exception>
    internal void Check(CollectedCorpus corpus)
    {
        Dictionary<string, long> bytes = corpus.Sources.ToDictionary(source => source.Path, source => source.Bytes);
        double[] shares = Shares(bytes);
        for (int i = 0; i < Sources.Count; i++)
        {
            string name = Sources[i].Name;
            if (!bytes.ContainsKey(name)) throw new InputException($"Nothing of the source '{name}' is left: give it more text, or leave it out.");
            if (shares[i] >= MixtureEntry.SmallestShare) continue;
            throw new InputException($"The source '{name}' would be {100 * shares[i]:0.###} % of training, but the least is {100 * MixtureEntry.SmallestShare} %: " +
                "give it a larger weight, or leave it out.");
        }
    }

    /// <summary>The shares of training that follow from the tokens of each source.</summary>
    /// <exception cref="InputException">A source has no tokens in the train split.</exception>
    internal IReadOnlyList<MixtureEntry> Resolve(DatasetManifest manifest)
    {
        Dictionary<string, long> tokens = manifest.Splits[SplitNames.Train].Shards.GroupBy(shard => shard.Source!)
            .ToDictionary(group => group.Key, group => group.Sum(shard => shard.Tokens));
        if (Sources.FirstOrDefault(source => !tokens.ContainsKey(source.Name)) is { } empty)
        {
            throw new InputException($"The source '{empty.Name}' of the mixture has nothing in the train split: give it more text, or leave it out.");
        }
        // Tokens and bytes may differ by a little at the border of what was checked.
        double[] shares = [.. Shares(tokens).Select(share => Math.Max(share, MixtureEntry.SmallestShare))];
        double sum = shares.Sum();
        return [.. Sources.Select((source, i) => new MixtureEntry(source.Name, source.Path, shares[i] / sum, tokens[source.Name]))];
    }

    private double[] Shares(Dictionary<string, long> sizes)
    {
        double[] weights = [.. Sources.Select(source => source.Weight ?? source.Epochs!.Value * sizes.GetValueOrDefault(source.Name))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
