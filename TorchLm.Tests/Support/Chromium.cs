using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace TorchLm.Tests.Support;

/// <summary>A promise about a page, looked at in Chromium, which is not downloaded: without an installed one it is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = Chromium.Path is null ? "Chromium is not installed (TORCHLM_CHROMIUM names one elsewhere)" : null;
}

/// <summary>One browser for all tests of pages.</summary>
[CollectionDefinition(Name)]
public sealed class Pages : ICollectionFixture<Chromium>
{
    public const string Name = "pages in Chromium";
}

/// <summary>The installed browser, and what every page must hold.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where it is; null where it is not installed.</summary>
    internal static string? Path { get; } = new[] { Environment.GetEnvironmentVariable("TORCHLM_CHROMIUM") }
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator).SelectMany(folder =>
            new[] { "chromium", "chromium-browser", "google-chrome", "chrome.exe" }.Select(name => System.IO.Path.Combine(folder, name))))
        .FirstOrDefault(File.Exists);

    public async Task InitializeAsync()
    {
        if (Path is null) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Path, Args = ["--no-sandbox"] });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens a file.</summary>
    internal async Task<OpenPage> Open(string file, int width = 1280, int height = 900, bool dark = false)
    {
        IBrowserContext context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            Offline = true, // a page that fetches anything fails
        });
        IPage page = await context.NewPageAsync();
        var opened = new OpenPage(context, page);
        await page.GotoAsync(new Uri(System.IO.Path.GetFullPath(file)).AbsoluteUri);
        return opened;
    }
}

/// <summary>A page in the browser, and what it complained about.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    /// <summary>Pairs of texts in drawings that cover each other, as JavaScript finds them.</summary>
    private const string Overlaps = """
        () => {
          const found = [];
          for (const svg of document.querySelectorAll('svg')) {
            const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim() && t.getClientRects().length)
              .map(t => ({ text: t.textContent, box: t.getBoundingClientRect() }));
            const frame = svg.getBoundingClientRect();
            for (const { text, box } of texts)
              if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) found.push(text + ' is cut off');
            for (let i = 0; i < texts.length; i++)
              for (let j = i + 1; j < texts.length; j++) {
                const a = texts[i].box, b = texts[j].box;
                if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
                  found.push(texts[i].text + ' covers ' + texts[j].text);
              }
          }
          return found;
        }
        """;

    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    public OpenPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.RequestFailed += (_, request) => _complaints.Add($"{request.Url} failed");
    }

    public IPage Page { get; }

    /// <summary>No errors, nothing fetched, no text over another, no scrolling sideways, and axe finds nothing, contrast included.</summary>
    [SuppressMessage("Assertions", "xUnit2012", Justification = "the message is the finding")]
    public async Task IsGood()
    {
        Assert.Empty(_complaints);
        Assert.Empty(await Page.EvaluateAsync<string[]>(Overlaps));
        int[] widths = await Page.EvaluateAsync<int[]>("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]");
        Assert.True(widths[0] <= widths[1], string.Create(CultureInfo.InvariantCulture, $"the page is {widths[0]} wide in a window of {widths[1]}"));
        AxeResult axe = await Page.RunAxe();
        Assert.Empty(axe.Violations.SelectMany(v => v.Nodes.Select(n => $"{v.Id}: {n.Html} {string.Join(' ', n.Any.Select(c => c.Message))}")));
    }

    /// <summary>Writes a picture of the whole page.</summary>
    public Task Screenshot(string file) => Page.ScreenshotAsync(new PageScreenshotOptions { Path = file, FullPage = true });

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
