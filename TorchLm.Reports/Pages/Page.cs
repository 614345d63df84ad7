using System.Text.Json;
using System.Text.Json.Nodes;

namespace TorchLm.Reports.Pages;

/// <summary>A page in one file: style, script and data inside, nothing fetched, light or dark as the reader's system is.</summary>
public static class Page
{
    private const string Mark = """<meta name="generator" content="TorchLm">""";

    /// <summary>The whole file.</summary>
    /// <param name="title">What browsers show in the tab, and the page's heading.</param>
    /// <param name="subtitle">A line under the heading.</param>
    /// <param name="body">The content.</param>
    /// <param name="data">What the script reads as <c>JSON.parse(document.getElementById('data').textContent)</c>.</param>
    /// <param name="parts">Names of embedded styles (.css), which add to page.css, and of scripts (.js), in the order in which they run.</param>
    internal static string Of(string title, string subtitle, Html body, JsonNode? data, params string[] parts) => Html.Of($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        {Html.Raw(Mark)}
        <title>{title}</title>
        <link rel="icon" href="data:,">
        <style>
        {Html.Join(parts.Where(IsStyle).Prepend("page.css").Select(name => Html.Raw(Resource(name))))}
        </style>
        </head>
        <body>
        <header>
        <h1>{title}</h1>
        <p class="subtitle">{subtitle}</p>
        </header>
        <main>
        {body}
        </main>
        <footer>Written by TorchLm.</footer>
        <script type="application/json" id="data">{Html.Raw(Json(data))}</script>
        {Html.Join(parts.Where(name => !IsStyle(name)).Select(name => Html.Of($"<script>\n{Html.Raw(Resource(name))}\n</script>\n")))}
        </body>
        </html>

        """).ToString();

    /// <summary>Whether a file is such a page.</summary>
    public static bool IsOwn(string file)
    {
        const int Beginning = 1000;
        using var reader = new StreamReader(file);
        var text = new char[Beginning];
        return new string(text, 0, reader.ReadBlock(text)).Contains(Mark, StringComparison.Ordinal);
    }

    private static bool IsStyle(string name) => name.EndsWith(".css", StringComparison.Ordinal);

    /// <summary>JSON that may stand in a script element: the serializer writes every &lt; as an escape.</summary>
    private static string Json(JsonNode? data) => data is null ? "null" : data.ToJsonString(JsonSerializerOptions.Default);

    private static string Resource(string name)
    {
        using Stream stream = typeof(Page).Assembly.GetManifestResourceStream($"TorchLm.Reports.Pages.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
