using TorchLm.Core.Configuration;

namespace TorchLm.Core.Optimization;

/// <summary>Which parameters are updated by which rule.</summary>
internal static class UpdateRules
{
    /// <summary>The rules of an optimiser, each with its parameters in the model's order.</summary>
    /// <param name="parameters">All parameters of a model.</param>
    /// <param name="config">The algorithm.</param>
    public static IReadOnlyList<IUpdateRule> For(IReadOnlyList<NamedParameter> parameters, OptimizerConfig config)
    {
        bool isMuon = config.Name == "muon";
        ILookup<bool, NamedParameter> byMuon = parameters.ToLookup(p => isMuon && p.Role == ParameterRole.Matrix);
        var rules = new List<IUpdateRule>();
        if (byMuon[true].Any()) rules.Add(new Muon(new ParameterGroup([.. byMuon[true]], config.WeightDecay), config));
        foreach (var same in byMuon[false].OrderByDescending(p => p.Decays).GroupBy(p => (p.Decays, p.RateFactor)))
        {
            rules.Add(Rule(new ParameterGroup([.. same], same.Key.Decays ? config.WeightDecay : 0, same.Key.RateFactor), config));
        }
        return rules;
    }

    /// <summary>What each parameter's state is made of, as a checkpoint names it, where the rule treats each number by itself.</summary>
    public static IReadOnlyList<string> StateNames(OptimizerConfig config) => config.Name is "lion" or "sgd" ? ["momentum_buffer"] : ["exp_avg", "exp_avg_sq"];

    private static IUpdateRule Rule(ParameterGroup group, OptimizerConfig config) => config.Name switch
    {
        "lion" => new Lion(group, config),
        "sgd" => new Sgd(group, config),
        _ => new AdamW(group, config),
    };
}
