using System.Numerics;

namespace TorchLm.Core.Configuration;

/// <summary>The rules that configuration fields obey, each with the one sentence that its breach gives.</summary>
internal static class Rule
{
    public static void Holds(bool condition, string field, object? value, string rule)
    {
        if (!condition) throw new InputException($"{field} is {value ?? "null"}, but {rule}.");
    }

    public static void AtLeast<T>(string field, T value, T least) where T : INumber<T> =>
        Holds(value >= least, field, value, $"it must be at least {least}");

    public static void InRange(string field, double value, double low, double high, bool upperIncluded = true, bool lowerIncluded = true) =>
        Holds((lowerIncluded ? value >= low : value > low) && (upperIncluded ? value <= high : value < high), field, value,
            $"it must be {(lowerIncluded ? "at least" : "above")} {low}" +
            (high == double.MaxValue ? " and finite" : $" and {(upperIncluded ? "at most" : "below")} {high}"));

    public static void OneOf(string field, string? value, params string[] allowed)
    {
        if (allowed.Contains(value)) return;
        string rule = allowed.Length == 1 ? $"only '{allowed[0]}' is known" : $"it must be one of {string.Join(", ", allowed)}";
        throw new InputException($"{field} is {(value is null ? "null" : $"'{value}'")}, but {rule}.{Nearest.Question(value ?? "", allowed)}");
    }
}
