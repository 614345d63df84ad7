using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace TorchLm.Train.Reporting;

/// <summary>
/// The last rows of a terminal, written over again and again, with plain lines coming in above. Safe to call from several threads.
/// </summary>
/// <remarks>
/// Spectre.Console lays out and colours; its own live display counts the rows that it wrote before a window was made narrower, and so leaves remains of them
/// behind. Here the rows that the terminal has folded them into are counted, as all terminals in use but xterm do it.
/// </remarks>
internal sealed partial class LiveRegion : IDisposable
{
    private const string HideCursor = "\e[?25l", ShowCursor = "\e[?25h", BeginFrame = "\e[?2026h", EndFrame = "\e[?2026l", ToLineEnd = "\e[K", ToScreenEnd = "\e[J";

    private readonly TextWriter _output;
    private readonly Func<(int Width, int Height)> _size;
    private readonly IAnsiConsole _console;
    private readonly StringWriter _frame = new();
    private readonly Lock _lock = new();
    private int[] _widths = []; // of the rows that are there
    private bool _ended;

    /// <summary>Takes over the end of a terminal.</summary>
    /// <param name="output">The terminal.</param>
    /// <param name="size">Its columns and rows at the moment.</param>
    public LiveRegion(TextWriter output, Func<(int Width, int Height)> size)
    {
        (_output, _size) = (output, size);
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(_frame) });
        _console.Profile.Capabilities.Unicode = HasUnicode;
    }

    /// <summary>Whether the terminal is sent UTF-8.</summary>
    public static bool HasUnicode => Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage;

    /// <summary>Shows something in place of what was there.</summary>
    /// <param name="content">Makes it for a number of columns and rows.</param>
    public void Show(Func<int, int, IRenderable> content)
    {
        lock (_lock)
        {
            if (_ended) return;
            (int width, int height) = _size();
            string[] rows = Render(content(Math.Max(1, width - 1), height), Math.Max(1, width - 1));
            if (rows.Length >= height) rows = rows[..Math.Max(0, height - 1)];
            var text = new StringBuilder(BeginFrame).Append(HideCursor).Append(ToTop(width));
            for (int i = 0; i < rows.Length; i++) text.Append(i == 0 ? "" : "\n").Append(rows[i]).Append(ToLineEnd);
            _output.Write(text.Append(ToScreenEnd).Append(EndFrame).ToString());
            _output.Flush();
            _widths = [.. rows.Select(Width)];
        }
    }

    /// <summary>Writes a line above, which stays.</summary>
    public void WriteLine(string line)
    {
        lock (_lock)
        {
            Wipe();
            _output.WriteLine(line);
        }
    }

    /// <summary>Wipes it; nothing is shown any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_ended) return;
            _ended = true;
            Wipe();
            _output.Write(ShowCursor);
            _output.Flush();
            _frame.Dispose();
        }
    }

    private void Wipe()
    {
        if (_widths.Length == 0) return;
        _output.Write(ToTop(_size().Width) + ToScreenEnd);
        _widths = [];
    }

    /// <summary>From the end of the last row to the beginning of the first, however many rows the terminal has made of them since.</summary>
    private string ToTop(int width)
    {
        int rows = _widths.Sum(w => Math.Max(1, (w + width - 1) / width));
        return rows > 1 ? $"\r\e[{rows - 1}A" : "\r";
    }

    private string[] Render(IRenderable content, int width)
    {
        _console.Profile.Width = width;
        _frame.GetStringBuilder().Clear();
        _console.Write(content);
        return _frame.ToString().TrimEnd('\n', '\r').ReplaceLineEndings("\n").Split('\n');
    }

    private static int Width(string row) => new Segment(Escapes().Replace(row, "").TrimEnd()).CellCount();

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
