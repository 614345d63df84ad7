using TorchLm.Tests.Reports;

namespace TorchLm.Tests.Train;

public sealed class ReportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_report_goes_where_it_was_asked_for_and_replaces_nothing_but_reports()
    {
        SampleRuns.Write(_folder, "one");
        ProgramProcess Report(params string[] more) => ProgramProcess.Run(_folder.Path, ["report", "one", .. more]);
        Assert.Equal(0, Report("--out", "new/folder/page.html").ExitCode);
        Assert.Equal(0, Report("--out", "new/folder/page.html").ExitCode); // its own
        string theirs = _folder.Write("mine.html", "<p>not yours</p>");
        ProgramProcess refused = Report("--out", theirs);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--overwrite", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("<p>not yours</p>", File.ReadAllText(theirs));
        Assert.StartsWith("run,step,tokens", Report("--csv").Output, StringComparison.Ordinal);
    }
}
