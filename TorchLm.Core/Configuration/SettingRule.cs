using System.Reflection;
using System.Text.Json.Nodes;

namespace TorchLm.Core.Configuration;

/// <summary>
/// A rule that a single setting obeys, stated once, on its property: configurations are checked by it, and the schema tells editors of it.
/// </summary>
[AttributeUsage(AttributeTargets.Property, AllowMultiple = true)]
public abstract class SettingRuleAttribute : Attribute
{
    /// <summary>Refuses a value that breaks the rule.</summary>
    /// <param name="name">The setting's dotted name, for the sentence.</param>
    /// <param name="value">Its value.</param>
    /// <param name="section">The record that it belongs to.</param>
    internal abstract void Check(string name, object? value, object section);

    /// <summary>Writes the rule into the setting's JSON schema.</summary>
    internal abstract void Describe(JsonObject schema);

    /// <summary>Checks every setting of a section of the configuration, in the order of its properties.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    internal static void CheckAll(string sectionName, object section)
    {
        foreach (PropertyInfo property in section.GetType().GetProperties())
        {
            foreach (SettingRuleAttribute rule in property.GetCustomAttributes<SettingRuleAttribute>())
            {
                rule.Check($"{sectionName}.{ConfigSetting.Camel(property.Name)}", property.GetValue(section), section);
            }
        }
    }
}

/// <summary>The setting is one of a few words.</summary>
public sealed class OneOfAttribute(params string[] words) : SettingRuleAttribute
{
    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words => words;

    internal override void Check(string name, object? value, object section) => Rule.OneOf(name, (string?)value, words);

    internal override void Describe(JsonObject schema) => schema["enum"] = new JsonArray([.. words.Select(word => JsonValue.Create(word))]);
}

/// <summary>The setting is a whole number of at least this.</summary>
public sealed class AtLeastAttribute(long least) : SettingRuleAttribute
{
    /// <summary>The least value.</summary>
    public long Least => least;

    internal override void Check(string name, object? value, object section) => Rule.AtLeast(name, Convert.ToInt64(value), least);

    internal override void Describe(JsonObject schema) => schema["minimum"] = least;
}

/// <summary>The setting is a whole number of at most this.</summary>
public sealed class AtMostAttribute(long most) : SettingRuleAttribute
{
    /// <summary>The greatest value.</summary>
    public long Most => most;

    internal override void Check(string name, object? value, object section) =>
        Rule.Holds(Convert.ToInt64(value) <= most, name, value, $"it must be at most {most}");

    internal override void Describe(JsonObject schema) => schema["maximum"] = most;
}

/// <summary>The setting is a number between two others; without an upper one it is finite.</summary>
public sealed class InRangeAttribute(double low, double high = double.MaxValue) : SettingRuleAttribute
{
    /// <summary>The lower end.</summary>
    public double Low => low;

    /// <summary>The upper end.</summary>
    public double High => high;

    /// <summary>Whether the lower end belongs to the range.</summary>
    public bool LowIncluded { get; init; } = true;

    /// <summary>Whether the upper end belongs to the range.</summary>
    public bool HighIncluded { get; init; } = true;

    /// <summary>The property whose value is the upper end, in place of a number; a schema cannot say that.</summary>
    public string? HighIs { get; init; }

    internal override void Check(string name, object? value, object section)
    {
        double upper = HighIs is null ? high : (double)section.GetType().GetProperty(HighIs)!.GetValue(section)!;
        Rule.InRange(name, (double)value!, low, upper, HighIncluded, LowIncluded);
    }

    internal override void Describe(JsonObject schema)
    {
        schema[LowIncluded ? "minimum" : "exclusiveMinimum"] = low;
        if (HighIs is null && high < double.MaxValue) schema[HighIncluded ? "maximum" : "exclusiveMaximum"] = high;
    }
}
