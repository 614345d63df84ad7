using TorchLm.Core;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Tests.Model;

namespace TorchLm.Tests.Generation;

public class TokenGeneratorTests
{
    private static readonly SamplingOptions s_greedy = new() { Temperature = 0 };
    private static readonly SamplingOptions s_free = new() { Temperature = 1, TopP = 0.95, RepetitionPenalty = 1.2, Seed = 5 };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]       // as long as the context
    [InlineData(9)]
    [InlineData(50)]
    public void The_cache_changes_no_token(int promptLength)
    {
        foreach (int context in new[] { 8, 20 })
        {
            using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { ContextLength = context });
            int[] prompt = Prompt(promptLength);
            foreach (SamplingOptions options in new[] { s_greedy, s_greedy with { RepetitionPenalty = 2 }, s_free })
            {
                int[] cached = Sample(model, prompt, options, 70), plain = Sample(model, prompt, options, 70, useCache: false); // several windows
                Assert.Equal(plain, cached);
                if (options != s_greedy) Assert.True(cached.Distinct().Count() > 2, "the case is no test: take other weights");
            }
        }
    }

    /// <summary>Each token is the double-precision reference's most likely one, as long as the window has not moved.</summary>
    [Fact]
    public void Greedy_tokens_are_the_most_likely_ones()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { ContextLength = 20 });
        ReferenceGpt reference = ReferenceGpt.Of(model);
        List<long> text = [1, 2, 3];
        foreach (int token in Sample(model, [1, 2, 3], s_greedy, 18))
        {
            double[] logits = reference.Logits([.. text])[^11..];
            Assert.Equal(Array.IndexOf(logits, logits.Max()), token);
            text.Add(token);
        }
    }

    /// <summary>When a window of 16 is full, its oldest eighth goes; of a longer prompt the last 14 tokens are read.</summary>
    [Fact]
    public void A_full_window_keeps_its_latest_tokens()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { ContextLength = 16 });
        ReferenceGpt reference = ReferenceGpt.Of(model);
        int[] prompt = Prompt(30);
        List<long> window = [.. prompt.TakeLast(14).Select(t => (long)t)];
        foreach (int token in Sample(model, prompt, s_greedy, 40))
        {
            if (window.Count > 16) window.RemoveRange(0, window.Count - 14);
            double[] logits = reference.Logits([.. window])[^11..];
            Assert.Equal(Array.IndexOf(logits, logits.Max()), token);
            window.Add(token);
        }
    }

    [Fact]
    public void A_seed_gives_the_same_tokens_and_another_one_others()
    {
        using Gpt model = new(TinyGpt.Config);
        int[] first = Sample(model, [0], s_free, 30);
        Assert.Equal(first, Sample(model, [0], s_free, 30));
        Assert.NotEqual(first, Sample(model, [0], s_free with { Seed = 6 }, 30));
    }

    [Fact]
    public void A_sample_does_not_depend_on_how_many_are_drawn()
    {
        using Gpt model = new(TinyGpt.Config);
        int[][] five = [.. new TokenGenerator(model).Generate([0], s_free, count: 5).Take(30)];
        int[][] two = [.. new TokenGenerator(model).Generate([0], s_free, count: 2).Take(30)];
        for (int i = 0; i < 2; i++) Assert.Equal(five.Select(t => t[i]), two.Select(t => t[i]));
        Assert.Equal(5, Enumerable.Range(0, 5).Select(i => string.Join(',', five.Select(t => t[i]))).Distinct().Count());
    }

    [Fact]
    public void Generation_leaves_no_tensor_and_no_mode_behind()
    {
        using Gpt model = new(TinyGpt.Config);
        model.train();
        long live = LiveTensors.OfThisThread;
        Sample(model, [0, 1], s_free, 30);
        Sample(model, [0, 1], s_free, 30, useCache: false);
        Assert.Equal(live, LiveTensors.OfThisThread);
        Assert.True(model.training);
    }

    [Fact]
    public void Dropout_takes_no_part()
    {
        using Gpt model = new(TinyGpt.Config with { Dropout = 0.9 }, seed: 1), same = new(TinyGpt.Config, seed: 1);
        model.train();
        Assert.Equal(Sample(same, [0], s_greedy, 20), Sample(model, [0], s_greedy, 20));
    }

    [Theory]
    [InlineData()]
    [InlineData(0, 11)]
    [InlineData(-1)]
    public void A_prompt_that_the_model_cannot_read_is_refused(params int[] prompt)
    {
        using Gpt model = new(TinyGpt.Config);
        Assert.Throws<InputException>(() => new TokenGenerator(model).Generate(prompt, s_greedy));
    }

    [Fact]
    public void A_context_of_one_token_is_enough()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { ContextLength = 1 });
        int[] cached = Sample(model, [3, 1, 4], s_greedy, 10);
        Assert.Equal(Sample(model, [3, 1, 4], s_greedy, 10, useCache: false), cached);
        Assert.Equal(Sample(model, [4], s_greedy, 10), cached);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void No_sequences_at_all_are_refused(int count)
    {
        using Gpt model = new(TinyGpt.Config);
        Assert.Throws<InputException>(() => new TokenGenerator(model).Generate([0], s_greedy, count));
    }

    [Fact]
    public void Options_are_checked_before_anything_is_computed()
    {
        using Gpt model = new(TinyGpt.Config);
        Assert.Throws<InputException>(() => new TokenGenerator(model).Generate([0], s_greedy with { Temperature = -1 }));
    }

    private static int[] Prompt(int length) => [.. TinyGpt.RandomRows(1, length, 11, 1)[0].Select(t => (int)t)];

    private static int[] Sample(Gpt model, int[] prompt, SamplingOptions options, int tokens, bool useCache = true) =>
        [.. new TokenGenerator(model, useCache).Generate(prompt, options).Take(tokens).Select(t => t.Single())];
}
