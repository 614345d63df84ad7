using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using TorchLm.Core.Model;
using TorchLm.Tokenizers;

namespace TorchLm.Reports.Pages;

/// <summary>What inspect-*.js draws, as small as it can be: a model of 12 layers and 12 heads has 144 maps.</summary>
internal static class InspectionData
{
    /// <summary>
    /// <c>ids</c>: the text. <c>tokens</c>: signs of every token that occurs, by id. <c>lens</c>: for each layer and position
    /// [ids, probabilities, loss, rank]. <c>attention</c>: 16-bit shares of 65535 in base64, head after head, of each row what it may see.
    /// </summary>
    public static JsonObject Of(ModelInspection inspection, ITokenizer tokenizer) => new()
    {
        ["ids"] = Numbers(inspection.Ids),
        ["vocabularySize"] = inspection.VocabularySize,
        ["layers"] = inspection.Attention.Count,
        ["heads"] = inspection.Attention[0].Heads,
        ["tokens"] = new JsonObject(inspection.Lens.SelectMany(layer => layer).SelectMany(reading => reading.Top.Select(chance => chance.Id))
            .Concat(inspection.Ids).Distinct().Order()
            .Select(id => KeyValuePair.Create<string, JsonNode?>($"{id}", TokenText.Of(tokenizer, id)))),
        ["lens"] = new JsonArray([.. inspection.Lens.Select(layer => new JsonArray([.. layer.Select(Reading)]))]),
        ["attention"] = Attention(inspection.Attention),
    };

    private static JsonArray Reading(LensReading reading) =>
    [
        Numbers(reading.Top.Select(chance => chance.Id)),
        new JsonArray([.. reading.Top.Select(chance => (JsonNode)Math.Round(chance.Probability, 6))]),
        reading.Next is null ? null : Math.Round(reading.Next.Loss, 4),
        reading.Next?.Rank,
    ];

    private static JsonArray Numbers(IEnumerable<int> numbers) => new([.. numbers.Select(number => (JsonNode)number)]);

    private static string Attention(IReadOnlyList<AttentionMap> layers)
    {
        var shares = new List<ushort>();
        foreach (AttentionMap map in layers)
        {
            for (int head = 0; head < map.Heads; head++)
            {
                for (int from = 0; from < map.Length; from++)
                {
                    for (int to = 0; to <= from; to++) shares.Add((ushort)Math.Round(map[head, from, to] * ushort.MaxValue));
                }
            }
        }
        return Convert.ToBase64String(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(shares)));
    }
}
