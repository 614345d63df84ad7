using System.Text.Json;

namespace TorchLm.Tests.Lessons;

/// <summary>The numbers of the tutorials' examples, computed by another program in float64.</summary>
internal static class KnownAnswers
{
    private static readonly JsonElement s_root = JsonDocument.Parse(typeof(KnownAnswers).Assembly.GetManifestResourceStream("TorchLm.Tests.Lessons.known-answers.json")!).RootElement;

    /// <summary>All numbers below a path such as <c>xor221.final.hidden</c>, in their order.</summary>
    public static double[] Of(string path)
    {
        JsonElement at = s_root;
        foreach (string name in path.Split('/')) at = at.GetProperty(name);
        return [.. Numbers(at)];
    }

    /// <summary>A network's trace: epochs, losses and cases right.</summary>
    public static IEnumerable<(int Epoch, double Loss, int Correct)> Trace(string network) =>
        s_root.GetProperty(network).GetProperty("trace").EnumerateArray().Select(t => (t.GetProperty("epoch").GetInt32(), t.GetProperty("loss").GetDouble(), t.GetProperty("correct").GetInt32()));

    private static IEnumerable<double> Numbers(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => [element.GetDouble()],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Numbers),
        _ => throw new ArgumentException($"A {element.ValueKind} is no number.", nameof(element)),
    };
}
