using System.Globalization;
using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Train.Sweeps;

/// <summary>A combination of settings that is tried out.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Values">The values of the plan's parameters, in their order.</param>
internal sealed record SweepCandidate(int Number, IReadOnlyList<string> Values);

/// <summary>A run of a candidate with one seed.</summary>
internal sealed record SweepTrial(SweepCandidate Candidate, long Seed, string Name);

/// <summary>What a sweep is: everything that decides its trials, as it is kept in sweep.json.</summary>
internal sealed record SweepPlan
{
    /// <summary>The file's name in the sweep's folder.</summary>
    public const string FileName = "sweep.json";

    private const int MostTrials = 10_000;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The configuration that all trials share but for what is tried.</summary>
    public required JsonElement Config { get; init; }

    /// <summary>What is tried, as the user wrote it.</summary>
    public required IReadOnlyList<string> Try { get; init; }

    /// <summary>How many candidates are drawn; null for all combinations.</summary>
    public int? Random { get; init; }

    /// <summary>Decides what is drawn.</summary>
    public int SweepSeed { get; init; }

    /// <summary>Runs of each candidate, with seeds one after the other from the configuration's on.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>Whether the worse half is given up at fractions of the run's length.</summary>
    public bool Halving { get; init; }

    /// <summary>Whether optimizer.minLearningRate keeps its share of a learning rate that is tried.</summary>
    public bool MinRateFollows { get; init; }

    /// <summary>The parameters that are tried.</summary>
    /// <exception cref="InputException">One is none, or stands there twice.</exception>
    public IReadOnlyList<SweepParameter> Parameters()
    {
        SweepParameter[] all = [.. Try.Select(SweepParameter.Parse)];
        if (all.GroupBy(p => p.Name).FirstOrDefault(same => same.Count() > 1) is { } twice) throw new InputException($"--try names {twice.Key} " +
            "twice: put its values into one.");
        if (Random is null && all.FirstOrDefault(p => p.Range is not null) is { } range)
        {
            throw new InputException($"--try {range.Name} is a range, which numbers are drawn from: say how often with --random N, or name values.");
        }
        if (Halving && all.Any(p => p.Name is "training.steps" or "training.evalInterval"))
        {
            throw new InputException("--halving compares candidates after the same steps: leave training.steps and training.evalInterval out of " +
                "--try.");
        }
        return all;
    }

    /// <summary>All candidates: the combinations of the values, the last parameter's changing fastest, or those that are drawn.</summary>
    public IReadOnlyList<SweepCandidate> Candidates()
    {
        IReadOnlyList<SweepParameter> parameters = Parameters();
        double combinations = parameters.Aggregate(1.0, (count, p) => count * (p.Range is null ? p.Values.Count : double.PositiveInfinity));
        if ((Random ?? combinations) * Seeds > MostTrials) throw new InputException($"That would be {(Random ?? combinations) * Seeds:N0} " +
            $"trials, more than {MostTrials:N0}: try less, or draw with --random N.");
        if (Random > combinations) throw new InputException($"--random is {Random}, but there are only {combinations:N0} combinations: leave it " +
            "out to try them all.");
        if (Random is null)
        {
            IEnumerable<IReadOnlyList<string>> all = [[]];
            foreach (SweepParameter parameter in parameters) all = all.SelectMany(before => parameter.Values.Select(value =>
                (IReadOnlyList<string>)[.. before, value])).ToArray();
            return [.. all.Select((values, i) => new SweepCandidate(i + 1, values))];
        }
        return Draw(parameters, Random.Value);
    }

    /// <summary>The runs of a candidate.</summary>
    public IEnumerable<SweepTrial> Trials(SweepCandidate candidate)
    {
        long first = BaseConfig().Training.Seed;
        for (int i = 0; i < Seeds; i++) yield return new SweepTrial(candidate, first + i, $"trial-{candidate.Number:00}" + (Seeds == 1 ? ""
            : $"-seed-{first + i}"));
    }

    /// <summary>The configuration that all trials share but for what is tried.</summary>
    public RunConfig BaseConfig() => RunConfig.Parse(Config.GetRawText(), FileName);

    /// <summary>What a candidate changes in it, as <c>--set</c> takes it.</summary>
    /// <exception cref="InputException">The combination is impossible.</exception>
    public IReadOnlyList<string> Settings(SweepCandidate candidate)
    {
        List<string> settings = [.. Try.Select((text, i) => $"{SweepParameter.Parse(text).Name}={candidate.Values[i]}")];
        OptimizerConfig rates = BaseConfig().Optimizer;
        int rate = Try.ToList().FindIndex(text => text.StartsWith("optimizer.learningRate=", StringComparison.Ordinal));
        if (MinRateFollows && rate >= 0 && rates.LearningRate > 0 && SweepParameter.Number(candidate.Values[rate]) is { } tried)
        {
            settings.Add($"optimizer.minLearningRate={(tried * (rates.MinLearningRate / rates.LearningRate)).ToString("G12", CultureInfo.InvariantCulture)}");
        }
        try
        {
            RunConfig.Parse(Config.GetRawText(), FileName, settings);
        }
        catch (InputException e)
        {
            throw new InputException($"Candidate {candidate.Number} ({string.Join(", ", settings)}) is impossible: {e.Message}", e);
        }
        return settings;
    }

    /// <summary>As it is kept.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json) + "\n";

    /// <summary>Reads what was kept.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public static SweepPlan Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<SweepPlan>(ConfigFile.ReadText(path), s_json) is { Try: not null } plan ? plan
                : throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new InputException($"'{path}' is damaged and says no more what the sweep is: begin one in another folder.", e);
        }
    }

    /// <summary>In which respect another plan is another sweep; null where it is the same.</summary>
    public string? Difference(SweepPlan other)
    {
        if (!Try.SequenceEqual(other.Try)) return $"--try {string.Join(" --try ", other.Try)}";
        if (Random != other.Random || (Random is not null && SweepSeed != other.SweepSeed)) return other.Random is null ? "no --random"
            : $"--random {other.Random} --sweep-seed {other.SweepSeed}";
        if (Seeds != other.Seeds) return $"--seeds {other.Seeds}";
        if (Halving != other.Halving) return other.Halving ? "--halving" : "no --halving";
        ConfigDifference? setting = ConfigDifference.Between(BaseConfig(), other.BaseConfig()) is [var first, ..] ? first : null;
        return setting is null ? MinRateFollows == other.MinRateFollows ? null : "another optimizer.minLearningRate"
            : $"{setting.Name} {setting.Second}";
    }

    private List<SweepCandidate> Draw(IReadOnlyList<SweepParameter> parameters, int count)
    {
        const int MostInVain = 10_000;
        var random = new Random(SweepSeed);
        var drawn = new List<SweepCandidate>();
        var known = new HashSet<string>();
        for (int inVain = 0; drawn.Count < count; )
        {
            string[] values = [.. parameters.Select(parameter => parameter.Draw(random))];
            if (known.Add(string.Join('\n', values))) drawn.Add(new SweepCandidate(drawn.Count + 1, values));
            else if (++inVain == MostInVain) throw new InputException($"--random is {count}, but no more than {drawn.Count} different " +
                "combinations were found: draw fewer.");
        }
        return drawn;
    }
}
