using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace TorchLm.Data.Reading;

/// <summary>
/// Web pages: the text that a reader sees in the page's own part, with a line a block. Scripts, styles, forms, navigation and footers are left out.
/// </summary>
internal static partial class HtmlReader
{
    private const int SizeLimit = 64 << 20;
    private const int DeepestNesting = 5000;
    private const char Mark = '\uFDD0'; // a noncharacter, for bytes that are none
    private const int MetaSearched = 1024; // bytes in which HTML wants its encoding declared

    private static readonly HashSet<string> s_left =
    [
        "head", "script", "style", "noscript", "template", "nav", "footer", "aside", "svg", "canvas", "iframe", "object", "embed", "audio", "video",
        "map", "button", "select", "textarea", "input", "dialog", "math",
    ];

    private static readonly System.Buffers.SearchValues<char> s_nameCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> s_nesting = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "div", "span", "section", "article", "main", "header", "blockquote", "table", "ul", "ol", "dl", "b", "i", "em", "strong", "font", "a", "center", "small", "big", "sub",
        "sup", "code", "u", "s", "nav", "aside", "figure", "form", "svg", "g", "math", "q", "abbr", "cite", "ins", "del", "label", "button", "fieldset", "details",
    }.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly HashSet<string> s_paragraphs =
        ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote", "article", "section", "main", "header", "figure", "hr"];

    private static readonly HashSet<string> s_lines = ["div", "li", "dt", "dd", "tr", "caption", "figcaption", "address", "details", "summary", "option", "center"];

    static HtmlReader() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance); // windows-1252 and its kin, which pages are full of

    /// <summary>The page of a file.</summary>
    public static IEnumerable<Document> Read(Stream content, string name, string source, ReadingOptions options)
    {
        byte[]? page = Bounded.ReadAll(content, SizeLimit);
        yield return page is null
            ? Document.Unreadable(name, source, SkipReason.TooLong, $"a page of more than {SizeLimit >> 20} MB")
            : new Document(name, source, page.Length, () => Extract(page, options.Invalid, name));
    }

    /// <summary>The text of a page's HTML.</summary>
    public static string Extract(string html)
    {
        using var document = new HtmlParser().ParseDocument(html);
        var text = new TextLayout();
        if (document.Body is { } body) Walk(body, text);
        return text.ToString();
    }

    private static DocumentText Extract(byte[] page, InvalidBytes policy, string name)
    {
        DocumentText html = Declared(page) is { } declared ? EncodedText.Judge(declared.GetString(page), Mark, policy, name) : EncodedText.Decode(page, policy, name);
        if (IsTooDeep(html.Text)) throw new SkippedDocumentException(SkipReason.TooLong, $"its elements are nested more than {DeepestNesting:N0} deep");
        return html with { Text = Extract(html.Text) };
    }

    // The encoding that a page names, where its bytes are not UTF-8 anyway.
    private static Encoding? Declared(byte[] page)
    {
        if (System.Text.Unicode.Utf8.IsValid(page)) return null;
        Match meta = Charset().Match(Encoding.Latin1.GetString(page, 0, Math.Min(page.Length, MetaSearched)));
        if (!meta.Success) return null;
        try
        {
            var encoding = Encoding.GetEncoding(meta.Groups["name"].Value);
            if (encoding is UTF8Encoding or UnicodeEncoding or UTF32Encoding) return null;
            encoding = (Encoding)encoding.Clone();
            encoding.DecoderFallback = new DecoderReplacementFallback(Mark.ToString());
            return encoding;
        }
        catch (ArgumentException)
        {
            return null; // no such encoding: then it is UTF-8 with bad bytes
        }
    }

    // The parser's time grows with the square of the depth. Elements whose end tags may be left out do not count: pages have thousands of them in a row.
    private static bool IsTooDeep(string html)
    {
        int depth = 0;
        for (int at = html.IndexOf('<'); at >= 0 && at + 1 < html.Length; at = html.IndexOf('<', at + 1))
        {
            bool closes = html[at + 1] == '/';
            ReadOnlySpan<char> name = html.AsSpan(at + (closes ? 2 : 1));
            name = name[..Math.Min(name.Length, 12)];
            int end = name.IndexOfAnyExcept(s_nameCharacters);
            if (end == 0 || !s_nesting.Contains(name[..(end < 0 ? name.Length : end)])) continue;
            depth = closes ? Math.Max(0, depth - 1) : depth + 1;
            if (depth > DeepestNesting) return true;
        }
        return false;
    }

    // Without recursion, which a page with very deep nesting would exhaust.
    private static void Walk(INode root, TextLayout text)
    {
        INode? node = root;
        while (node is not null)
        {
            if (Enter(node, text) && node.FirstChild is { } child)
            {
                node = child;
                continue;
            }
            while (node is not null && node != root && node.NextSibling is null)
            {
                Leave(node, text);
                node = node.Parent;
            }
            if (node is null || node == root) return;
            Leave(node, text);
            node = node.NextSibling;
        }
    }

    // Whether the children are to be seen.
    private static bool Enter(INode node, TextLayout text)
    {
        if (node is IText run)
        {
            text.Add(run.Data);
            return false;
        }
        if (node is not IElement element || s_left.Contains(element.LocalName) || element.HasAttribute("hidden")) return false;
        switch (element.LocalName)
        {
            case "br": text.Break(1); break;
            case "td" or "th": text.Tab(); break;
            case "pre": text.Preformatted++; break;
        }
        text.Break(Lines(element));
        return true;
    }

    private static void Leave(INode node, TextLayout text)
    {
        if (node is not IElement element || s_left.Contains(element.LocalName) || element.HasAttribute("hidden")) return;
        if (element.LocalName == "pre") text.Preformatted--;
        text.Break(Lines(element));
    }

    private static int Lines(IElement element) => s_paragraphs.Contains(element.LocalName) ? 2 : s_lines.Contains(element.LocalName) ? 1 : 0;

    [GeneratedRegex("""<meta[^>]+charset\s*=\s*["']?\s*(?<name>[A-Za-z0-9_:-]+)""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Charset();

    /// <summary>Text as it would be laid out: white space collapsed, line breaks where blocks begin and end.</summary>
    private sealed class TextLayout
    {
        private readonly StringBuilder _text = new();
        private int _breaks;
        private char _space;

        public int Preformatted { get; set; }

        public void Break(int lines) => _breaks = Math.Max(_breaks, lines);

        public void Tab() => _space = '\t';

        public void Add(string run)
        {
            foreach (char character in run)
            {
                if (Preformatted > 0 && character == '\n')
                {
                    Flush();
                    _text.Append('\n');
                }
                else if (Preformatted == 0 && character is ' ' or '\t' or '\n' or '\r' or '\f')
                {
                    if (_space != '\t') _space = ' ';
                }
                else
                {
                    Flush();
                    _text.Append(character);
                }
            }
        }

        public override string ToString() => _text.ToString().TrimEnd();

        private void Flush()
        {
            if (_text.Length > 0)
            {
                if (_breaks > 0) _text.Append('\n', _breaks);
                else if (_space != 0 && _text[^1] != '\n') _text.Append(_space);
            }
            (_breaks, _space) = (0, default);
        }
    }
}
