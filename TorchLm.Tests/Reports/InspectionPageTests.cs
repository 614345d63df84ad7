using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Playwright;
using TorchLm.Core.Model;
using TorchLm.Reports.Pages;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Reports;

[Collection(Support.Pages.Name)]
public sealed class InspectionPageTests(Chromium chromium)
{
    private const string Evil = "</script><script>document.title='taken'</script><!--";

    private static readonly int[] s_ids = [1, 0, 3, 2, 4, 5, 6, 7];

    [Theory]
    [InlineData(" the", "␣the")]
    [InlineData("\r\n\t", "␍⏎⇥")]
    [InlineData("\0\u001b[2J\u007f", "␀␛[2JU+007F")]
    [InlineData("日本 é", "日本␣é")]
    [InlineData("\u0301", "◌\u0301")]
    [InlineData("a\u0301", "a\u0301")]
    [InlineData("\u200b\u202e\u00a0\ufeff", "U+200BU+202EU+00A0U+FEFF")]
    [InlineData("🦊", "🦊")]
    public void Tokens_are_shown_by_signs(string text, string shown) =>
        Assert.Equal(shown, TokenText.Of(new ListTokenizer(Encoding.UTF8.GetBytes(text)), 0));

    [Fact]
    public void A_piece_of_a_character_is_shown_by_its_bytes_and_a_gap_by_its_number()
    {
        var tokenizer = new ListTokenizer([0xF0, 0x9F], []);
        Assert.Equal("F0·9F", TokenText.Of(tokenizer, 0));
        Assert.Equal("#1", TokenText.Of(tokenizer, 1));
    }

    [ChromiumFact]
    public Task In_light() => IsGood(1280, dark: false);

    [ChromiumFact]
    public Task In_the_dark() => IsGood(1280, dark: true);

    [ChromiumFact]
    public Task On_a_phone() => IsGood(390, dark: false);

    [ChromiumFact]
    public Task On_a_phone_in_the_dark() => IsGood(390, dark: true);

    [ChromiumFact]
    public async Task What_the_page_says_is_what_the_model_computed()
    {
        (string html, ModelInspection found) = Make();
        using var folder = new TemporaryFolder();
        await using OpenPage opened = await chromium.Open(folder.Write("page.html", html));
        IPage page = opened.Page;
        Assert.Equal(found.MeanLoss.ToString("0.0000", CultureInfo.InvariantCulture), await page.TextContentAsync("#mean-loss"));
        Assert.Equal(Math.Exp(found.MeanLoss).ToString("N2", CultureInfo.InvariantCulture), await page.TextContentAsync("#perplexity"));

        // The loss of a token that is pointed at, and what was expected in its place.
        await page.HoverAsync("#text .token >> nth=2");
        LensReading reading = found.Predictions[1];
        string detail = (await page.TextContentAsync("#text-detail"))!;
        Assert.Contains($"Loss {reading.Next!.Loss:0.00} nats", detail, StringComparison.Ordinal);
        Assert.Contains($"number {reading.Next.Rank} of 11", detail, StringComparison.Ordinal);
        Assert.Equal(Percent(reading.Top[0].Probability), await page.TextContentAsync("#text-detail .chances .number >> nth=0"));
        // After the last token, what the model would go on with.
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("End");
        Assert.Contains("What comes next?", await page.TextContentAsync("#text-detail"), StringComparison.Ordinal);
        Assert.Equal(Percent(found.Predictions[^1].Top[0].Probability), await page.TextContentAsync("#text-detail .chances .number >> nth=0"));

        // A cell: layer 1, after the third token.
        await page.ClickAsync("#lens-table tbody tr:nth-child(2) td:nth-child(4) button");
        string[] shares = [.. await page.Locator("#lens-detail .chances .number").AllTextContentsAsync()];
        Assert.Equal(found.Lens[1][2].Top.Select(chance => Percent(chance.Probability)), shares.Take(5));
        Assert.Contains("Layer 1, after token 3", await page.TextContentAsync("#lens-detail"), StringComparison.Ordinal);

        // The last head of the last layer, and where the fourth token looks in it.
        await page.ClickAsync("#heads button >> nth=3");
        Assert.Equal("Layer 2, head 2", await page.TextContentAsync("#head-title"));
        await page.ClickAsync("#attention-text .token >> nth=3");
        shares = [.. await page.Locator("#attention-detail .chances .number").AllTextContentsAsync()];
        Assert.Equal(Enumerable.Range(0, 4).Select(to => found.Attention[1][1, 3, to]).OrderDescending().Select(p => Percent(p)), shares);
    }

