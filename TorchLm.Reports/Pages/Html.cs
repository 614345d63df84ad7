using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace TorchLm.Reports.Pages;

/// <summary>
/// A piece of HTML. It is written as an interpolated string in which every value is encoded, unless it is HTML itself, so that no text of a corpus or a model
/// becomes markup.
/// </summary>
[InterpolatedStringHandler]
public sealed class Html
{
    private readonly StringBuilder _text;

    /// <summary>Begins an interpolated piece; the compiler calls this.</summary>
    public Html(int literalLength, int formattedCount) => _text = new StringBuilder(literalLength + (32 * formattedCount));

    private Html(string markup) => _text = new StringBuilder(markup);

    /// <summary>Nothing.</summary>
    public static Html Empty => new("");

    /// <summary>Text that is HTML already, and known to be safe.</summary>
    public static Html Raw(string markup) => new(markup);

    /// <summary>What is written as <c>$"…"</c>.</summary>
    public static Html Of(Html html) => html;

    /// <summary>Pieces one after the other.</summary>
    public static Html Join(IEnumerable<Html> pieces) => new(string.Concat(pieces.Select(piece => piece.ToString())));

    /// <summary>A part of the string's own text, which is markup.</summary>
    public void AppendLiteral(string markup) => _text.Append(markup);

    /// <summary>A piece of HTML, as it is.</summary>
    public void AppendFormatted(Html? html) => _text.Append(html?._text);

    /// <summary>A text, encoded for content and for attributes in quotes.</summary>
    public void AppendFormatted(string? text) => _text.Append(HtmlEncoder.Default.Encode(text ?? ""));

    /// <summary>A value in invariant format, encoded.</summary>
    public void AppendFormatted<T>(T value, string? format = null) =>
        AppendFormatted(value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : value?.ToString());

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
