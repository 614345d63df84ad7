using System.Globalization;
using System.Text;

namespace TorchLm.Tests.Reporting;

/// <summary>
/// A terminal of so many columns and rows, as far as TorchLm uses one: it wraps, scrolls, obeys cursor up, erase to the end of line and screen, and folds
/// its lines anew when it is made narrower.
/// </summary>
internal sealed class Screen : StringWriter
{
    private readonly List<Line> _lines = [new()];
    private int _row, _column;

    private sealed class Line
    {
        public StringBuilder Text { get; } = new();

        public bool Continues { get; set; } // the line above
    }

    public Screen(int width, int height) : base(CultureInfo.InvariantCulture) => (Width, Height) = (width, height);

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Everything that was shown and not erased, what has scrolled away included.</summary>
    public string[] Lines() => [.. _lines.Select(l => l.Text.ToString().TrimEnd()).Reverse().SkipWhile(l => l.Length == 0).Reverse()];

    public void Resize(int width, int height)
    {
        var logical = new List<string>();
        foreach (Line line in _lines)
        {
            if (line.Continues) logical[^1] += line.Text;
            else logical.Add(line.Text.ToString());
        }
        (Width, Height) = (width, height);
        _lines.Clear();
        foreach (string text in logical)
        {
            for (int at = 0; at == 0 || at < text.TrimEnd().Length; at += width)
            {
                var line = new Line { Continues = at > 0 };
                line.Text.Append(text.TrimEnd().AsSpan(Math.Min(at, text.TrimEnd().Length)).ToString() is var rest && rest.Length > width ? rest[..width] : rest);
                _lines.Add(line);
            }
        }
        (_row, _column) = (_lines.Count - 1, Math.Min(_lines[^1].Text.Length, width - 1)); // the cursor was at the end
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        string text = value ?? "";
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\e':
                    int end = i + 2;
                    while (!char.IsAsciiLetter(text[end])) end++;
                    Obey(text[(i + 2)..end], text[end]);
                    i = end;
                    break;
                case '\r':
                    _column = 0;
                    break;
                case '\n':
                    (_row, _column) = (_row + 1, 0);
                    while (_lines.Count <= _row) _lines.Add(new Line());
                    _lines[_row].Continues = false;
                    break;
                default:
                    Put(text[i]);
                    break;
            }
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    private void Put(char c)
    {
        if (_column == Width)
        {
            (_row, _column) = (_row + 1, 0);
            while (_lines.Count <= _row) _lines.Add(new Line());
            _lines[_row].Continues = true;
        }
        StringBuilder line = _lines[_row].Text;
        while (line.Length <= _column) line.Append(' ');
        line[_column++] = c;
    }

    private void Obey(string argument, char command)
    {
        switch (command)
        {
            case 'A':
                _row = Math.Max(Math.Max(0, _lines.Count - Height), _row - int.Parse(argument, CultureInfo.InvariantCulture)); // not above the window
                break;
            case 'K':
                Cut();
                break;
            case 'J':
                Cut();
                _lines.RemoveRange(_row + 1, _lines.Count - _row - 1);
                break;
            case 'h' or 'l' or 'm':
                break;
            default:
                throw new InvalidOperationException($"The screen does not know the escape {argument}{command}.");
        }
    }

    private void Cut()
    {
        if (_lines[_row].Text.Length > _column) _lines[_row].Text.Length = _column;
    }
}
