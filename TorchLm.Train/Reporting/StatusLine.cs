using System.Diagnostics;

namespace TorchLm.Train.Reporting;

/// <summary>
/// One line of standard error that is written over and over while something lasts; where standard error is no terminal, a plain line a minute.
/// </summary>
internal sealed class StatusLine
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100), s_plainInterval = TimeSpan.FromMinutes(1);

    private readonly Stopwatch _plainWatch = Stopwatch.StartNew();
    private long _lastShown;
    private int _length;

    /// <summary>Shows the text in place of what was there, at most ten times a second.</summary>
    public void Show(string text)
    {
        if (!Terminal.IsLive)
        {
            if (_plainWatch.Elapsed < s_plainInterval) return;
            _plainWatch.Restart();
            Console.Error.WriteLine(text);
            return;
        }
        if (_lastShown != 0 && Stopwatch.GetElapsedTime(_lastShown) < s_interval) return;
        int width = Math.Max(1, Terminal.Size().Width - 1);
        if (text.Length > width) text = text[..width];
        Console.Error.Write("\r" + text.PadRight(Math.Min(_length, width)));
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
}
