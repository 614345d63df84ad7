using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;

namespace TorchLm.Export.HuggingFace;

/// <summary>Fields of a config.json from elsewhere, each of the type that it should have or refused in one sentence.</summary>
/// <param name="root">The object.</param>
/// <param name="path">The file, for messages.</param>
/// <param name="prefix">Where the object stands in the file, for messages.</param>
internal sealed class ConfigFields(JsonElement root, string path, string prefix = "")
{
    /// <summary>A field; null where it is absent or null.</summary>
    public static JsonElement? Find(JsonElement root, string field) =>
        root.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public bool Has(string field) => Find(root, field) is not null;

    /// <summary>Whether a field is there and null.</summary>
    public bool IsNull(string field) => root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>A field that is an object; null where it is absent or null.</summary>
    public ConfigFields? Object(string field) => Find(root, field) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new ConfigFields(value, path, $"{prefix}{field}.") : throw Wrong(field, "is not an object");

    public string? Text(string field)
    {
        if (Find(root, field) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.String) throw Wrong(field, "is not a text");
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException e) // half of a surrogate pair, escaped
        {
            throw new InputException($"'{path}': {prefix}{field} is not valid Unicode: get the file again.", e);
        }
    }

    public double? Number(string field) => Find(root, field) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : throw Wrong(field, "is not a number");

    /// <summary>A number from 1 up.</summary>
    public int Count(string field, int absent) => Find(root, field) is not { } value ? absent
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 ? number
        : throw Wrong(field, "is not a whole number from 1 up");

    public bool Switch(string field, bool absent) => Find(root, field) is not { } value ? absent
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.ValueKind == JsonValueKind.True
        : throw Wrong(field, "is not true or false");

    /// <summary>Refuses another value of a switch than the one that TorchLm's model computes.</summary>
    public void Require(string field, bool only)
    {
        bool found = Switch(field, only);
        if (found != only) throw Wrong(field, $"is {found}, which TorchLm's model does not compute");
    }

    /// <summary>A probability below 1.</summary>
    public double Dropout(string field, double absent) =>
        (Number(field) ?? absent) is var share and >= 0 and < 1 ? share : throw Wrong(field, $"is {Number(field)}, which is no probability below 1");

    /// <summary>Heads, which divide the width.</summary>
    public int Heads(string field, int absent, string widthField, int width) =>
        Count(field, absent) is var heads && width % heads == 0 ? heads
            : throw Wrong(field, $"is {heads}, which does not divide {widthField} ({width})");

    /// <summary>The vocabulary, of which the embedding has a row for each.</summary>
    public int Vocabulary(int absent, string widthField, int width)
    {
        int count = Count("vocab_size", absent);
        return (long)count * width <= int.MaxValue ? count
            : throw Wrong("vocab_size", $"times {widthField} is {(long)count * width}, not below 2^31");
    }

    /// <summary>A model's shape, if it is a possible one.</summary>
    public ModelConfig Checked(ModelConfig config)
    {
        try
        {
            config.Validate();
        }
        catch (InputException e)
        {
            throw new InputException($"'{path}' cannot be imported: {e.Message}", e);
        }
        return config.Plain();
    }

    public InputException Wrong(string field, string what) => new($"'{path}' cannot be imported: {prefix}{field} {what}.");
}
