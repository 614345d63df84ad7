using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TorchLm.Core.Configuration;

/// <summary>Single settings given as <c>model.layerCount=6</c>, and what to say when a configuration does not fit its type.</summary>
public static partial class ConfigSetting
{
    private const int LongestName = 100;

    /// <summary>Every setting's dotted name, in the order of the records.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(RunConfig).GetProperties().SelectMany(section => section.PropertyType.GetProperties()
            .Where(field => field.CanWrite).Select(field => $"{Camel(section.Name)}.{Camel(field.Name)}")),
    ];

    /// <summary>The words that a setting takes; null where it takes others than a few words.</summary>
    public static IReadOnlyList<string>? Words(string name) => Property(name) is not { } property ? null
        : property.GetCustomAttribute<OneOfAttribute>()?.Words ?? (property.PropertyType == typeof(bool) ? ["true", "false"] : null);

    /// <summary>Whether a setting takes whole numbers only.</summary>
    public static bool IsWhole(string name) => Property(name)?.PropertyType is { } type && (type == typeof(int) || type == typeof(long));

    /// <summary>Refuses a name that no setting has.</summary>
    /// <param name="name">A dotted name.</param>
    /// <param name="source">The option it came from, for the sentence.</param>
    /// <exception cref="InputException">There is no such setting; says which one may have been meant.</exception>
    public static void RequireKnown(string name, string source)
    {
        if (!Names.Contains(name)) throw new InputException(Unknown(name, source));
    }

    /// <summary>Writes the setting into the configuration's JSON.</summary>
    internal static void Apply(JsonObject root, string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new InputException($"--set takes name=value, for example model.layerCount=6, but '{setting}' has no value.");
        string name = setting[..equals].Trim(), value = setting[(equals + 1)..].Trim();
        RequireKnown(name, "--set");

        string[] parts = name.Split('.');
        if (root[parts[0]] is null) root[parts[0]] = new JsonObject();
        if (root[parts[0]] is not JsonObject section) throw new InputException($"{parts[0]} is not an object, so {name} cannot be set in it.");
        section[parts[1]] = FieldType(parts[0], parts[1]) == typeof(string) && value != "null" ? JsonValue.Create(value) : AsJson(value);
    }

    /// <summary>One sentence for a configuration that does not deserialise.</summary>
    internal static string Explain(JsonException failure, string source)
    {
        string path = failure.Path?.TrimStart('$', '.') ?? "";
        Match unknown = UnknownMember().Match(failure.Message);
        if (unknown.Success)
        {
            string member = unknown.Groups[1].Value;
            string section = path.EndsWith($"['{member}']", StringComparison.Ordinal) ? path[..^(member.Length + 4)]
                : path; // a name with a blank or a dot
            return Unknown(section.Length == 0 ? member : section.Split('.')[^1] == member ? section : $"{section}.{member}", source);
        }
        Type? type = path.Split('.') is [var part, var field] ? FieldType(part, field) : null;
        string expected = type == typeof(bool) ? "true or false" : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? "a number" : type == typeof(string) ? "a text" : "an object";
        return $"{source}: {path} must be {expected}.";
    }

    private static string Unknown(string name, string source)
    {
        IEnumerable<string> candidates = name.Contains('.', StringComparison.Ordinal) || source.StartsWith("--", StringComparison.Ordinal) ? Names
            : Names.Concat(Names.Select(n => n.Split('.')[0]).Distinct());
        string? nearest = Nearest.To(name, candidates);
        if (name.Length > LongestName) name = name[..LongestName] + "...";
        return $"{source}: there is no setting '{name}'; {(nearest is null ? "torchlm config show prints all that there are." : $"did you mean {nearest}?")}";
    }

    private static PropertyInfo? Property(string name) => name.Split('.') is not [var section, var field] ? null
        : typeof(RunConfig).GetProperties().FirstOrDefault(p => Camel(p.Name) == section)?.PropertyType.GetProperties().FirstOrDefault(p =>
            Camel(p.Name) == field);

    private static Type? FieldType(string section, string field) => Property($"{section}.{field}")?.PropertyType;

    private static JsonNode? AsJson(string value)
    {
        try
        {
            return JsonNode.Parse(value) is { } node and not JsonObject and not JsonArray ? node : value == "null" ? null : JsonValue.Create(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value); // anything that is not a JSON number, boolean or null is a text
        }
    }

    internal static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    [GeneratedRegex("JSON property '(.*)' could not be mapped", RegexOptions.Singleline)]
    private static partial Regex UnknownMember();
}
