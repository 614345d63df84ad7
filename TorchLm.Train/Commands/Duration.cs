using System.Globalization;
using System.Text.RegularExpressions;
using TorchLm.Core;

namespace TorchLm.Train.Commands;

/// <summary>Durations as people write them: <c>90s</c>, <c>10m</c>, <c>1.5h</c>, <c>1h30m</c>, <c>2d</c>, or a plain number of seconds.</summary>
internal static partial class Duration
{
    /// <summary>Reads a duration.</summary>
    /// <exception cref="InputException">It is not one.</exception>
    public static TimeSpan Parse(string text, string option)
    {
        Match match = Pattern().Match(text.Trim());
        double seconds = 0;
        foreach ((string unit, int length) in new[] { ("d", 86400), ("h", 3600), ("m", 60), ("s", 1) })
        {
            if (match.Groups[unit].Success) seconds += length * double.Parse(match.Groups[unit].ValueSpan, CultureInfo.InvariantCulture);
        }
        if (match.Success && seconds is > 0 and < 1e9) return TimeSpan.FromSeconds(seconds);
        throw new InputException($"{option} is '{text}', but it must be a duration such as 90s, 10m, 1.5h, 1h30m or 2d.");
    }

    [GeneratedRegex(@"^(?=.)(?:(?<d>\d+(?:\.\d+)?)d)?(?:(?<h>\d+(?:\.\d+)?)h)?(?:(?<m>\d+(?:\.\d+)?)m)?(?:(?<s>\d+(?:\.\d+)?)s?)?$")]
    private static partial Regex Pattern();
}
