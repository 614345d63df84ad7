using TorchLm.Core.Configuration;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>With every option no position sees the future, and a text read piece by piece says what it says at once.</summary>
public class OptionReadingTests
{
    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void The_future_does_not_leak(string option)
    {
        foreach (int headSize in (int[])[8, 32])
        {
            using Gpt model = TinyGpt.WithWideWeights(ModelOptions.All[option].WithHeadSize(headSize));
            foreach (bool training in (bool[])[true, false])
            {
                model.train(training);
                foreach (int t in (int[])[0, 3, 7]) ReadingChecks.AssertCausal(model, t, (m, ids) => m.forward(ids));
            }
            ReadingChecks.AssertCausal(model, 4, (m, ids) => ReadingChecks.InPieces(m, ids, 1));
            ReadingChecks.AssertCausal(model, 4, (m, ids) => ReadingChecks.InPieces(m, ids, 3));
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Cached_logits_are_the_uncached_ones(string option)
    {
        foreach (int headSize in (int[])[8, 32])
        {
            using Gpt model = TinyGpt.WithWideWeights(ModelOptions.All[option].WithHeadSize(headSize));
            model.eval();
            foreach (int[] pieces in (int[][])[[8], [1], [5, 3], [1, 7], [7, 1], [2, 1, 4, 1]]) ReadingChecks.AssertCachedIsUncached(model, pieces);
        }
    }

    /// <summary>Over more tokens than a context holds, so that windows are dropped and read again.</summary>
    [Theory]
    [MemberData(nameof(Options))]
    public void The_cache_changes_no_token(string option)
    {
        using Gpt model = TinyGpt.WithWideWeights(ModelOptions.All[option]);
        int[] Sample(bool useCache) =>
            [.. new TokenGenerator(model, useCache).Generate([3, 1, 4], new SamplingOptions { Seed = 5 }).Take(20).Select(t => t[0])];
        int[] cached = Sample(true);
        Assert.Equal(Sample(false), cached);
        Assert.True(cached.Distinct().Count() > 2, "the case is no test: take other weights");
    }

    [Theory]
    [InlineData("a window of 1", 1)]
    [InlineData("a window of 3", 3)]
    [InlineData("modern", 2)]
    [InlineData("norms after and all the rest", 3)]
    [InlineData("llama", 4)]
    public void In_one_layer_tokens_before_the_window_change_nothing(string option, int window)
    {
        foreach (int headSize in (int[])[8, 32])
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            ModelConfig config = ModelOptions.All[option].WithHeadSize(headSize) with { LayerCount = 1, SlidingWindow = window, ConvolutionWidth = 0 };
            using Gpt model = TinyGpt.WithWideWeights(config);
            model.eval();
            long[][] before = TinyGpt.RandomRows(2, 8, 11, 1), after = [.. before.Select(row => (long[])row.Clone())];
            foreach (long[] row in after) row[2] = (row[2] + 1) % 11;
            foreach (int[] pieces in (int[][])[[8], [1], [5, 3]])
            {
                Tensor original = ReadingChecks.InPieces(model, TinyGpt.Ids(before), pieces);
                Tensor changed = ReadingChecks.InPieces(model, TinyGpt.Ids(after), pieces);
                for (int position = 0; position < 8; position++)
                {
                    bool same = TinyGpt.Values(original.select(1, position)).SequenceEqual(TinyGpt.Values(changed.select(1, position)));
                    Assert.Equal(position < 2 || position - 2 >= window, same);
                }
            }
        }
    }

    /// <summary>With turned queries and keys, a model of one layer that sees three tokens says the same wherever it reads them.</summary>
    [Theory]
    [InlineData("rope", true)]
    [InlineData("none", true)]
    [InlineData("learned", false)]
    [InlineData("sinusoidal", false)]
    public void With_relative_positions_a_text_says_the_same_anywhere(string positions, bool relative)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        ModelConfig config = TinyGpt.Config with
        {
            LayerCount = 1, SlidingWindow = 3, ContextLength = 40, Positions = positions, InitialDeviation = 0.5,
        };
        using Gpt model = TinyGpt.WithWideWeights(config);
        long[] text = [3, 1, 4], first = [.. text, .. TinyGpt.RandomRows(1, 37, 11, 1)[0]], last = [.. TinyGpt.RandomRows(1, 37, 11, 2)[0], .. text];
        float[] near = TinyGpt.Values(model.forward(TinyGpt.Ids(first)).select(1, 2));
        float[] far = TinyGpt.Values(model.forward(TinyGpt.Ids(last)).select(1, 39));
        float off = near.Zip(far, (a, b) => Math.Abs(a - b)).Max(), scale = near.Max(Math.Abs);
        Assert.True(relative == off < 1e-4f * scale, $"off by {off} at a scale of {scale}");
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Sequences_of_a_batch_do_not_mix(string option)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Gpt model = TinyGpt.WithWideWeights(ModelOptions.All[option]);
        model.eval();
        long[][] rows = TinyGpt.RandomRows(3, 8, 11, 4);
        float[] together = TinyGpt.Values(model.forward(TinyGpt.Ids(rows)).select(0, 1)), alone = TinyGpt.Values(model.forward(TinyGpt.Ids(rows[1])));
        float scale = alone.Max(Math.Abs);
        for (int i = 0; i < alone.Length; i++) Assert.Equal(alone[i], together[i], 1e-5f * scale);
    }
}
