using System.Globalization;
using TorchLm.Core;
using TorchLm.Core.Generation;

namespace TorchLm.Tests.Generation;

public class TokenSamplerTests
{
    private const int Draws = 20_000;

    /// <summary>Probabilities 0.4, 0.3, 0.2, 0.1, not in order, and all far from any limit that the tests set.</summary>
    private static readonly double[] s_probabilities = [0.2, 0.4, 0.1, 0.3];

    private static readonly SamplingOptions s_plain = new() { Temperature = 1, Seed = 1 };

    [Fact]
    public void Draws_follow_the_distribution() => AssertFollows(s_probabilities, s_plain);

    [Theory]
    [InlineData(0.5)]
    [InlineData(2)]
    public void Temperature_raises_probabilities_to_its_inverse(double temperature) =>
        AssertFollows(Normalise([.. s_probabilities.Select(p => Math.Pow(p, 1 / temperature))]), s_plain with { Temperature = temperature });

    [Fact]
    public void Temperature_0_takes_the_most_likely_and_the_first_of_equals()
    {
        var sampler = new TokenSampler(s_plain with { Temperature = 0 });
        Assert.Equal(1, sampler.Next(Logits(s_probabilities), []));
        Assert.Equal(1, sampler.Next([0f, 5f, 5f, 1f], []));
        Assert.Equal(2, sampler.Next([float.NegativeInfinity, -9f, -8f], []));
    }

    [Theory]
    [InlineData(1, "0 1 0 0")]
    [InlineData(2, "0 0.4 0 0.3")]
    [InlineData(3, "0.2 0.4 0 0.3")]
    [InlineData(4, "0.2 0.4 0.1 0.3")]
    [InlineData(99, "0.2 0.4 0.1 0.3")]
    public void Top_k_keeps_the_k_most_likely_in_their_proportions(int k, string kept) => AssertFollows(Normalise(Numbers(kept)), s_plain with { TopK = k });

    [Theory]
    [InlineData(1e-9, "0 1 0 0")]
    [InlineData(0.39, "0 1 0 0")]
    [InlineData(0.41, "0 0.4 0 0.3")]
    [InlineData(0.69, "0 0.4 0 0.3")]
    [InlineData(0.71, "0.2 0.4 0 0.3")]
    [InlineData(0.91, "0.2 0.4 0.1 0.3")]
    [InlineData(1, "0.2 0.4 0.1 0.3")]
    public void Top_p_keeps_the_fewest_that_add_up_to_p(double p, string kept) => AssertFollows(Normalise(Numbers(kept)), s_plain with { TopP = p });

    /// <summary>Of the three most likely (0.4, 0.3, 0.2 of 0.9) two make up 0.777…</summary>
    [Theory]
    [InlineData(0.77, "0 0.4 0 0.3")]
    [InlineData(0.79, "0.2 0.4 0 0.3")]
    public void Top_p_counts_within_what_top_k_left(double p, string kept) => AssertFollows(Normalise(Numbers(kept)), s_plain with { TopK = 3, TopP = p });

    [Fact]
    public void Equal_logits_at_the_limit_of_top_k_go_to_the_lower_id() => AssertFollows([0.5, 0.5, 0, 0], s_plain with { TopK = 2 }, [3f, 3f, 3f, 3f]);

    [Fact]
    public void Repetition_divides_positive_logits_and_multiplies_negative_ones_once()
    {
        var sampler = new TokenSampler(s_plain with { Temperature = 0, RepetitionPenalty = 2 });
        float[] logits = [4f, 3f, -1f, -3f, 0f];
        Assert.Equal(1, sampler.Next(logits, [0, 2, 0, 0, 4, 2])); // 4 / 2 is less than 3
        Assert.Equal([2f, 3f, -2f, -3f, 0f], logits);
    }

