using System.Globalization;
using TorchLm.Core.Configuration;

namespace TorchLm.Export.Architectures;

/// <summary>A setting of which an architecture of other software has not all values.</summary>
/// <param name="Setting">The setting's dotted name.</param>
/// <param name="Value">The model's value of it.</param>
/// <param name="Only">What the architecture has, in words.</param>
/// <param name="Holds">Whether a model keeps to that, or its value changes nothing.</param>
internal sealed record Limit(string Setting, Func<ModelConfig, object> Value, string Only, Predicate<ModelConfig> Holds)
{
    /// <summary>A setting with a few values.</summary>
    public static Limit To<T>(string setting, Func<ModelConfig, T> value, params T[] allowed) where T : notnull =>
        new(setting, model => value(model), string.Join(", ", allowed.Select(one => Written(one))), model => allowed.Contains(value(model)));

    /// <summary>The model's value as a configuration has it.</summary>
    public string ValueOf(ModelConfig model) => Written(Value(model));

    private static string Written(object value) => value switch
    {
        true => "true",
        false => "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
