using System.Text.Json.Nodes;

namespace TorchLm.Core.Configuration;

/// <summary>A setting that two configurations have different values of.</summary>
/// <param name="Name">Its dotted name, such as <c>model.layerCount</c>.</param>
/// <param name="First">Its value in the first, as JSON.</param>
/// <param name="Second">Its value in the second.</param>
public sealed record ConfigDifference(string Name, string First, string Second)
{
    /// <summary>All settings that differ, in the order in which configurations are written.</summary>
    public static IReadOnlyList<ConfigDifference> Between(RunConfig first, RunConfig second)
    {
        (string Name, string Value)[] one = [.. Settings(first)], other = [.. Settings(second)];
        return [.. one.Zip(other).Where(s => s.First.Value != s.Second.Value).Select(s => new ConfigDifference(s.First.Name, s.First.Value, s.Second.Value))];
    }

    /// <summary>Every setting's dotted name and value; all configurations have the same ones.</summary>
    public static IEnumerable<(string Name, string Value)> Settings(RunConfig config) =>
        from section in JsonNode.Parse(config.ToJson())!.AsObject()
        from setting in section.Value!.AsObject()
        select ($"{section.Key}.{setting.Key}", setting.Value?.ToJsonString(RunConfig.Json) ?? "null");
}