    [ChromiumFact]
    public async Task Everything_can_be_reached_by_keys_and_a_head_changes_the_large_map()
    {
        using var folder = new TemporaryFolder();
        await using OpenPage opened = await chromium.Open(folder.Write("page.html", Make().Html));
        IPage page = opened.Page;
        Task<string> Map() => page.EvaluateAsync<string>("() => document.getElementById('map').toDataURL()");
        Task<string> Focused() => page.EvaluateAsync<string>("() => document.activeElement.getAttribute('aria-label') || document.activeElement.id");
        async Task Press(params string[] keys)
        {
            foreach (string key in keys) await page.Keyboard.PressAsync(key);
        }

        await Press("Tab", "ArrowRight", "ArrowRight");
        Assert.StartsWith("Token 3", await Focused(), StringComparison.Ordinal);
        Assert.StartsWith("Token 3", await page.TextContentAsync("#text-detail h3"), StringComparison.Ordinal);
        await Press("Tab");
        Assert.Equal("by-first", await Focused());
        await Press("Tab", "Enter");
        Assert.Equal("true", await page.GetAttributeAsync("#by-real", "aria-pressed"));
        await Press("Tab", "ArrowDown", "ArrowRight");
        Assert.StartsWith("Layer 1, after token 2", await Focused(), StringComparison.Ordinal);
        Assert.StartsWith("Layer 1, after token 2", await page.TextContentAsync("#lens-detail h3"), StringComparison.Ordinal);
        string before = await Map();
        await Press("Tab", "ArrowRight", "ArrowDown");
        Assert.Equal("Layer 2, head 2", await Focused());
        Assert.NotEqual(before, await Map());
        Assert.Equal("Attention of layer 2, head 2: rows look at columns", await page.GetAttributeAsync("#map", "aria-label"));
        await Press("Tab", "ArrowRight");
        Assert.StartsWith("Token 2", await page.TextContentAsync("#attention-detail h3"), StringComparison.Ordinal);
        await opened.IsGood();
    }

    [ChromiumFact]
    public async Task Pointing_at_the_large_map_says_who_looks_at_whom()
    {
        using var folder = new TemporaryFolder();
        (string html, ModelInspection found) = Make();
        await using OpenPage opened = await chromium.Open(folder.Write("page.html", html));
        LocatorBoundingBoxResult box = (await opened.Page.Locator("#map").BoundingBoxAsync())!;
        // The bottom row, half a cell from the left edge of the map: cells are 30 wide, because there are few.
        float left = box.X + box.Width - 1 - 8 * 30;
        await opened.Page.Locator("#map").ScrollIntoViewIfNeededAsync();
        box = (await opened.Page.Locator("#map").BoundingBoxAsync())!;
        await opened.Page.Mouse.MoveAsync(left + 15, box.Y + box.Height - 16);
        string detail = (await opened.Page.TextContentAsync("#attention-detail"))!;
        Assert.Contains($"Under the pointer: token 1 ␣the gets {Percent(found.Attention[0][0, 7, 0])}.", detail, StringComparison.Ordinal);
    }

    private async Task IsGood(int width, bool dark)
    {
        using var folder = new TemporaryFolder();
        await using OpenPage page = await chromium.Open(folder.Write("page.html", Make().Html), width, dark: dark);
        await page.IsGood();
        Assert.Equal("Inside <b>fables</b>", await page.Page.TitleAsync());
        Assert.Equal(Evil.Replace(" ", "␣", StringComparison.Ordinal), await page.Page.TextContentAsync("#text .token >> nth=1"));
    }

    /// <summary>A page of a model whose tokens are hostile, invisible, or pieces.</summary>
    private static (string Html, ModelInspection Found) Make()
    {
        string[] texts = [Evil, " the", "\n", "&amp;", "日本", "\u200b", "\u0301",
            "a word that is far longer than any other one in this vocabulary", "\"'", "x"];
        var tokenizer = new ListTokenizer([.. texts.Select(Encoding.UTF8.GetBytes), [0xE2, 0x80]]);
        using Gpt model = TinyGpt.WithWideWeights(TinyGpt.Config);
        ModelInspection found = ModelInspection.Of(model, s_ids, 5);
        return (InspectionPage.Of(found, tokenizer, "<b>fables</b>", cut: 3), found);
    }

    /// <summary>As the page writes it.</summary>
    private static string Percent(double p)
    {
        if (p >= 0.9995) return "100 %";
        if (p < 0.0001) return "< 0.01 %";
        return (100 * p).ToString(p >= 0.1 ? "0.0" : "0.00", CultureInfo.InvariantCulture) + " %";
    }

    /// <summary>A vocabulary of any bytes.</summary>
    private sealed class ListTokenizer(params byte[][] tokens) : ITokenizer
    {
        public string Kind => "bpe";

        public int VocabularySize => tokens.Length;

        public int? EndOfTextId => null;

        public int[] Encode(string text) => throw new NotSupportedException();

        public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination) => throw new NotSupportedException();

        public string Decode(ReadOnlySpan<int> ids) => throw new NotSupportedException();

        public ReadOnlySpan<byte> GetBytes(int id) => tokens[id] is [] ? throw new TokenizerException("a gap") : tokens[id];

        public void Save(string path) => throw new NotSupportedException();
    }
}
