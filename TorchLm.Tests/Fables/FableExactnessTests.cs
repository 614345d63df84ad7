using TorchLm.Data.Fables;
using TorchLm.Data.Fables.Engine;

namespace TorchLm.Tests.Fables;

/// <summary>The figure that TorchLm prints beside a model's loss stands on these.</summary>
public class FableExactnessTests
{
    [Theory]
    [InlineData(FableGenerator.DefaultSeed, 3000)]
    [InlineData(1UL, 1500)]
    [InlineData(ulong.MaxValue, 1500)]
    public void Every_fable_has_one_derivation_and_its_nats_are_exact(ulong seed, int count)
    {
        foreach (Fable fable in new FableGenerator(seed).Generate(count))
        {
            Derivations derivations = FableLanguage.Grammar.Derive(fable.Text);
            Assert.True(derivations.Count == 1, $"{derivations.Count} derivations of:\n{fable.Text}");
            Assert.Equal(fable.Nats, -derivations.LogProbability, 1e-9);
        }
    }

    [Fact]
    public void A_fable_with_one_word_changed_to_another_animal_is_no_fable()
    {
        Fable fable = new FableGenerator()[0];
        string firstSpecies = fable.Text.Split('\n')[0].Split(' ').Last().ToLowerInvariant();
        string spoiled = fable.Text.Replace($"the {firstSpecies}", "the unicorn", StringComparison.Ordinal);
        Assert.NotEqual(fable.Text, spoiled);
        Assert.Equal(double.NegativeInfinity, FableLanguage.Grammar.LogProbability(spoiled));
        Assert.Equal(0, FableLanguage.Grammar.Derive(fable.Text + "x").Count);
        Assert.Equal(0, FableLanguage.Grammar.Derive(fable.Text[..^1]).Count);
    }

    [Fact]
    public void Titles_come_as_often_as_the_grammar_says()
    {
        const int Draws = 20_000;
        var plots = WeightedList.FromCommonest<string>([.. FableLanguage.Plots]);
        var enumeration = new Enumeration(FableLanguage.Grammar);
        var expected = Enumerable.Range(0, plots.Count)
            .SelectMany(i => enumeration.Texts(plots[i] + "Title")
                .Select(t => (t.Key, P: t.Value * plots.Weight(i) / plots.Total)))
            .GroupBy(t => t.Key).ToDictionary(group => group.Key, group => group.Sum(t => t.P));
        var counts = new FableGenerator(5).Generate(Draws).CountBy(fable => fable.Text.Split('\n')[0]).ToDictionary();
        Assert.Empty(counts.Keys.Except(expected.Keys));
        Assert.Equal(1, expected.Values.Sum(), 9);
        ChiSquare.AssertFits(counts, expected, Draws);
    }
}
