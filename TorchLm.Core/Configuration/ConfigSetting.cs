using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TorchLm.Core.Configuration;

/// <summary>Single settings given as <c>model.layerCount=6</c>, and what to say when a configuration does not fit its type.</summary>
internal static partial class ConfigSetting
{
    private const int LongestName = 100;

    /// <summary>Every setting's dotted name, in the order of the records.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(RunConfig).GetProperties().SelectMany(section => section.PropertyType.GetProperties()
            .Where(field => field.CanWrite).Select(field => $"{Camel(section.Name)}.{Camel(field.Name)}")),
    ];

    /// <summary>Writes the setting into the configuration's JSON.</summary>
    public static void Apply(JsonObject root, string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new InputException($"--set takes name=value, for example model.layerCount=6, but '{setting}' has no value.");
        string name = setting[..equals].Trim(), value = setting[(equals + 1)..].Trim();
        if (!Names.Contains(name)) throw new InputException(Unknown(name, "--set"));

        string[] parts = name.Split('.');
        if (root[parts[0]] is null) root[parts[0]] = new JsonObject();
        if (root[parts[0]] is not JsonObject section) throw new InputException($"{parts[0]} is not an object, so {name} cannot be set in it.");
        section[parts[1]] = FieldType(parts[0], parts[1]) == typeof(string) && value != "null" ? JsonValue.Create(value) : AsJson(value);
    }

    /// <summary>One sentence for a configuration that does not deserialise.</summary>
    public static string Explain(JsonException failure, string source)
    {
        string path = failure.Path?.TrimStart('$', '.') ?? "";
        Match unknown = UnknownMember().Match(failure.Message);
        if (unknown.Success)
        {
            string member = unknown.Groups[1].Value;
            string section = path.EndsWith($"['{member}']", StringComparison.Ordinal) ? path[..^(member.Length + 4)] : path; // a name with a blank or a dot
            return Unknown(section.Length == 0 ? member : section.Split('.')[^1] == member ? section : $"{section}.{member}", source);
        }
        Type? type = path.Split('.') is [var part, var field] ? FieldType(part, field) : null;
        string expected = type == typeof(bool) ? "true or false" : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? "a number" : type == typeof(string) ? "a text" : "an object";
        return $"{source}: {path} must be {expected}.";
    }

    private static string Unknown(string name, string source)
    {
        IEnumerable<string> candidates = name.Contains('.', StringComparison.Ordinal) || source == "--set" ? Names
            : Names.Concat(Names.Select(n => n.Split('.')[0]).Distinct());
        if (name.Length > LongestName) name = name[..LongestName] + "..."; // comparing it takes time with its length, and so does reading it
        string nearest = candidates.MinBy(known => Distance(known, name) - CommonPrefix(known, name))!;
        return $"{source}: there is no setting '{name}'; did you mean {nearest}?";
    }

    private static Type? FieldType(string section, string field) =>
        typeof(RunConfig).GetProperties().FirstOrDefault(p => Camel(p.Name) == section)?.PropertyType
            .GetProperties().FirstOrDefault(p => Camel(p.Name) == field)?.PropertyType;

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

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static int CommonPrefix(string a, string b) => a.AsSpan().CommonPrefixLength(b);

    /// <summary>Levenshtein's edit distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }

    [GeneratedRegex("JSON property '(.*)' could not be mapped", RegexOptions.Singleline)]
    private static partial Regex UnknownMember();
}
