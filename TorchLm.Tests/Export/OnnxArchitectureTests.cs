using System.Text.Json;
using TorchLm.Core.Configuration;
using TorchLm.Export.Onnx;

namespace TorchLm.Tests.Export;

/// <summary>The graph computes what the model does, whichever settings that has.</summary>
public class OnnxArchitectureTests
{
    private const double Tolerance = 1e-4;

    private static readonly ModelConfig s_all = SmallModel.Config with
    {
        Bias = false, KeyValueHeadCount = 2, Positions = ModelConfig.Rope, RopeBase = 500, RopeScale = 1.5, Norm = ModelConfig.RmsNorm,
        NormEpsilon = 1e-4, EmbeddingNorm = true, Mlp = ModelConfig.SwiGlu, QkNorm = true, QkNormScale = 1.2, SlidingWindow = 5, FullAttentionInterval = 2,
        LayerCount = 3, EmbeddingShortcuts = true, ValueEmbeddings = true, TiedHead = false, LogitSoftCap = 8,
        ConvolutionWidth = 3,
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    private static Dictionary<string, ModelConfig> Shapes { get; } = new()
    {
        ["rope"] = SmallModel.Config with { Positions = ModelConfig.Rope },
        ["scaled rope"] = SmallModel.Config with { Positions = ModelConfig.Rope, RopeBase = 300, RopeScale = 3 },
        ["sinusoidal"] = SmallModel.Config with { Positions = ModelConfig.Sinusoidal, InitialDeviation = 0.5 },
        ["no positions"] = SmallModel.Config with { Positions = ModelConfig.NoPositions },
        ["rmsnorm"] = SmallModel.Config with { Norm = ModelConfig.RmsNorm },
        ["no gains"] = SmallModel.Config with { NormGain = false },
        ["rmsnorm without gains"] = SmallModel.Config with { NormGain = false, Norm = ModelConfig.RmsNorm, Bias = false },
        ["epsilon"] = SmallModel.Config with { NormEpsilon = 0.3 },
        ["post-norm"] = SmallModel.Config with { NormPlacement = ModelConfig.PostNorm },
        ["embedding norm"] = SmallModel.Config with { EmbeddingNorm = true },
        ["relu2"] = SmallModel.Config with { Mlp = ModelConfig.Relu2, MlpSize = 40 },
        ["swiglu"] = SmallModel.Config with { Mlp = ModelConfig.SwiGlu },
        ["grouped queries"] = SmallModel.Config with { KeyValueHeadCount = 2 },
        ["one key head"] = SmallModel.Config with { KeyValueHeadCount = 1 },
        ["qk-norm"] = SmallModel.Config with { QkNorm = true, QkNormScale = 1.5 },
        ["window"] = SmallModel.Config with { SlidingWindow = 4 },
        ["windows by turns"] = SmallModel.Config with { SlidingWindow = 4, FullAttentionInterval = 2, LayerCount = 3 },
        ["shortcuts"] = SmallModel.Config with { EmbeddingShortcuts = true },
        ["value embeddings"] = SmallModel.Config with { ValueEmbeddings = true, KeyValueHeadCount = 2 },
        ["convolutions"] = SmallModel.Config with { ConvolutionWidth = 3 },
        ["convolutions of 1"] = SmallModel.Config with { ConvolutionWidth = 1 },
        ["convolutions after norms, longer than pieces"] = SmallModel.Config with { ConvolutionWidth = 7, NormPlacement = ModelConfig.PostNorm },
        ["untied"] = SmallModel.Config with { TiedHead = false },
        ["soft cap"] = SmallModel.Config with { LogitSoftCap = 5 },
        ["three times the base width"] = SmallModel.Config with { BaseWidth = 8 },
        ["llama"] = LlamaShapes.Untied with { ContextLength = 24, VocabularySize = 29 },
        ["everything"] = s_all,
        ["everything, as a llama"] = s_all with { Family = ModelConfig.Llama, Bias = true },
        ["everything, after the sum"] =
            s_all with { NormPlacement = ModelConfig.PostNorm, Norm = ModelConfig.LayerNorm, Positions = ModelConfig.Sinusoidal },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_are_the_models_at_once_and_step_by_step(string name)
    {
        using var model = new SmallModel(Shapes[name]);
        using var session = new OnnxSession(model);
        long[][] rows = model.Rows(2, 20);
        float[] expected = model.Logits(rows);
        Deviation.AssertWithin(Tolerance, expected, session.Logits(rows));

        int vocabulary = model.Model.Config.VocabularySize, done = 0;
        OnnxSession.Cache? past = null;
        foreach (int piece in new[] { 9, 1, 1, 3, 1, 5 })
        {
            (float[] logits, past) = session.Run([.. rows.Select(r => r[done..(done + piece)])], past);
            for (int row = 0; row < rows.Length; row++)
            {
                Deviation.AssertWithin(Tolerance, expected.AsSpan(((20 * row) + done) * vocabulary, piece * vocabulary),
                    logits.AsSpan(row * piece * vocabulary, piece * vocabulary));
            }
            done += piece;
        }
        ModelConfig config = model.Model.Config;
        int heads = config.KeyValueHeads + (config.ConvolutionWidth > 1 ? config.HeadCount : 0);
        Assert.All(past!.Tensors.Values, t => Assert.Equal([2, heads, 20, config.HeadSize], t.Shape));
    }

    /// <summary>Windows count places and rotary positions tokens, which padding moves.</summary>
    [Fact]
    public void A_left_padded_batch_gives_what_its_rows_give_alone()
    {
        using var model = new SmallModel(s_all);
        using var session = new OnnxSession(model);
        long[] longer = model.Rows(1, 12, 3)[0], shorter = model.Rows(1, 7, 4)[0];
        long[] mask = [.. Enumerable.Repeat(0L, 5), .. Enumerable.Repeat(1L, 7)], all = [.. Enumerable.Repeat(1L, 12)];
        (float[] logits, OnnxSession.Cache past) = session.Run([longer, [.. new long[5], .. shorter]], null, [all, mask]);
        int vocabulary = model.Model.Config.VocabularySize;
        Deviation.AssertWithin(Tolerance, model.Logits(longer), logits.AsSpan(0, 12 * vocabulary));
        Deviation.AssertWithin(Tolerance, model.Logits(shorter), logits.AsSpan(17 * vocabulary));
        (logits, _) = session.Run([[1], [2]], past, [[.. all, 1], [.. mask, 1]]);
        Deviation.AssertWithin(Tolerance, model.Logits([.. shorter, 2]).AsSpan(7 * vocabulary), logits.AsSpan(vocabulary));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Without_a_mask_or_a_cache_logits_are_the_same(bool mask, bool cache)
    {
        using var model = new SmallModel(s_all);
        using var session = new OnnxSession(model, new OnnxOptions { AttentionMask = mask, KeyValueCache = cache });
        Assert.Equal((mask, cache), (session.Session.InputNames.Contains("attention_mask"), session.Session.InputNames.Contains("past_key_values.0.key")));
        long[][] rows = model.Rows(2, 11);
        Deviation.AssertWithin(Tolerance, model.Logits(rows), session.Logits(rows));
    }

    [Fact]
    public void A_graph_without_positions_asks_for_none()
    {
        using var model = new SmallModel(Shapes["no positions"]);
        using var session = new OnnxSession(model, new OnnxOptions { PositionIds = true });
        Assert.DoesNotContain("position_ids", session.Session.InputNames);
        long[][] rows = model.Rows(1, 5);
        Deviation.AssertWithin(Tolerance, model.Logits(rows), session.Logits(rows));
    }

    /// <summary>transformers.js asks config.json for the caches' shape, which a GPT-2's is, or a Llama's where heads of keys are not as many as others.</summary>
    [Theory]
    [InlineData("everything", "llama")]
    [InlineData("soft cap", "gpt2")]
    [InlineData("convolutions", "llama")]
    [InlineData("llama", "llama")]
    [InlineData("sinusoidal", "gpt2")]
    public void The_folder_calls_the_model_what_has_its_caches(string name, string type)
    {
        using var model = new SmallModel(Shapes[name]);
        OnnxFolder.Write(model.Source, model.Target, new OnnxOptions());
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(model.Target, "config.json")));
        JsonElement config = document.RootElement;
        Assert.Equal(type, config.GetProperty("model_type").GetString());
        (int heads, int layers, int width) = type == "gpt2" ? (Number("n_head"), Number("n_layer"), Number("n_embd") / Number("n_head"))
            : (Number("num_key_value_heads"), Number("num_hidden_layers"), Number("hidden_size") / Number("num_attention_heads"));
        ModelConfig shape = model.Model.Config;
        using (var session = new OnnxSession(model)) Assert.Equal(session.Session.InputMetadata["past_key_values.0.key"].Dimensions[1], heads);
        Assert.Equal((shape.LayerCount, shape.HeadSize), (layers, width));
        bool isOwn = name is "everything" or "soft cap" or "convolutions";
        string card = File.ReadAllText(Path.Combine(model.Target, "README.md"));
        Assert.Equal(isOwn, card.Contains("| architecture | TorchLm's own", StringComparison.Ordinal));

        int Number(string field) => config.GetProperty(field).GetInt32();
    }

    [Fact]
    public void Weights_in_half_precision_are_counted_and_keep_the_logits()
    {
        using var model = new SmallModel(s_all);
        var reports = new Reports();
        OnnxFile file = OnnxExport.Write(model.Source, model.Target, new OnnxOptions { WeightType = OnnxWeightType.Float16 }, reports);
        Assert.Equal(1, reports.Values[^1], 12);
        using var session = new OnnxSession(model, file);
        long[][] rows = model.Rows(2, 20);
        float[] expected = model.Logits(rows);
        Assert.InRange(Deviation.Of(expected, session.Logits(rows)) / expected.Max(Math.Abs), 1e-5, 2e-2);
    }
}
