using TorchLm.Reports.Pages;

namespace TorchLm.Tests.Reports;

[Collection(Support.Pages.Name)]
public sealed class PageTests(Chromium chromium)
{
    [Fact]
    public void Values_in_a_page_are_encoded_and_pieces_of_it_are_not()
    {
        string evil = "<script>\"&'";
        Assert.Equal("<b title=\"&lt;script&gt;&quot;&amp;&#x27;\"><i>1.50</i></b>", Html.Of($"<b title=\"{evil}\">{Html.Of($"<i>{1.5:0.00}</i>")}</b>").ToString());
    }

    [ChromiumFact]
    public async Task A_page_shows_hostile_text_as_text_in_light_and_dark()
    {
        using var folder = new TemporaryFolder();
        string file = folder["page.html"], evil = "</script><script>document.title='taken'</script><!--";
        File.WriteAllText(file, Page.Of("A title & more", "sub", Html.Of($"<section><h2>{evil}</h2><p class=\"note\">{evil}</p></section>"), new System.Text.Json.Nodes.JsonObject { ["t"] = evil }));
        foreach (bool dark in new[] { false, true })
        {
            await using OpenPage page = await chromium.Open(file, dark: dark);
            await page.IsGood();
            Assert.Equal("A title & more", await page.Page.TitleAsync());
            Assert.Equal(evil, await page.Page.TextContentAsync("h2"));
            Assert.Equal(evil, await page.Page.EvaluateAsync<string>("() => JSON.parse(document.getElementById('data').textContent).t"));
        }
    }
}
