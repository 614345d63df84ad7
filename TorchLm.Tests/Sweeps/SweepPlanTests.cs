using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Train.Sweeps;

namespace TorchLm.Tests.Sweeps;

/// <summary>Which candidates a sweep has.</summary>
public class SweepPlanTests
{
    [Fact]
    public void A_grid_is_all_combinations_the_last_parameter_fastest()
    {
        SweepPlan plan = Plan(["model.dropout=0,0.1", "model.gelu=tanh,exact"]);
        Assert.Equal(["0 tanh", "0 exact", "0.1 tanh", "0.1 exact"], plan.Candidates().Select(c => string.Join(' ', c.Values)));
        Assert.Equal([1, 2, 3, 4], plan.Candidates().Select(c => c.Number));
        Assert.Equal(["model.dropout=0.1", "model.gelu=tanh"], plan.Settings(plan.Candidates()[2]));
    }

    [Fact]
    public void Seeds_follow_the_configurations()
    {
        SweepPlan plan = Plan(["model.dropout=0,0.1"], ["training.seed=40"]) with { Seeds = 3 };
        SweepTrial[] trials = [.. plan.Trials(plan.Candidates()[1])];
        Assert.Equal([40L, 41, 42], trials.Select(t => t.Seed));
        Assert.Equal(["trial-02-seed-40", "trial-02-seed-41", "trial-02-seed-42"], trials.Select(t => t.Name));
    }

    [Fact]
    public void The_same_sweep_seed_draws_the_same_and_another_one_something_else()
    {
        SweepPlan plan = Plan(["optimizer.learningRate=1e-4..1e-2", "model.layerCount=1..6"]) with { Random = 5, SweepSeed = 7 };
        string[] Drawn(SweepPlan p) => [.. p.Candidates().Select(c => string.Join(' ', c.Values))];
        Assert.Equal(Drawn(plan), Drawn(plan with { }));
        Assert.NotEqual(Drawn(plan), Drawn(plan with { SweepSeed = 8 }));
        Assert.Equal(Drawn(plan), Drawn(plan with { Random = 9 }).Take(5)); // more candidates are those and others
        Assert.Equal(5, Drawn(plan).Distinct().Count());
    }

    [Fact]
    public void A_range_that_spans_a_factor_of_ten_is_drawn_by_its_logarithm()
    {
        double[] rates = Draw("optimizer.learningRate=1e-4..1e-2");
        Assert.All(rates, rate => Assert.InRange(rate, 1e-4, 1e-2));
        Assert.InRange(rates.Count(rate => rate < 1e-3) / (double)rates.Length, 0.45, 0.55); // the middle of the logarithms
        double[] narrow = Draw("model.dropout=0.1..0.5");
        Assert.InRange(narrow.Count(p => p < 0.3) / (double)narrow.Length, 0.45, 0.55); // the middle
        double[] zero = Draw("model.dropout=0..0.8");
        Assert.InRange(zero.Count(p => p < 0.4) / (double)zero.Length, 0.45, 0.55);
    }

    [Fact]
    public void Whole_numbers_are_drawn_whole_and_both_ends_come()
    {
        double[] layers = Draw("model.layerCount=2..5");
        Assert.Equal([2.0, 3, 4, 5], layers.Distinct().Order());
        foreach (double n in new[] { 2.0, 3, 4, 5 }) Assert.InRange(layers.Count(l => l == n) / (double)layers.Length, 0.2, 0.3);
    }

    [Fact]
    public void The_least_rate_keeps_its_share_unless_it_is_set()
    {
        SweepPlan plan = Plan(["optimizer.learningRate=1e-2"], ["optimizer.learningRate=2e-3", "optimizer.minLearningRate=1e-3"]);
        Assert.Equal(["optimizer.learningRate=1e-2", "optimizer.minLearningRate=0.005"], (plan with { MinRateFollows = true })
            .Settings(plan.Candidates()[0]));
        Assert.Equal(["optimizer.learningRate=1e-2"], plan.Settings(plan.Candidates()[0]));
    }

