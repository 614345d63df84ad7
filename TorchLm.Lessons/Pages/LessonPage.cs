using ScottPlot;

namespace TorchLm.Lessons.Pages;

/// <summary>What a lesson writes on: text, formulas, tables and pictures for the reader, and the numbers that were checked.</summary>
public sealed class LessonPage
{
    private const int Width = 96;
    private readonly TextWriter _output;
    private readonly Lesson _lesson;
    private readonly LessonOptions _options;
    private readonly List<Check> _checks = [];
    private readonly List<string> _pictures = [];

    internal LessonPage(Lesson lesson, TextWriter output, LessonOptions options) => (_lesson, _output, _options) = (lesson, output, options);

    /// <summary>The numbers that were checked so far.</summary>
    public IReadOnlyList<Check> Checks => _checks;

    /// <summary>The files that were drawn so far.</summary>
    public IReadOnlyList<string> Pictures => _pictures;

    /// <summary>Steps or epochs to train for.</summary>
    public int Steps => _options.Steps ?? _lesson.Steps ?? throw new InvalidOperationException($"{_lesson.Name} has no steps.");

    /// <summary>The seed of random numbers.</summary>
    public long Seed => _options.Seed ?? _lesson.Seed ?? throw new InvalidOperationException($"{_lesson.Name} has no seed.");

    /// <summary>Whether nothing was chosen by the reader: published numbers hold for the lesson's own steps and seed alone.</summary>
    public bool IsAsPublished => Has(_lesson.Steps, _options.Steps) && Has(_lesson.Seed, _options.Seed);

    /// <summary>Random numbers from the seed, the same at each call.</summary>
    public NumPyRandom NewRandom() => new(Seed);

    /// <summary>Ends the lesson here if the reader asked for it; long loops call it.</summary>
    public void StopIfAsked() => _options.Cancel.ThrowIfCancellationRequested();

    /// <summary>A heading within the lesson.</summary>
    public void Heading(string text)
    {
        _output.WriteLine();
        _output.WriteLine($"{text}\n{new string('-', text.Length)}");
    }

    /// <summary>A paragraph, broken into lines.</summary>
    public void Text(string paragraph)
    {
        _output.WriteLine();
        foreach (string line in Wrapped(paragraph)) _output.WriteLine(line);
    }

    /// <summary>Formulas or a small drawing: lines that stay as they are, indented.</summary>
    public void Lines(params IEnumerable<string> lines)
    {
        _output.WriteLine();
        foreach (string line in lines.SelectMany(l => l.Split('\n'))) _output.WriteLine(line.Length == 0 ? "" : "    " + line);
    }

    /// <summary>A table: numbers on the right of their columns, words on the left.</summary>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows) => Lines(TextTable.Lines(headings, rows));

    /// <summary>Holds a number against one from elsewhere that should be equal.</summary>
    /// <param name="what">What it is; several numbers may share it.</param>
    /// <param name="against">Where the other number comes from.</param>
    /// <param name="value">The lesson's number.</param>
    /// <param name="expected">The other.</param>
    /// <param name="tolerance">How far they may be apart.</param>
    public void Check(string what, string against, double value, double expected, double tolerance) =>
        _checks.Add(new Check(what, against, value, expected, Relation.Equal, tolerance));

    /// <summary>Several numbers at once, in pairs.</summary>
    public void Check(string what, string against, IEnumerable<double> values, IEnumerable<double> expected, double tolerance)
    {
        double[] one = [.. values], other = [.. expected];
        if (one.Length != other.Length) throw new ArgumentException($"{one.Length} numbers are held against {other.Length}.", nameof(expected));
        for (int i = 0; i < one.Length; i++) Check(what, against, one[i], other[i], tolerance);
    }

    /// <summary>Several numbers of different sizes, each with its own tolerance.</summary>
    public void Check(string what, string against, IReadOnlyList<double> values, IReadOnlyList<double> expected, IReadOnlyList<double> tolerances)
    {
        for (int i = 0; i < values.Count; i++) Check(what, against, values[i], expected[i], tolerances[i]);
    }

    /// <summary>Holds that a number is at most another.</summary>
    public void CheckAtMost(string what, string against, double value, double limit) =>
        _checks.Add(new Check(what, against, value, limit, Relation.AtMost, 0));

    /// <summary>Holds that a number is at least another.</summary>
    public void CheckAtLeast(string what, string against, double value, double limit) =>
        _checks.Add(new Check(what, against, value, limit, Relation.AtLeast, 0));

    /// <summary>Draws plots side by side into <c>LESSON-NAME.png</c>, where the reader asked for pictures.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="plots">One for each plot.</param>
    public void Picture(string name, params Action<Plot>[] plots) => Save(name, plots, scale: 1);

    /// <summary>Draws one plot twice as wide and high as usual.</summary>
    public void LargePicture(string name, Action<Plot> plot) => Save(name, [plot], scale: 2);

    private void Save(string name, Action<Plot>[] plots, int scale)
    {
        if (_options.PictureFolder is not { } folder) return;
        string file = Path.Combine(folder, $"{_lesson.Name}-{name}.png");
        Drawing.Save(file, plots, scale);
        _pictures.Add(file);
    }

    private static bool Has<T>(T? own, T? chosen) where T : struct => own is null || chosen is null || own.Equals(chosen);

    private static IEnumerable<string> Wrapped(string paragraph)
    {
        var line = new System.Text.StringBuilder();
        foreach (string word in paragraph.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > Width)
            {
                yield return line.ToString();
                line.Clear();
            }
            if (line.Length > 0) line.Append(' ');
            line.Append(word);
        }
        if (line.Length > 0) yield return line.ToString();
    }
}
