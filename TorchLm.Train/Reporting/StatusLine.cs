using System.Diagnostics;

namespace TorchLm.Train.Reporting;

/// <summary>One line of standard error that is written over and over while something lasts; silent where standard error is not a terminal.</summary>
internal sealed class StatusLine
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _live = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("CI") is null or "";
    /// <summary>Whether there is a terminal to show it on.</summary>
    public bool IsLive => _live;

    private long _lastShown;
    private int _length;

    /// <summary>Shows the text in place of what was there, at most ten times a second.</summary>
    public void Show(string text)
    {
        if (!_live || (_lastShown != 0 && Stopwatch.GetElapsedTime(_lastShown) < s_interval)) return;
        int width = Math.Max(20, Width() - 1);
        if (text.Length > width) text = text[..width];
        Console.Error.Write("\r" + text.PadRight(_length));
        _length = text.Length;
        _lastShown = Stopwatch.GetTimestamp();
    }

    /// <summary>Wipes the line, so that other output can follow.</summary>
    public void Clear()
    {
        if (_length == 0) return;
        Console.Error.Write("\r" + new string(' ', _length) + "\r");
        (_length, _lastShown) = (0, 0);
    }

    private static int Width()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return 80; // no window to ask
        }
    }
}
