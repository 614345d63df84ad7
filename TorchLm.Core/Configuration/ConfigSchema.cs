using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace TorchLm.Core.Configuration;

/// <summary>
/// A JSON schema of configurations (draft 2020-12), from which editors complete and check names, types, defaults, words and ranges.
/// </summary>
/// <remarks>Which combinations are possible only <see cref="RunConfig.Parse"/> knows.</remarks>
public static class ConfigSchema
{
    /// <summary>The schema, indented.</summary>
    public static string ToJson()
    {
        JsonNode defaults = JsonNode.Parse(new RunConfig().ToJson())!;
        var options = new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) =>
            {
                if (node is JsonObject schema)
                {
                    if (At(defaults, context.Path) is { } value and not JsonObject) schema["default"] = value.DeepClone();
                    if (context.PropertyInfo?.AttributeProvider is PropertyInfo property) Describe(property, schema);
                }
                return node;
            },
        };
        var root = (JsonObject)RunConfig.Json.GetJsonSchemaAsNode(typeof(RunConfig), options);
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root.Insert(1, "title", "A TorchLm training run");
        ((JsonObject)root["properties"]!)["$schema"] = new JsonObject { ["type"] = "string" };
        return root.ToJsonString(RunConfig.Json);
    }

    private static void Describe(PropertyInfo property, JsonObject schema)
    {
        foreach (SettingRuleAttribute rule in property.GetCustomAttributes<SettingRuleAttribute>()) rule.Describe(schema);
        if (SettingDescriptions.Of(property) is { } description) schema["description"] = description;
    }

    /// <summary>The value that a place in the schema, such as properties/model/properties/bias, describes.</summary>
    private static JsonNode? At(JsonNode defaults, ReadOnlySpan<string> path)
    {
        JsonNode? at = defaults;
        foreach (string part in path)
        {
            if (part != "properties") at = (at as JsonObject)?[part];
        }
        return path.IsEmpty ? null : at;
    }
}
