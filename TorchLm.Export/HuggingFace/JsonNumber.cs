using System.Globalization;
using System.Text.Json.Nodes;

namespace TorchLm.Export.HuggingFace;

/// <summary>Numbers in JSON that is written for Python.</summary>
internal static class JsonNumber
{
    /// <summary>A number that Python takes for a float, as transformers demands of some fields: 2.0 and not 2.</summary>
    public static JsonNode Real(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return JsonNode.Parse(text.AsSpan().IndexOfAny('.', 'E') < 0 ? $"{text}.0" : text)!;
    }
}