    [Theory]
    [InlineData("learning=3", "learning")]
    [InlineData("model.layerCount", "for example")]
    [InlineData("model.layerCount=", "empty")]
    [InlineData("model.layerCount=1,,2", "empty")]
    [InlineData("model.layerCount=1,1", "twice")]
    [InlineData("model.layerCount=1..3", "--random")]
    [InlineData("model.dropout=0.5..0.1", "lower")]
    [InlineData("model.layerCount=1..2.5", "whole")]
    [InlineData("training.seed=1,2", "--seeds")]
    [InlineData("data.tokenizer=char,bpe", "same data")]
    [InlineData("model.headCount=3", "impossible")]
    [InlineData("model.gelu=relu,tanh", "tanh, exact")]
    [InlineData("model.layrCount=1,2", "did you mean model.layerCount")]
    public void What_cannot_be_tried_is_said_before_anything_begins(string tried, string word)
    {
        SweepPlan plan = Plan([tried]);
        InputException refusal = Assert.Throws<InputException>(() => plan.Candidates().Select(plan.Settings).ToArray());
        Assert.Contains(word, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_draws_than_there_are_combinations_are_refused()
    {
        SweepPlan plan = Plan(["model.gelu=tanh,exact"]) with { Random = 3 };
        Assert.Contains("2 combinations", Assert.Throws<InputException>(() => plan.Candidates()).Message, StringComparison.Ordinal);
        SweepPlan whole = Plan(["model.layerCount=1..2"]) with { Random = 3 };
        Assert.Contains("draw fewer", Assert.Throws<InputException>(() => whole.Candidates()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_kept_is_the_same_sweep_and_a_change_is_named()
    {
        using var folder = new TemporaryFolder();
        SweepPlan plan = Plan(["model.gelu=tanh,exact"]) with { Seeds = 2 };
        SweepPlan kept = SweepPlan.Read(folder.Write("sweep.json", plan.ToJson()));
        Assert.Null(kept.Difference(plan));
        Assert.Equal("--seeds 3", kept.Difference(plan with { Seeds = 3 }));
        Assert.Equal("--halving", kept.Difference(plan with { Halving = true }));
        Assert.Equal("--try model.dropout=0", kept.Difference(plan with { Try = ["model.dropout=0"] }));
        Assert.Equal("model.layerCount 9", kept.Difference(Plan(["model.gelu=tanh,exact"], ["model.layerCount=9"]) with { Seeds = 2 }));
        Assert.Throws<InputException>(() => SweepPlan.Read(folder.Write("bad.json", "{")));
    }

    [Theory]
    [InlineData(8, 800, 100, "8@100 4@200 2@400 1@end")]
    [InlineData(5, 800, 100, "5@100 3@200 2@400 1@end")]
    [InlineData(8, 800, 200, "8@200 2@400 1@end")] // 100 is no evaluation: all go to 200, and two halvings come after it
    [InlineData(8, 800, 300, "8@300 2@600 1@end")]
    [InlineData(2, 10, 10, "2@end")] // no evaluation before the end
    [InlineData(1, 800, 100, "1@end")]
    public void Halving_doubles_the_steps_of_half_the_candidates(int candidates, long steps, long evalInterval, string expected)
    {
        static string Text(IEnumerable<SweepRung> rungs) => string.Join(' ', rungs.Select(rung =>
            $"{rung.Candidates}@{(rung.Steps is { } end ? $"{end}" : "end")}"));
        Assert.Equal(expected, Text(SweepRungs.Of(candidates, steps, evalInterval, halving: true)));
        Assert.Equal($"{candidates}@end", Text(SweepRungs.Of(candidates, steps, evalInterval, halving: false)));
    }

    internal static SweepPlan Plan(string[] tried, string[]? settings = null) => new()
    {
        Config = JsonSerializer.SerializeToElement(JsonDocument.Parse(RunConfig.Parse("{}", "test", settings).ToJson()).RootElement), Try = tried,
    };

    private static double[] Draw(string tried)
    {
        var random = new Random(5);
        SweepParameter parameter = SweepParameter.Parse(tried);
        return [.. Enumerable.Range(0, 4000).Select(_ => SweepParameter.Number(parameter.Draw(random))!.Value)];
    }
}
