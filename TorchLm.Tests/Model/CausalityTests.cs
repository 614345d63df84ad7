using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>The future does not leak: changing token t changes no logit before t, to the last bit, and changes those from t on.</summary>
public class CausalityTests
{
    private const int Length = 12;
    private static readonly ModelConfig s_config = TinyGpt.Config with { ContextLength = Length };

    public static TheoryData<int> Positions() => [.. Enumerable.Range(0, Length)];

    [Theory]
    [MemberData(nameof(Positions))]
    public void In_evaluation_mode(int t) => AssertCausal(t, training: false, (model, ids) => model.forward(ids));

    [Theory]
    [MemberData(nameof(Positions))]
    public void In_training_mode_without_dropout(int t) => AssertCausal(t, training: true, (model, ids) => model.forward(ids));

    [Theory]
    [MemberData(nameof(Positions))]
    public void With_a_cache_read_token_by_token(int t) => AssertCausal(t, training: false, (model, ids) => ReadingChecks.InPieces(model, ids, 1));

    [Theory]
    [MemberData(nameof(Positions))]
    public void With_a_cache_read_in_chunks(int t) => AssertCausal(t, training: false, (model, ids) => ReadingChecks.InPieces(model, ids, 5, 4, 3));

    [Theory]
    [InlineData(12)]
    [InlineData(1)]
    [InlineData(5, 4, 3)]
    [InlineData(1, 11)]
    [InlineData(11, 1)]
    [InlineData(2, 1, 3, 1, 5)]
    public void Cached_logits_are_the_uncached_ones(params int[] chunks)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Gpt model = TinyGpt.WithWideWeights(s_config);
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(3, Length, 11, 2));
        float[] plain = TinyGpt.Values(model.forward(ids)), cached = TinyGpt.Values(ReadingChecks.InPieces(model, ids, chunks));
        for (int i = 0; i < plain.Length; i++) Assert.Equal(plain[i], cached[i], 1e-5f * Math.Max(1, Math.Abs(plain[i])));
    }

    [Fact]
    public void A_cleared_cache_remembers_nothing()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Gpt model = TinyGpt.WithWideWeights(s_config);
        using var cache = new KeyValueCache(model, 1);
        Tensor other = TinyGpt.Ids(TinyGpt.RandomRows(1, Length, 11, 3)), ids = TinyGpt.Ids(TinyGpt.RandomRows(1, 7, 11, 4));
        model.forward(other, cache);
        Assert.Equal(Length, cache.Length);
        cache.Clear();
        Assert.Equal(TinyGpt.Values(model.forward(ids)), TinyGpt.Values(model.forward(ids, cache)));
    }

    [Fact]
    public void More_tokens_than_the_context_are_refused()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Gpt model = TinyGpt.WithWideWeights(s_config);
        using var cache = new KeyValueCache(model, 1);
        Assert.Throws<ArgumentException>(() => model.forward(zeros(1, Length + 1, ScalarType.Int64)));
        model.forward(zeros(1, Length, ScalarType.Int64), cache);
        Assert.Throws<ArgumentException>(() => model.forward(zeros(1, 1, ScalarType.Int64), cache));
    }

    private static void AssertCausal(int t, bool training, Func<Gpt, Tensor, Tensor> read)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Gpt model = TinyGpt.WithWideWeights(s_config);
        model.train(training);
        long[][] before = TinyGpt.RandomRows(2, Length, 11, 1), after = [.. before.Select(row => (long[])row.Clone())];
        foreach (long[] row in after) row[t] = (row[t] + 1) % 11;

        Tensor original = read(model, TinyGpt.Ids(before)), changed = read(model, TinyGpt.Ids(after));
        for (int position = 0; position < Length; position++)
        {
            bool same = TinyGpt.Values(original.select(1, position)).SequenceEqual(TinyGpt.Values(changed.select(1, position)));
            Assert.True(same == position < t, $"token {t} was changed, and the logits at {position} {(same ? "stayed" : "changed")}");
        }
    }
}
