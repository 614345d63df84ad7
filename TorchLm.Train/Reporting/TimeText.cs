namespace TorchLm.Train.Reporting;

/// <summary>A duration as a person would say it.</summary>
internal static class TimeText
{
    public static string Of(double seconds)
    {
        if (!(seconds < TimeSpan.MaxValue.TotalSeconds)) return "forever";
        var span = TimeSpan.FromSeconds(Math.Round(seconds));
        return span.TotalDays >= 1 ? $"{(int)span.TotalDays} d {span.Hours} h" : span.TotalHours >= 1 ? $"{(int)span.TotalHours} h {span.Minutes:00} min"
            : span.TotalMinutes >= 1 ? $"{span.Minutes} min {span.Seconds:00} s" : $"{span.Seconds} s";
    }
}
