namespace TorchLm.Core.Configuration;

/// <summary>Settings that were changed and change nothing, because another one leaves what they are about out.</summary>
public static class IdleSettings
{
    private static readonly ModelConfig s_model = new();
    private static readonly OptimizerConfig s_optimizer = new();
    private static readonly TrainingConfig s_training = new();

    /// <summary>A sentence about each.</summary>
    /// <param name="run">The configuration.</param>
    public static IEnumerable<string> Of(RunConfig run)
    {
        (ModelConfig m, OptimizerConfig o, TrainingConfig t) = (run.Model, run.Optimizer, run.Training);
        (bool IsIdle, string Setting, string Because)[] rules =
        [
            (m.Positions != ModelConfig.Rope && m.RopeBase != s_model.RopeBase, "model.ropeBase", $"model.positions is {m.Positions}"),
            (m.Positions != ModelConfig.Rope && m.RopeScale != s_model.RopeScale, "model.ropeScale", $"model.positions is {m.Positions}"),
            (!m.QkNorm && m.QkNormScale != s_model.QkNormScale, "model.qkNormScale", "model.qkNorm is false"),
            (m.SlidingWindow == 0 && m.FullAttentionInterval != s_model.FullAttentionInterval, "model.fullAttentionInterval", "model.slidingWindow is 0"),
            (m.Mlp != ModelConfig.GeluMlp && m.Gelu != s_model.Gelu, "model.gelu", $"model.mlp is {m.Mlp}"),
            (o.Schedule == "constant" && o.MinLearningRate != s_optimizer.MinLearningRate, "optimizer.minLearningRate", "optimizer.schedule is constant"),
            (o.Cautious && o.WeightDecay == 0, "optimizer.cautious", "optimizer.weightDecay is 0"),
            (o.Name != "muon" && o.MuonLearningRate != s_optimizer.MuonLearningRate, "optimizer.muonLearningRate", $"optimizer.name is {o.Name}"),
            (o.Name != "muon" && o.MuonMomentum != s_optimizer.MuonMomentum, "optimizer.muonMomentum", $"optimizer.name is {o.Name}"),
            (t.BatchWarmupSteps == 0 && t.BatchWarmupFactor != s_training.BatchWarmupFactor, "training.batchWarmupFactor", "training.batchWarmupSteps is 0"),
            (t.ContextWarmupSteps == 0 && t.ContextWarmupFactor != s_training.ContextWarmupFactor, "training.contextWarmupFactor", "training.contextWarmupSteps is 0"),
        ];
        foreach ((bool isIdle, string setting, string because) in rules)
        {
            if (isIdle) yield return $"{setting} has no effect: {because}.";
        }
    }
}
