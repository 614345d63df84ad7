using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>Typed access to a JSON document whose failures are sentences that name the field.</summary>
internal static class JsonFields
{
    /// <summary>The field's value, or null where it is absent or null.</summary>
    /// <exception cref="TokenizerException"><paramref name="element"/> is not an object.</exception>
    public static JsonElement? Optional(this JsonElement element, string field, string where)
    {
        element.Require(JsonValueKind.Object, where);
        return element.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>The field's value, which must be there and not null.</summary>
    public static JsonElement Required(this JsonElement element, string field, string where) =>
        element.Optional(field, where) ?? throw new TokenizerException($"{where} has no \"{field}\"; get the whole file again.");

    /// <summary>Whether the field is true; <paramref name="absent"/> where it is absent or null.</summary>
    public static bool Flag(this JsonElement element, string field, string where, bool absent) =>
        element.Optional(field, where) is not { } value ? absent : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw WrongKind($"{where}.{field}", "true or false"),
        };

    /// <summary>The value's text.</summary>
    public static string Text(this JsonElement element, string where)
    {
        element.Require(JsonValueKind.String, where);
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException failure) // half of a surrogate pair, escaped
        {
            throw new TokenizerException($"{where} is not valid Unicode; get the file again.", failure);
        }
    }

    /// <summary>The name of a field of an object.</summary>
    public static string NameText(this JsonProperty property, string where)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException failure)
        {
            throw new TokenizerException($"A name in {where} is not valid Unicode; get the file again.", failure);
        }
    }

    /// <summary>The value as a token id: a whole number, zero or greater.</summary>
    public static int Id(this JsonElement element, string where) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0
            ? id : throw WrongKind(where, "a whole number from 0 up");

    /// <summary>Refuses a value of another kind.</summary>
    public static void Require(this JsonElement element, JsonValueKind kind, string where)
    {
        if (element.ValueKind == kind) return;
        throw WrongKind(where, kind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            _ => "a string",
        });
    }

    private static TokenizerException WrongKind(string where, string expected) =>
        new($"{where} is not {expected}, as it is in a tokenizer.json; get the file again.");
}
