namespace TorchLm.Core.Generation;

/// <summary>Chooses tokens for one sequence. Draws come from a generator of its own, in double precision, so that devices and other sequences do not matter.</summary>
public sealed class TokenSampler
{
    private readonly SamplingOptions _options;
    private readonly Random _random;

    /// <summary>Makes the sampler of sequence number <paramref name="sequence"/>.</summary>
    public TokenSampler(SamplingOptions options, int sequence = 0)
    {
        _options = options;
        _random = new Random(HashCodeOf(options.Seed, sequence));
    }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">The model's logits (V); changed in the process.</param>
    /// <param name="context">The tokens that repetition is judged by.</param>
    public int Next(Span<float> logits, IEnumerable<int> context)
    {
        if (_options.RepetitionPenalty != 1) Penalise(logits, context.Distinct());
        if (_options.Temperature == 0) return IndexOfMaximum(logits);

        (int Id, double Weight)[] candidates = Candidates(logits);
        double total = 0, target = _random.NextDouble();
        foreach ((_, double weight) in candidates) total += weight;
        target *= total;
        foreach ((int id, double weight) in candidates)
        {
            target -= weight;
            if (target < 0) return id;
        }
        return candidates[^1].Id; // rounding left a crumb
    }

    /// <summary>The tokens that may be drawn with their unnormalised probabilities; sorted, most likely first, where a rule needs it.</summary>
    private (int Id, double Weight)[] Candidates(ReadOnlySpan<float> logits)
    {
        double highest = logits[IndexOfMaximum(logits)];
        var all = new (int Id, double Weight)[logits.Length];
        for (int i = 0; i < all.Length; i++) all[i] = (i, Math.Exp((logits[i] - highest) / _options.Temperature));

        bool limitsCount = _options.TopK > 0 && _options.TopK < all.Length;
        if (!limitsCount && _options.TopP >= 1) return all;
        Array.Sort(all, (a, b) => a.Weight != b.Weight ? b.Weight.CompareTo(a.Weight) : a.Id.CompareTo(b.Id));
        int kept = limitsCount ? _options.TopK : all.Length;
        if (_options.TopP < 1)
        {
            double total = 0, sum = 0;
            for (int i = 0; i < kept; i++) total += all[i].Weight;
            for (int i = 0; i < kept; i++)
            {
                sum += all[i].Weight;
                if (sum >= _options.TopP * total) kept = i + 1;
            }
        }
        return all[..kept];
    }

    private void Penalise(Span<float> logits, IEnumerable<int> tokens)
    {
        foreach (int token in tokens)
        {
            float logit = logits[token];
            logits[token] = (float)(logit > 0 ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty);
        }
    }

    /// <summary>The first of the highest values.</summary>
    private static int IndexOfMaximum(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best]) best = i;
        }
        return best;
    }

    private static int HashCodeOf(long seed, int sequence)
    {
        ulong mixed = ((ulong)seed * 0x9e3779b97f4a7c15) ^ ((ulong)sequence * 0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 31)) * 0x94d049bb133111eb;
        return (int)(mixed >> 33);
    }
}
