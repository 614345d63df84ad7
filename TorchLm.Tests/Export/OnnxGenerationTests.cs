using TorchLm.Core.Generation;
using TorchLm.Export.Onnx;

namespace TorchLm.Tests.Export;

public class OnnxGenerationTests
{
    /// <summary>What every generator on top of ONNX Runtime does: read the prompt, take the most likely token, feed it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Greedy_text_is_the_generators(bool cache)
    {
        using var model = new SmallModel(SmallModel.Config with { ContextLength = 112 },
            gpt => SmallModel.Parameter(gpt, "positions.weight").mul_(8)); // or the text soon repeats one token
        using var session = new OnnxSession(model, new OnnxOptions { KeyValueCache = cache });
        long[] prompt = model.Rows(1, 10)[0];
        int[] expected = [.. new TokenGenerator(model.Model).Generate([.. prompt.Select(t => (int)t)], new SamplingOptions { Temperature = 0 })
            .Take(100).Select(t => t.Single())];

        List<long> text = [.. prompt];
        OnnxSession.Cache? past = null;
        while (text.Count < 110)
        {
            (float[] logits, OnnxSession.Cache after) = session.Run([past is null ? [.. text] : [text[^1]]], past);
            if (cache) past = after;
            float[] last = logits[^model.Model.Config.VocabularySize..];
            text.Add(Array.IndexOf(last, last.Max()));
        }
        Assert.Equal(expected, text.Skip(10).Select(t => (int)t));
        Assert.True(expected.Zip(expected.Skip(1)).Count(pair => pair.First != pair.Second) > 50, "the case is no test: take other weights");
    }
}