    [Fact]
    public void Without_a_penalty_the_context_does_not_matter()
    {
        float[] logits = [4f, 3f];
        Assert.Equal(0, new TokenSampler(s_plain with { Temperature = 0 }).Next(logits, [0, 0]));
        Assert.Equal([4f, 3f], logits);
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    public void Extreme_temperatures_stay_finite(double temperature)
    {
        var sampler = new TokenSampler(s_plain with { Temperature = temperature });
        int[] drawn = [.. Enumerable.Range(0, 200).Select(_ => sampler.Next([-1e30f, 3f, 2.9f, float.NegativeInfinity], []))];
        Assert.Equal(temperature < 1 ? [1] : [0, 1, 2], drawn.Distinct().Order());
    }

    [Fact]
    public void Sequences_and_seeds_draw_independently()
    {
        string[] draws =
        [
            .. from seed in new long[] { 0, 1, 2, long.MaxValue } from sequence in Enumerable.Range(0, 5)
               select string.Concat(Draw(new TokenSampler(s_plain with { Seed = seed }, sequence), 40)),
        ];
        Assert.Equal(draws.Length, draws.Distinct().Count());
        Assert.Equal(draws[1], string.Concat(Draw(new TokenSampler(s_plain with { Seed = 0 }, 1), 40)));
    }

    public static TheoryData<SamplingOptions, string> ImpossibleOptions() => new()
    {
        { s_plain with { Temperature = -0.1 }, "temperature is -0.1" },
        { s_plain with { Temperature = double.NaN }, "temperature is NaN" },
        { s_plain with { Temperature = double.PositiveInfinity }, "temperature is Infinity" },
        { s_plain with { TopK = -1 }, "top-k is -1" },
        { s_plain with { TopP = 0 }, "top-p is 0" },
        { s_plain with { TopP = 1.01 }, "top-p is 1.01" },
        { s_plain with { TopP = double.NaN }, "top-p is NaN" },
        { s_plain with { RepetitionPenalty = 0 }, "repetition-penalty is 0" },
        { s_plain with { RepetitionPenalty = -1 }, "repetition-penalty is -1" },
        { s_plain with { Seed = -1 }, "seed is -1" },
    };

    [Theory]
    [MemberData(nameof(ImpossibleOptions))]
    public void Impossible_options_are_refused_by_name_and_value(SamplingOptions options, string beginning)
    {
        string sentence = Assert.Throws<InputException>(options.Validate).Message;
        Assert.StartsWith(beginning + ", but it must be ", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_are_possible() => new SamplingOptions().Validate();

    private static float[] Logits(double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p) + 7)]; // any constant may be added

    private static double[] Normalise(double[] weights) => [.. weights.Select(w => w / weights.Sum())];

    private static double[] Numbers(string text) => [.. text.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture))];

    private static IEnumerable<int> Draw(TokenSampler sampler, int count) =>
        Enumerable.Range(0, count).Select(_ => sampler.Next(Logits(s_probabilities), []));

    /// <summary>Pearson's chi-square test: the 99.9 % quantiles for 1, 2 and 3 degrees of freedom. What has no probability is never drawn.</summary>
    private static void AssertFollows(double[] expected, SamplingOptions options, float[]? logits = null)
    {
        var sampler = new TokenSampler(options);
        var counts = new int[expected.Length];
        logits ??= Logits(s_probabilities);
        for (int i = 0; i < Draws; i++) counts[sampler.Next([.. logits], [])]++;
        double chiSquare = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            if (expected[i] == 0) Assert.Equal(0, counts[i]);
            else chiSquare += Math.Pow(counts[i] - Draws * expected[i], 2) / (Draws * expected[i]);
        }
        double limit = new[] { 1e-9, 10.83, 13.82, 16.27 }[expected.Count(p => p > 0) - 1];
        Assert.True(chiSquare <= limit, $"chi-square {chiSquare:f1} above {limit}: {string.Join(' ', counts)}");
    }
}
