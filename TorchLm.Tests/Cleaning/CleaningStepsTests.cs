using TorchLm.Core;
using TorchLm.Data.Cleaning;

namespace TorchLm.Tests.Cleaning;

public class CleaningStepsTests
{
    private static readonly CleaningOptions Everything = new()
    {
        HeldOutTexts = ["the long line, that everybody repeats"],
        HeldOutMaxDocuments = 1000,
        HeldOutShortest = 2,
        HeldOutGram = 3,
        HeldOutMargin = 2,
        HeldOutMinPiece = 4,
        LanguageFilter = text => !text.Contains('Z'),
        MinCharacters = 5,
    };

    [Fact]
    public void Steps_run_in_one_order_however_they_are_named()
    {
        IReadOnlyList<ICleaningStep> steps = CleaningSteps.Create(
            new HashSet<string> { "stop-words", "cards", "unicode", "length", "whitespace" }, new CleaningOptions());
        Assert.Equal(["unicode", "whitespace", "cards", "length", "stop-words"], steps.Select(step => step.Name));
    }

    [Fact]
    public void The_sets_hold_what_they_promise()
    {
        Assert.Equal(["controls", "unicode"], CleaningSteps.Basic.Order());
        Assert.Superset(CleaningSteps.Basic.ToHashSet(), CleaningSteps.Web.ToHashSet());
        Assert.Equal(["c4-lines", "cards", "emails", "held-out", "language", "phones"],
            CleaningSteps.All.Where(step => !step.InWeb).Select(step => step.Name).Order());
        Assert.Equal(CleaningSteps.All.Count, CleaningSteps.All.Select(step => step.Name).Distinct().Count());
    }

    [Fact]
    public void Mistakes_are_sentences()
    {
        Assert.Contains("'htlm'", Assert.Throws<InputException>(() => Create("htlm")).Message);
        Assert.Contains("held-out", Assert.Throws<InputException>(() => Create("held-out")).Message);
        Assert.Contains("MinWords is -1", Assert.Throws<InputException>(() =>
            CleaningSteps.Create(new HashSet<string>(), new CleaningOptions { MinWords = -1 })).Message);
    }

    [Fact]
    public void Every_step_applied_twice_is_applied_once()
    {
        string[] corpus = [.. Enumerable.Range(0, 60).Select(CleaningTexts.Noise)];
        foreach (string name in CleaningSteps.All.Select(step => step.Name))
        {
            ICleaningStep step = CleaningTexts.Step(name, Everything, corpus);
            int changed = 0;
            for (int seed = 0; seed < 400; seed++)
            {
                string text = CleaningTexts.Noise(seed);
                CleaningResult once = step.Apply(text);
                if (once.Count == 0) Assert.Same(text, once.Text);
                else Assert.NotEqual(text, once.Text);
                Assert.True(once.Sample is null || (once.Sample.Length <= 200 && !once.Sample.Contains('\n')), name);
                Assert.Equal(once.Count == 0, once.Sample is null);
                if (once.Count > 0) changed++;
                if (once.Text is null || name == "held-out") continue; // pieces of a held-out text may meet anew
                CleaningResult twice = step.Apply(once.Text);
                Assert.True(twice.Count == 0 && twice.Text == once.Text, $"{name}: seed {seed}");
            }
            // The rules have texts of their own; the steps that change a text must have had something to do in this one.
            if (step is ICorpusStep or UnicodeStep or ControlsStep or WhitespaceStep or EmailStep or PhoneStep or CardStep or C4LinesStep)
                Assert.True(changed > 20, $"{name} changed {changed} texts.");
        }
    }

    [Fact]
    public void Steps_do_not_depend_on_threads()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? CleaningTexts.Noise(i) : CleaningTexts.Prose(20 + i * 3, i))];
        foreach (string name in CleaningSteps.All.Select(step => step.Name))
        {
            ICleaningStep step = CleaningTexts.Step(name, Everything, texts);
            CleaningResult[] alone = [.. texts.Select(step.Apply)], together = new CleaningResult[texts.Length];
            Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => together[i] = step.Apply(texts[i]));
            Assert.Equal(alone, together);
        }
    }

    [Fact]
    public void Rules_in_a_row_measure_what_each_measures_alone()
    {
        IReadOnlyList<ICleaningStep> web = CleaningSteps.Create(
            CleaningSteps.Web.Where(name => name != "boilerplate").ToHashSet(), new CleaningOptions());
        for (int seed = 0; seed < 50; seed++)
        {
            string text = CleaningTexts.Prose(seed * 3, seed) + CleaningTexts.Noise(seed);
            foreach (ICleaningStep step in web)
            {
                CleaningResult shared = step.Apply(text);
                Assert.Equal(step.Apply(new string(text.AsSpan())), shared with { Text = shared.Text }); // another object: measured anew
            }
        }
    }

    private static IReadOnlyList<ICleaningStep> Create(string name) => CleaningSteps.Create(new HashSet<string> { name }, new CleaningOptions());
}
