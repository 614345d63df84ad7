using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

public class ModelInspectionTests
{
    private static readonly long[] s_ids = [3, 1, 4, 1, 5, 9, 2, 6];

    public static TheoryData<ModelConfig, int> Cases() => new()
    {
        { TinyGpt.Config with { LayerCount = 1, HeadCount = 1 }, 8 },
        { TinyGpt.Config with { LayerCount = 3, HeadCount = 4, Bias = true, Gelu = "exact" }, 5 },
        { TinyGpt.Config with { VocabularyMultiple = 64 }, 2 },
    };

    public static TheoryData<string> Options => ModelOptions.Names;

    [Theory]
    [MemberData(nameof(Options))]
    public void So_they_do_with_every_option(string option) =>
        Attention_and_every_layers_reading_agree_with_double_precision(ModelOptions.All[option], 7);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Attention_and_every_layers_reading_agree_with_double_precision(ModelConfig config, int length)
    {
        using Gpt model = TinyGpt.WithWideWeights(config);
        long[] ids = s_ids[..length];
        ModelInspection found = Inspect(model, ids);
        ReferenceGpt reference = ReferenceGpt.Of(model);

        double[][][][] attention = reference.Attention(ids);
        Assert.Equal(config.LayerCount, found.Attention.Count);
        ForEachPair(found, (map, layer, head, from, to) =>
            Assert.Equal(to > from ? 0 : attention[layer][head][from][to], map[head, from, to], 1e-5));

        double[][] lens = reference.Lens(ids);
        Assert.Equal(config.LayerCount + 1, found.Lens.Count);
        for (int layer = 0; layer < lens.Length; layer++)
        {
            Assert.Equal(length, found.Lens[layer].Count);
            for (int i = 0; i < length; i++)
            {
                int v = config.VocabularySize;
                double[] expected = ReferenceAttention.Softmax(lens[layer][(i * v)..((i + 1) * v)]);
                LensReading reading = found.Lens[layer][i];
                Assert.Equal(v, reading.Top.Count);
                Assert.Equal(Enumerable.Range(0, v).OrderByDescending(id => expected[id]), reading.Top.Select(chance => chance.Id));
                Assert.All(reading.Top, chance => Assert.Equal(expected[chance.Id], chance.Probability, 1e-5));
                if (i + 1 == length)
                {
                    Assert.Null(reading.Next);
                    continue;
                }
                double real = expected[ids[i + 1]];
                Assert.Equal(ids[i + 1], reading.Next!.Id);
                Assert.Equal(-Math.Log(real), reading.Next.Loss, 1e-4);
                Assert.Equal(1 + expected.Count(p => p > real), reading.Next.Rank);
            }
        }
    }

