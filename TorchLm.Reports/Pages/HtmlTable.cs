namespace TorchLm.Reports.Pages;

/// <summary>A table that scrolls by itself where the page is narrow; the first cell of a row is its heading.</summary>
/// <param name="label">What it is called for those who hear it.</param>
/// <param name="columns">The columns' headings, a # before those of numbers; none leaves the heading out.</param>
internal sealed class HtmlTable(string label, params IReadOnlyList<string> columns)
{
    private readonly List<Html> _rows = [];

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row.</summary>
    /// <param name="cells">Its cells, in the order of the columns.</param>
    /// <param name="isMarked">Whether it stands out.</param>
    public void Add(IReadOnlyList<Html> cells, bool isMarked = false)
    {
        Html rest = Html.Join(cells.Skip(1).Select((cell, i) => Html.Of($"<td{Class(i + 1)}>{cell}</td>")));
        Html mark = isMarked ? Html.Raw(" class=\"different\"") : Html.Empty;
        _rows.Add(Html.Of($"<tr{mark}><th scope=\"row\"{Class(0)}>{cells[0]}</th>{rest}</tr>\n"));
    }

    /// <summary>The table.</summary>
    public Html ToHtml()
    {
        Html headings = Html.Join(columns.Select((name, i) => Html.Of($"<th scope=\"col\"{Class(i)}>{name.TrimStart('#')}</th>")));
        Html head = columns.Count == 0 ? Html.Empty : Html.Of($"<thead><tr>{headings}</tr></thead>");
        return Html.Of($"""
            <div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>{head}
            <tbody>{Html.Join(_rows)}</tbody></table></div>

            """);
    }

    private Html Class(int column) => column < columns.Count && columns[column].StartsWith('#') ? Html.Raw(" class=\"number\"") : Html.Empty;
}
