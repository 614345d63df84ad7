using System.Globalization;
using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Train.Sweeps;

/// <summary>A setting that is tried out, as <c>--try</c> names it: <c>name=a,b,c</c>, or <c>name=low..high</c> to draw numbers from.</summary>
/// <param name="Name">Its dotted name.</param>
/// <param name="Values">The values to try; empty for a range.</param>
/// <param name="Range">The ends of the range; null for values.</param>
internal sealed record SweepParameter(string Name, IReadOnlyList<string> Values, (double Low, double High)? Range)
{
    // From a tenfold on, what matters of a number is mostly how large it is, not how far from its neighbour.
    private const double LogarithmicFrom = 10;

    /// <summary>Understands what the user wrote.</summary>
    /// <exception cref="InputException">It names no setting, or nothing to try.</exception>
    public static SweepParameter Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new InputException($"--try takes name=value,value, for example optimizer.learningRate=1e-3,3e-3, but is '{text}'.");
        string name = text[..equals].Trim(), given = text[(equals + 1)..].Trim();
        ConfigSetting.RequireKnown(name, "--try");
        Refuse(name);
        if (given.Split("..") is [var low, var high] && Number(low) is { } from && Number(high) is { } to)
        {
            if (from >= to) throw new InputException($"--try {name}={given} is no range: its first end must be the lower one.");
            bool isWhole = ConfigSetting.IsWhole(name);
            if (isWhole && (from != Math.Floor(from) || to != Math.Floor(to))) throw new InputException($"--try {name}={given}: the ends must be " +
                "whole numbers, as the setting is.");
            return new SweepParameter(name, [], (from, to));
        }
        string[] values = given.Split(',', StringSplitOptions.TrimEntries);
        if (values.Any(value => value.Length == 0)) throw new InputException($"--try {name}={given} names an empty value: separate values with a " +
            "comma, such as 1,2,3.");
        if (values.GroupBy(value => value).FirstOrDefault(same => same.Count() > 1) is { } twice) throw new InputException($"--try {name} names " +
            $"the value {twice.Key} twice.");
        return new SweepParameter(name, values, null);
    }

    /// <summary>
    /// A value drawn at random: one of the values, or one of the range, log-uniform where that spans a factor of ten above 0, else uniform.
    /// </summary>
    public string Draw(Random random)
    {
        if (Range is not { } range) return Values[random.Next(Values.Count)];
        bool isLogarithmic = range.Low > 0 && range.High / range.Low >= LogarithmicFrom, isWhole = ConfigSetting.IsWhole(Name);
        // A whole number stands for what is rounded to it, so that both ends come as often as others.
        double low = isWhole ? range.Low - 0.5 : range.Low, high = isWhole ? range.High + 0.5 : range.High, share = random.NextDouble();
        double drawn = isLogarithmic ? Math.Exp(Math.Log(low) + (share * Math.Log(high / low))) : low + (share * (high - low));
        double shown = isWhole ? Math.Round(drawn) : double.Parse(drawn.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return Text(Math.Clamp(shown, range.Low, range.High));
    }

    /// <summary>A number as it is written in a configuration.</summary>
    public static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture).Replace("E-0", "e-").Replace('E', 'e');

    /// <summary>The number that a text is; null where it is none.</summary>
    public static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;

    private static void Refuse(string name)
    {
        if (name == "training.seed") throw new InputException("--try training.seed is what --seeds N does: candidates are compared by their " +
            "means over seeds.");
        if (name == "training.initFrom") throw new InputException("--try training.initFrom is not possible: the trials of a sweep begin with " +
            "random weights.");
        if (name.StartsWith("data.", StringComparison.Ordinal))
        {
            throw new InputException($"--try {name} is not possible: all trials of a sweep read the same data, else their losses could not be " +
                "compared.");
        }
    }
}
