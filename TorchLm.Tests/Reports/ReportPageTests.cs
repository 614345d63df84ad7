using Microsoft.Playwright;
using TorchLm.Core.Configuration;
using TorchLm.Reports.Pages;
using TorchLm.Reports.Runs;

namespace TorchLm.Tests.Reports;

[Collection(Support.Pages.Name)]
public sealed class ReportPageTests(Chromium chromium) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ChromiumFact]
    public async Task A_runs_page_is_good_in_light_and_dark_and_on_a_phone()
    {
        string file = Report(SampleRuns.Write(_folder, "one"));
        foreach ((int width, bool dark) in new[] { (1280, false), (1280, true), (360, false), (360, true) })
        {
            await using OpenPage page = await chromium.Open(file, width, dark: dark);
            await page.IsGood();
            Assert.Equal(6, await page.Page.Locator(".chart svg").CountAsync());
            foreach (ILocator path in await page.Page.Locator(".chart path.curve").AllAsync())
            {
                LocatorBoundingBoxResult? box = await path.BoundingBoxAsync();
                Assert.True(box is { Width: > 100 }, "a curve is not to be seen");
            }
            Assert.Contains("At step 100 words.", await page.Page.InnerTextAsync("main"), StringComparison.Ordinal);
            Assert.Equal("Run one", await page.Page.TitleAsync());
            Assert.Contains("document.title='taken'", await page.Page.Locator(".sample pre").First.InnerTextAsync(), StringComparison.Ordinal);
            Assert.Contains("the loss <jumped>", await page.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        }
    }

    [ChromiumFact]
    public async Task Curves_answer_to_pointer_and_controls()
    {
        await using OpenPage open = await chromium.Open(Report(SampleRuns.Write(_folder, "one")));
        IPage page = open.Page;
        ILocator chart = page.Locator("#plot-loss .chart");
        LocatorBoundingBoxResult box = (await chart.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + box.Width - 20, box.Y + 100);
        string tip = await chart.Locator(".tip").InnerTextAsync();
        Assert.Contains("step 100", tip, StringComparison.Ordinal);
        Assert.Contains("train: 3 ", tip, StringComparison.Ordinal);
        Assert.Contains("validation: 4", tip, StringComparison.Ordinal);

        string before = (await chart.Locator("path").First.GetAttributeAsync("d"))!;
        Assert.Contains("100", await chart.InnerTextAsync(), StringComparison.Ordinal);
        await page.SelectOptionAsync("#along", "tokens");
        Assert.Contains("10 k", await chart.TextContentAsync(), StringComparison.Ordinal);
        await page.SelectOptionAsync("#along", "seconds");
        Assert.Contains("50 s", await chart.TextContentAsync(), StringComparison.Ordinal);
        await page.CheckAsync("#log");
        Assert.NotEqual(before, await chart.Locator("path").First.GetAttributeAsync("d"));
        string smooth = (await chart.Locator("path").Nth(1).GetAttributeAsync("d"))!;
        await page.FillAsync("#smoothing", "0");
        Assert.NotEqual(smooth, await chart.Locator("path").Nth(1).GetAttributeAsync("d"));
        Assert.Equal(await chart.Locator("path").First.GetAttributeAsync("d"), await chart.Locator("path").Nth(1).GetAttributeAsync("d")); // nothing is smoothed
        await open.IsGood();
    }

    [ChromiumFact]
    public async Task Several_runs_are_compared_and_their_settings_differences_marked()
    {
        var other = new RunConfig { Model = TinyGpt.Config with { Dropout = 0.1 }, Training = new TrainingConfig { Steps = 100, Seed = 5 } };
        string file = Report(SampleRuns.Write(_folder, "one"), SampleRuns.Write(_folder, "two", 4, other), SampleRuns.Write(_folder, "a-third-run-with-a-long-name", 4.5));
        foreach ((int width, bool dark) in new[] { (1280, false), (1280, true), (360, false) })
        {
            await using OpenPage page = await chromium.Open(file, width, dark: dark);
            await page.IsGood();
            Assert.Equal(["model.dropout", "training.seed"], await page.Page.Locator("section:has(> h2:text('Configuration')) > .scroll tr.different th").AllInnerTextsAsync());
            Assert.Contains("two (best)", await page.Page.InnerTextAsync("main"), StringComparison.Ordinal);
            int curves = await page.Page.Locator("#plot-loss path.curve").CountAsync();
            await page.Page.ClickAsync("button[data-run='1']");
            Assert.Equal(curves * 2 / 3, await page.Page.Locator("#plot-loss path.curve").CountAsync());
            await page.IsGood();
        }
    }

    [ChromiumFact]
    public async Task A_run_that_has_just_begun_has_a_page_too()
    {
        string run = SampleRuns.Write(_folder, "one");
        File.WriteAllText(System.IO.Path.Combine(run, "metrics.jsonl"), "");
        await using OpenPage page = await chromium.Open(Report(run));
        await page.IsGood();
        Assert.Contains("Nothing has been measured so far.", await page.Page.InnerTextAsync("main"), StringComparison.Ordinal);
    }

    private string Report(params string[] runs)
    {
        string file = _folder["report.html"];
        File.WriteAllText(file, ReportPage.Of(RunRecord.LoadAll(runs)));
        return file;
    }
}
