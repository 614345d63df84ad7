using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>Grouped queries (Ainslie et al. 2023) are what a model computes whose heads of keys and values are alike within groups.</summary>
public class GroupedQueriesTests
{
    [Theory]
    [InlineData(8, 2)]
    [InlineData(8, 1)]
    [InlineData(32, 2)]
    [InlineData(32, 1)]
    public void Shared_keys_and_values_are_repeated_ones(int headSize, int keyHeads)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = ModelOptions.All["value embeddings of grouped queries"].WithHeadSize(headSize) with
        {
            KeyValueHeadCount = keyHeads, Bias = true, Positions = "rope", QkNorm = true,
        };
        using Gpt shared = TinyGpt.WithWideWeights(config), repeated = new(config with { KeyValueHeadCount = 0 });
        Dictionary<string, float[]> weights = TinyGpt.Parameters(shared);
        using (no_grad())
        {
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in repeated.named_parameters())
            {
                float[] given = weights[name];
                int rowSize = name.EndsWith("qkv.weight", StringComparison.Ordinal) ? config.EmbeddingSize : 1;
                if (name.Contains(".qkv.", StringComparison.Ordinal)) given = Repeat(given, 1, 4, headSize * rowSize);
                if (name.EndsWith("values.embedding.weight", StringComparison.Ordinal)) given = Repeat(given, 11, 0, headSize);
                parameter.copy_(tensor(given, parameter.shape));
            }
        }
        long[][] inputs = TinyGpt.RandomRows(2, 8, 11, 1), targets = TinyGpt.RandomRows(2, 8, 11, 2);
        AssertClose(TinyGpt.Values(repeated.forward(TinyGpt.Ids(inputs))), TinyGpt.Values(shared.forward(TinyGpt.Ids(inputs))));

        // A shared head's gradient is the sum of the repeated ones'.
        foreach (Gpt model in (Gpt[])[shared, repeated]) model.AccumulateGradients(TinyGpt.Ids(inputs), TinyGpt.Ids(targets));
        Dictionary<string, float[]> grouped = TinyGpt.Gradients(shared), separate = TinyGpt.Gradients(repeated);
        foreach ((string name, float[] gradient) in grouped)
        {
            int rowSize = name.EndsWith("qkv.weight", StringComparison.Ordinal) ? config.EmbeddingSize : 1;
            float[] expected = name.Contains(".qkv.", StringComparison.Ordinal) ? SumGroups(separate[name], 1, 4, headSize * rowSize)
                : name.EndsWith("values.embedding.weight", StringComparison.Ordinal) ? SumGroups(separate[name], 11, 0, headSize) : separate[name];
            AssertClose(expected, gradient);
        }

        // Of each row, the queries' pieces, then the keys' and values', each of these for every query head of its group.
        float[] Repeat(float[] given, int rows, int queries, int piece)
        {
            int pieces = given.Length / rows / piece;
            return
            [
                .. from row in Enumerable.Range(0, rows)
                   from at in Order(pieces, queries)
                   from i in Enumerable.Range(0, piece)
                   select given[(row * pieces + at) * piece + i],
            ];
        }

        float[] SumGroups(float[] given, int rows, int queries, int piece)
        {
            int pieces = given.Length / rows / piece, group = 4 / keyHeads, kept = queries + (pieces - queries) / group;
            var sums = new float[rows * kept * piece];
            int[] order = [.. Order(kept, queries)];
            for (int i = 0; i < given.Length; i++)
            {
                (int row, int at) = (i / piece / pieces, i / piece % pieces);
                sums[(row * kept + order[at]) * piece + i % piece] += given[i];
            }
            return sums;
        }

        IEnumerable<int> Order(int pieces, int queries) =>
            Enumerable.Range(0, pieces).SelectMany(at => Enumerable.Repeat(at, at < queries ? 1 : 4 / keyHeads));
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        float scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 2e-5f * scale);
    }
}
