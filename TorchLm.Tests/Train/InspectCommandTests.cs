namespace TorchLm.Tests.Train;

/// <summary>Looking inside a model, with the real program.</summary>
public sealed class InspectCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_page_is_written_and_only_replaced_when_asked()
    {
        Train();
        string[] inspect = ["inspect", "--model", "run", "--prompt", "The fox and the crow"];
        ProgramProcess done = Run(inspect);
        Assert.True(done.ExitCode == 0, done.Errors);
        Assert.Single(done.Output.TrimEnd().Split('\n'));
        Assert.Contains("inspect.html", done.Output, StringComparison.Ordinal);
        Assert.Empty(done.Errors);
        string page = File.ReadAllText(_folder["inspect.html"]);
        Assert.Contains("Inside run, step-00000002", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page.Replace("http://www.w3.org/", "", StringComparison.Ordinal), StringComparison.Ordinal);

        Run(inspect).AssertRefused("inspect.html", "--overwrite");
        Assert.Equal(0, Run([.. inspect, "--overwrite", "--top", "3"]).ExitCode);
        Assert.NotEqual(page, File.ReadAllText(_folder["inspect.html"]));
        Assert.Equal(0, Run([.. inspect, "--out", "pages/fox.html"]).ExitCode);
        Assert.True(File.Exists(_folder.In("pages", "fox.html")));
        Run([.. inspect, "--out", "pages"]).AssertRefused("folder", "--out");
        Run([.. inspect, "--out", "other.html", "--top", "0"]).AssertRefused("--top", "1 to 100");

        string letter = Path.Combine("run", "step-00000002");
        Assert.Equal(0, Run("inspect", "--model", letter, "--prompt", "To be", "--out", "step.html").ExitCode);
    }

    [Fact]
    public void A_prompt_must_hold_two_tokens_and_is_cut_where_it_is_longer_than_the_context()
    {
        Train();
        Run("inspect", "--model", "run", "--prompt", "").AssertRefused("--prompt is empty", "2 tokens");
        Run("inspect", "--model", "run", "--prompt", "T").AssertRefused("--prompt is 1 token", "2 tokens");
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.html"));
        ProgramProcess done = Run("inspect", "--model", "run", "--prompt", string.Concat(Enumerable.Repeat("To be or not. ", 100)));
        Assert.Equal(0, done.ExitCode);
        Assert.Single(done.Errors.TrimEnd().Split('\n'));
        Assert.Contains("the model's context holds", done.Errors, StringComparison.Ordinal);
        Assert.Contains("not shown", File.ReadAllText(_folder["inspect.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_there() => Run("inspect", "--model", "nowhere", "--prompt", "The fox").AssertRefused("nowhere");

    private void Train()
    {
        ProgramProcess trained = Run("train", "--preset", "gpt2-tiny", "--out", "run", "--set", "training.steps=2");
        Assert.True(trained.ExitCode == 0, trained.Errors);
    }

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);
}
