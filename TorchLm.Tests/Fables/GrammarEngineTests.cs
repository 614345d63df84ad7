using TorchLm.Data.Fables;
using TorchLm.Data.Fables.Engine;

namespace TorchLm.Tests.Fables;

public class GrammarEngineTests
{
    public static TheoryData<string> Names => ["zoo", "ambiguous", "hidden"];

    private static FableGrammar Grammar(string name) => name switch
    {
        "zoo" => TinyGrammars.Zoo(),
        "ambiguous" => TinyGrammars.Ambiguous(),
        _ => TinyGrammars.HiddenMemory(),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void The_parser_finds_the_derivations_that_enumeration_finds(string name)
    {
        FableGrammar grammar = Grammar(name);
        var derivations = new Enumeration(grammar).Derivations();
        Assert.Equal(1, derivations.Sum(d => d.P), 12);
        foreach (var group in derivations.GroupBy(d => d.Text))
        {
            Derivations found = grammar.Derive(group.Key);
            Assert.Equal(group.Count(), found.Count);
            Assert.Equal(Math.Log(group.Sum(d => d.P)), found.LogProbability, 12);
        }
    }

    [Fact]
    public void A_planted_ambiguity_is_detected_and_makes_the_claimed_nats_wrong()
    {
        FableGrammar grammar = TinyGrammars.Ambiguous();
        Fable doubtful = Enumerable.Range(0, 100)
            .Select(i => grammar.Sample(SplitMix64.ForItem(1, i))).First(f => f.Text == "aa");
        Assert.Equal(2, grammar.Derive("aa").Count);
        Assert.True(doubtful.Nats > -grammar.LogProbability("aa") + 0.1);
        Assert.Equal(1, grammar.Derive("aaa").Count);

        Assert.Equal(2, TinyGrammars.HiddenMemory().Derive("bird").Count);
        Assert.Equal(1, TinyGrammars.HiddenMemory().Derive("bird Ann").Count);
    }

    [Fact]
    public void What_the_grammar_cannot_write_has_probability_zero()
    {
        foreach (string text in new[] { "", "a bird", "The Ant and the ant: An ant named Ada slept, said nobody." })
            Assert.Equal(new Derivations(0, double.NegativeInfinity), TinyGrammars.Zoo().Derive(text));
        Assert.Equal(double.NegativeInfinity, TinyGrammars.Ambiguous().LogProbability("aaaa"));
    }

    [Fact]
    public void Sampled_texts_come_as_often_as_their_probability_says()
    {
        FableGrammar grammar = TinyGrammars.Zoo();
        const int Draws = 40_000;
        var counts = Enumerable.Range(0, Draws)
            .Select(i => grammar.Sample(SplitMix64.ForItem(7, i)).Text).CountBy(t => t).ToDictionary();
        Dictionary<string, double> expected = new Enumeration(grammar).Texts();
        Assert.Empty(counts.Keys.Except(expected.Keys));
        ChiSquare.AssertFits(counts, expected, Draws);
    }

    [Fact]
    public void Mean_nats_of_samples_are_the_entropy_of_the_grammar()
    {
        FableGrammar grammar = TinyGrammars.Zoo();
        double entropy = new Enumeration(grammar).Texts().Values.Sum(p => -p * Math.Log(p));
        double[] nats = [.. Enumerable.Range(0, 20_000).Select(i => grammar.Sample(SplitMix64.ForItem(3, i)).Nats)];
        double deviation = Math.Sqrt(nats.Sum(n => Math.Pow(n - nats.Average(), 2)) / nats.Length);
        Assert.InRange(nats.Average() - entropy, -4 * deviation / Math.Sqrt(nats.Length), 4 * deviation / Math.Sqrt(nats.Length));
    }

    [Fact]
    public void Weights_fall_with_rank_as_one_over_rank_plus_two()
    {
        WeightedList<string> list = WeightedList.FromCommonest(["a", "b", "c", "d"]);
        Assert.Equal([120120, 90090, 72072, 60060], Enumerable.Range(0, 4).Select(list.Weight));
        Assert.Equal(342342, list.Total);
    }

    [Fact]
    public void SplitMix64_gives_its_published_first_numbers()
    {
        var random = new SplitMix64(1234567);
        ulong[] expected =
        [
            6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
        ];
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()));
    }

    [Theory]
    [InlineData("[a|b")]
    [InlineData("a]")]
    [InlineData("a|b")]
    [InlineData("{hero.name")]
    [InlineData("{}")]
    [InlineData("{a.b.c}")]
    [InlineData("{a=b}")]
    [InlineData("{a}x")]
    [InlineData("[x|y|x]")]
    [InlineData("[x||]")]
    public void A_malformed_template_is_refused(string template) =>
        Assert.Throws<GrammarException>(() => Template.Parse(template));

    [Fact]
    public void A_grammar_that_refers_to_nothing_or_holds_something_unused_is_refused()
    {
        Assert.Throws<GrammarException>(() => new GrammarBuilder().Rule("s", "{missing}").Build("s"));
        Assert.Throws<GrammarException>(() => new GrammarBuilder().Rule("s", "{x=missing.name}").Build("s"));
        Assert.Throws<GrammarException>(() => new GrammarBuilder().Rule("s", "x").Rule("unused", "y").Build("s"));
        Assert.Throws<GrammarException>(() => new GrammarBuilder().Rule("s", "x").Rule("s", "y"));
        Assert.Throws<GrammarException>(() => new GrammarBuilder().Rule("s", "x", "x"));
        Assert.Throws<GrammarException>(() => new GrammarBuilder().Rule("s", "{x.name}").Build("s").Sample(new SplitMix64(0)));
    }
}