    [Fact]
    public void The_last_reading_is_what_the_model_says_to_the_last_bit()
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config with { VocabularyMultiple = 64 });
        Tensor ids = TinyGpt.Ids(s_ids);
        Assert.Equal(TinyGpt.Values(model.forward(ids)), TinyGpt.Values(model.ReadOff(model.ResidualStream(ids)[^1])));
    }

    [Fact]
    public void Each_row_of_attention_sums_to_one_and_sees_nothing_that_comes_later()
    {
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        ModelInspection found = Inspect(model, s_ids);
        ForEachPair(found, (map, _, head, from, to) =>
        {
            if (to > from) Assert.Equal(0f, map[head, from, to]);
            if (to == 0) Assert.Equal(1.0, Enumerable.Range(0, map.Length).Sum(k => (double)map[head, from, k]), 1e-6);
        });
    }

    /// <summary>The weights shown are those at work: values taken in their proportion, and projected, are what the layer's attention gives.</summary>
    [Fact]
    public void Values_weighted_by_attention_are_what_attention_gives()
    {
        using var scope = NewDisposeScope();
        ModelConfig config = TinyGpt.Config with { Bias = true };
        using Gpt model = TinyGpt.WithWideWeights(config);
        ModelInspection found = Inspect(model, s_ids);
        Tensor[] stream = model.ResidualStream(TinyGpt.Ids(s_ids));
        var parameters = TinyGpt.Parameters(model);
        int c = config.EmbeddingSize, d = c / config.HeadCount, t = s_ids.Length;
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string name = $"blocks.{layer}.attention";
            var norm = (Norm)model.named_modules().Single(m => m.name == $"blocks.{layer}.attentionNorm").module;
            var attention = (CausalSelfAttention)model.named_modules().Single(m => m.name == name).module;
            Tensor normed = norm.forward(stream[layer]);
            float[] real = TinyGpt.Values(attention.forward(normed, new SequenceContext(TinyGpt.Ids(s_ids), stream[0], null))), x = TinyGpt.Values(normed);
            double Value(int position, int channel) => parameters[name + ".qkv.bias"][2 * c + channel]
                + Enumerable.Range(0, c).Sum(k => (double)x[position * c + k] * parameters[name + ".qkv.weight"][(2 * c + channel) * c + k]);
            double Taken(int position, int channel) =>
                Enumerable.Range(0, position + 1).Sum(to => found.Attention[layer][channel / d, position, to] * Value(to, channel));
            for (int i = 0; i < t; i++)
            {
                double[] taken = [.. Enumerable.Range(0, c).Select(channel => Taken(i, channel))];
                for (int o = 0; o < c; o++)
                {
                    double expected = parameters[name + ".output.bias"][o]
                        + taken.Select((v, k) => v * parameters[name + ".output.weight"][o * c + k]).Sum();
                    Assert.Equal(expected, real[i * c + o], 1e-4);
                }
            }
        }
    }

    [Fact]
    public void Losses_have_the_mean_that_the_models_loss_is()
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        ModelInspection found = Inspect(model, s_ids);
        Assert.Equal(model.Loss(TinyGpt.Ids(s_ids[..^1]), TinyGpt.Ids(s_ids[1..])).item<float>(), found.MeanLoss, 1e-5);
        Assert.Equal(s_ids.Length - 1, found.Predictions.Count(reading => reading.Next is not null));
    }

    [Fact]
    public void Looking_leaves_no_tensor_behind_and_dropout_out_and_the_mode_as_it_was()
    {
        using var model = new Gpt(TinyGpt.Config with { Dropout = 0.5 });
        model.train();
        double loss = Inspect(model, s_ids).MeanLoss;
        long before = LiveTensors.OfThisThread;
        Assert.Equal(loss, Inspect(model, s_ids).MeanLoss);
        Assert.Equal(before, LiveTensors.OfThisThread);
        Assert.True(model.training);
    }

    [Fact]
    public void Weights_that_are_no_numbers_give_a_loss_that_is_none()
    {
        using var model = new Gpt(TinyGpt.Config);
        using (no_grad()) model.named_parameters().Single(p => p.name == "finalNorm.weight").parameter.fill_(double.NaN);
        Assert.True(double.IsNaN(Inspect(model, s_ids).MeanLoss));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public void Too_few_and_too_many_tokens_are_refused(int count)
    {
        using var model = new Gpt(TinyGpt.Config);
        Assert.Throws<ArgumentException>(() => ModelInspection.Of(model, new int[count], 3));
    }

    private static ModelInspection Inspect(Gpt model, long[] ids) => ModelInspection.Of(model, Array.ConvertAll(ids, id => (int)id), 11);

    private static void ForEachPair(ModelInspection found, Action<AttentionMap, int, int, int, int> assert)
    {
        for (int layer = 0; layer < found.Attention.Count; layer++)
        {
            AttentionMap map = found.Attention[layer];
            for (int head = 0; head < map.Heads; head++)
            {
                for (int from = 0; from < map.Length; from++)
                {
                    for (int to = 0; to < map.Length; to++) assert(map, layer, head, from, to);
                }
            }
        }
    }
}
