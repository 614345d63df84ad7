using Microsoft.ML.OnnxRuntime;
using TorchLm.Export.Onnx;

namespace TorchLm.Tests.Export;

public class OnnxLogitsTests
{
    private const double Tolerance = 1e-4;

    [Fact]
    public void Logits_are_the_models_for_prompts_of_any_length_and_for_batches()
    {
        using var model = new SmallModel();
        using var session = new OnnxSession(model);
        foreach (int length in new[] { 1, 2, 3, 5, 8, 11, 13, 17, 23, 24 }) AssertSame(model, session, model.Rows(1, length, seed: length));
        foreach (int batch in new[] { 2, 5 }) AssertSame(model, session, model.Rows(batch, 9, seed: batch));
    }

    [Theory]
    [InlineData(true, "tanh", 4, true, true)]
    [InlineData(false, "tanh", 4, true, true)]
    [InlineData(true, "exact", 1, true, true)]
    [InlineData(false, "exact", 2, false, true)]
    [InlineData(true, "tanh", 1, true, false)]
    [InlineData(false, "tanh", 2, false, false)]
    public void Every_shape_of_model_and_graph_gives_the_models_logits(bool bias, string gelu, int heads, bool mask, bool cache)
    {
        using var model = new SmallModel(SmallModel.Config with { Bias = bias, Gelu = gelu, HeadCount = heads });
        using var session = new OnnxSession(model, new OnnxOptions { AttentionMask = mask, KeyValueCache = cache });
        AssertSame(model, session, model.Rows(1, 24));
        AssertSame(model, session, model.Rows(3, 7));
    }

    /// <summary>The two forms of GELU differ by up to 5e-4, and the tolerances above would be no test if a model could not tell them apart.</summary>
    [Fact]
    public void A_graph_with_the_other_GELU_would_be_found()
    {
        using var exact = new SmallModel(SmallModel.Config with { Gelu = "exact" });
        using var tanh = new SmallModel(SmallModel.Config with { Gelu = "tanh" });
        using var session = new OnnxSession(tanh);
        long[][] rows = exact.Rows(1, 24);
        Assert.True(Deviation.Of(exact.Logits(rows), session.Logits(rows)) > 2 * Tolerance);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Token_by_token_and_several_at_once_give_what_one_pass_gives(bool mask)
    {
        using var model = new SmallModel();
        using var session = new OnnxSession(model, new OnnxOptions { AttentionMask = mask });
        long[][] rows = model.Rows(2, 20);
        foreach (int[] pieces in new int[][] { [.. Enumerable.Repeat(1, 20)], [7, 1, 1, 5, 6], [1, 19] })
        {
            OnnxSession.Cache? past = null;
            int done = 0;
            foreach (int piece in pieces)
            {
                (float[] logits, past) = session.Run([.. rows.Select(r => r[done..(done + piece)])], past);
                for (int row = 0; row < rows.Length; row++)
                {
                    Deviation.AssertWithin(Tolerance, Part(model.Logits(rows[row]), done, piece), Part(logits, row * piece, piece));
                }
                done += piece;
            }
            Assert.Equal(20, done);
            Assert.All(past!.Tensors.Values, t => Assert.Equal([2, 4, 20, 8], t.Shape));
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_left_padded_batch_gives_what_its_rows_give_alone(bool positionsGiven, bool cache)
    {
        using var model = new SmallModel();
        using var session = new OnnxSession(model, new OnnxOptions { KeyValueCache = cache, PositionIds = positionsGiven });
        long[][] texts = [model.Rows(1, 12, 3)[0], model.Rows(1, 5, 4)[0], model.Rows(1, 1, 5)[0]];
        const int More = 4; // tokens that each text goes on by, after it was read
        foreach (long padding in new long[] { 0, 28 })
        {
            long[][] rows = [.. texts.Select(t => Padded(t, padding))], mask = [.. texts.Select(t => Padded([.. t.Select(_ => 1L)], 0))];
            long[][] positions = [.. mask.Select(m => m.Select((_, i) => Math.Max(m[..(i + 1)].Sum() - 1, 0)).ToArray())];
            (float[] logits, OnnxSession.Cache past) = session.Run(rows, null, mask, positionsGiven ? positions : null);
            Assert.DoesNotContain(logits, l => !float.IsFinite(l));
            for (int i = 0; i < texts.Length; i++)
            {
                Deviation.AssertWithin(Tolerance, model.Logits(texts[i]), Part(logits, (12 * i) + 12 - texts[i].Length, texts[i].Length));
            }
            if (!cache) continue;

            long[][] next = model.Rows(3, More, 6);
            long[][] nextPositions = [.. texts.Select(t => Enumerable.Range(t.Length, More).Select(p => (long)p).ToArray())];
            (logits, _) = session.Run(next, past, [.. mask.Select(m => (long[])[.. m, 1, 1, 1, 1])], positionsGiven ? nextPositions : null);
            for (int i = 0; i < texts.Length; i++)
            {
                Deviation.AssertWithin(Tolerance, Part(model.Logits([.. texts[i], .. next[i]]), texts[i].Length, More), Part(logits, More * i, More));
            }
        }

        static long[] Padded(long[] row, long padding) => [.. Enumerable.Repeat(padding, 12 - row.Length), .. row];
    }

    [Fact]
    public void Positions_that_are_given_are_taken()
    {
        using var model = new SmallModel();
        using OnnxSession counting = new(model), session = new(model, new OnnxOptions { PositionIds = true });
        long[][] rows = model.Rows(1, 6);
        float[] counted = counting.Logits(rows);
        Assert.Equal(counted, session.Run(rows, positions: [[0, 1, 2, 3, 4, 5]]).Logits);
        Assert.True(Deviation.Of(counted, session.Run(rows, positions: [[3, 4, 5, 6, 7, 8]]).Logits) > 0.1);
    }

    [Fact]
    public void A_text_longer_than_the_context_is_an_error_and_not_a_wrong_text()
    {
        using var model = new SmallModel();
        using var session = new OnnxSession(model);
        Assert.Throws<OnnxRuntimeException>(() => session.Logits(model.Rows(1, 25)));
    }

    private static void AssertSame(SmallModel model, OnnxSession session, long[][] rows) =>
        Deviation.AssertWithin(Tolerance, model.Logits(rows), session.Logits(rows));

    /// <summary>Of logits (positions, V) those of some positions.</summary>
    private static ReadOnlySpan<float> Part(float[] logits, int first, int count) =>
        logits.AsSpan(first * SmallModel.Config.VocabularySize, count * SmallModel.Config.VocabularySize);
}
