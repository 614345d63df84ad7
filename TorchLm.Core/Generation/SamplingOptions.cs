using TorchLm.Core.Configuration;

namespace TorchLm.Core.Generation;

/// <summary>How the next token is chosen from the model's distribution.</summary>
public sealed record SamplingOptions
{
    /// <summary>Logits are divided by it: below 1 safer, above 1 bolder; 0 always takes the most likely token.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only the k most likely tokens are considered (Fan et al. 2018); 0 considers all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most likely tokens whose probabilities add up to p are considered (nucleus sampling, Holtzman et al. 2020); 1 considers all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Logits of tokens that the context holds are divided by it where positive, multiplied where negative (Keskar et al. 2019); 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Decides the draws; sample i of a seed is the same however many are drawn.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>Refuses impossible values.</summary>
    /// <exception cref="InputException">Names the option, the value and the rule.</exception>
    public void Validate()
    {
        Rule.InRange("temperature", Temperature, 0, double.MaxValue);
        Rule.AtLeast("top-k", TopK, 0);
        Rule.InRange("top-p", TopP, 0, 1, lowerIncluded: false);
        Rule.InRange("repetition-penalty", RepetitionPenalty, 0, double.MaxValue, lowerIncluded: false);
        Rule.AtLeast("seed", Seed, 0);
    }
}
