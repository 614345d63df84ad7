using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class BoilerplateTests
{
    private const string Footer = "All rights reserved by us."; // 26 characters

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void A_line_goes_from_ten_documents_on(int documents, bool goes)
    {
        ICleaningStep step = CleaningTexts.Step("boilerplate", null, Corpus(documents, 200, Footer));
        Assert.Equal(goes ? "A story.\nIts end." : $"A story.\n{Footer}\nIts end.", step.Apply($"A story.\n{Footer}\nIts end.").Text);
    }

    [Theory]
    [InlineData(19, false)]
    [InlineData(20, true)]
    public void A_line_goes_from_its_share_of_the_documents_on(int documents, bool goes)
    {
        CleaningOptions options = new() { BoilerplateShare = 0.1 };
        ICleaningStep step = CleaningTexts.Step("boilerplate", options, Corpus(documents, 200, Footer));
        Assert.Equal(goes, step.Apply($"A story.\n{Footer}").Text == "A story.");
    }

    [Theory]
    [InlineData("nineteen characters", false)]
    [InlineData("twenty characters it", true)]
    public void Short_lines_stay(string line, bool goes)
    {
        Assert.Equal(goes ? 20 : 19, line.Length);
        Assert.Equal(goes, CleaningTexts.Step("boilerplate", null, Corpus(50, 50, line)).Apply($"x\n{line}").Text == "x");
    }

    [Fact]
    public void A_line_counts_once_in_a_document()
    {
        string[] corpus = [.. Enumerable.Range(0, 9).Select(i => $"{Footer}\n{Footer}\n  {Footer}\t\nText {i}")];
        Assert.Equal(Footer + "\nx", CleaningTexts.Step("boilerplate", null, corpus).Apply(Footer + "\nx").Text);
    }

    [Fact]
    public void No_hole_is_left_and_a_document_of_nothing_else_is_removed()
    {
        ICleaningStep step = CleaningTexts.Step("boilerplate", null, Corpus(10, 10, Footer));
        Assert.Equal("One.\n\nTwo.", step.Apply($"One.\n\n{Footer}\n\nTwo.").Text);
        Assert.Equal("One.", step.Apply($"{Footer}\n\nOne.\n\n{Footer}\n").Text);
        CleaningResult removed = step.Apply($"{Footer}\n\n  {Footer}");
        Assert.Null(removed.Text);
        Assert.Equal(2, removed.Count);
        Assert.Equal(Footer, removed.Sample);
    }

    [Fact]
    public void Counting_in_bounded_memory_keeps_frequent_lines_and_removes_no_rare_one()
    {
        CleaningOptions options = new() { BoilerplateEntries = 200 };
        const string rare = "This line is in nine documents.";
        string[] corpus = [.. Enumerable.Range(0, 3000).Select(i =>
            $"The only line of document number {i}.\n{(i % 20 == 0 ? Footer : "-")}\n{(i % 333 == 1 && i < 2900 ? rare : "-")}")];
        ICleaningStep step = CleaningTexts.Step("boilerplate", options, corpus);
        Assert.Equal("x", step.Apply($"x\n{Footer}").Text);
        Assert.Equal($"x\n{rare}", step.Apply($"x\n{rare}").Text);
    }

    [Fact]
    public void Counts_lack_no_more_than_the_counter_says_and_are_never_too_high()
    {
        LossyCounter counter = new(100);
        Dictionary<ulong, int> exact = [];
        Random random = new(5);
        for (int i = 0; i < 50_000; i++)
        {
            ulong item = (ulong)Math.Pow(random.NextDouble() * 40, 3); // few small ones are frequent
            exact[item] = exact.GetValueOrDefault(item) + 1;
            counter.Add(item);
            Assert.InRange(counter.Entries, 1, 100);
        }
        const int least = 60;
        HashSet<ulong> found = counter.AtLeast(least);
        Assert.NotEmpty(found);
        Assert.All(found, item => Assert.True(exact[item] >= least));
        Assert.All(exact.Where(entry => entry.Value >= least + counter.Missed), entry => Assert.Contains(entry.Key, found));
    }

    [Fact]
    public void Cleaning_before_the_corpus_was_seen_is_an_error() =>
        Assert.Throws<InvalidOperationException>(() => new BoilerplateStep(new CleaningOptions()).Apply("x"));

    private static string[] Corpus(int withLine, int all, string line) =>
        [.. Enumerable.Range(0, all).Select(i => $"Document number {i} says something.\n{(i < withLine ? line : "")}")];
}
