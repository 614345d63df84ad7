using TorchLm.Lessons;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Lessons;

/// <summary>The command, as a user has it.</summary>
public sealed class LessonCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("list")]
    [InlineData]
    public void The_list_names_all_lessons(params string[] arguments)
    {
        ProgramProcess list = Run(arguments);
        Assert.Equal(0, list.ExitCode);
        string[] lines = list.Output.Split('\n');
        Assert.All(LessonCatalog.All.Zip(lines), l => Assert.StartsWith($"{LessonCatalog.NumberOf(l.First),2}  {l.First.Name} ", l.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void A_lesson_prints_draws_and_leads_to_the_next()
    {
        ProgramProcess run = Run("neuron", "--out", "pictures");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("loss       = (prediction-y)^2 = 0.062370", run.Output, StringComparison.Ordinal);
        Assert.Contains("Next: torchlm lesson chain-rule", run.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["pictures/neuron-slope.png"]));

        byte[] before = File.ReadAllBytes(_folder["pictures/neuron-slope.png"]);
        File.WriteAllText(_folder["pictures/neuron-slope.png"], "mine");
        Run("neuron", "--out", "pictures").AssertRefused("pictures", "neuron-slope.png", "--overwrite");
        Assert.Equal("mine", File.ReadAllText(_folder["pictures/neuron-slope.png"]));
        Assert.Equal(0, Run("neuron", "--out", "pictures", "--overwrite").ExitCode);
        Assert.Equal(before, File.ReadAllBytes(_folder["pictures/neuron-slope.png"]));
        Assert.Equal(0, Run("chain-rule", "--out", "pictures").ExitCode);
    }

    [Fact]
    public void Mistakes_get_one_sentence()
    {
        Run("neurons").AssertRefused("no lesson 'neurons'", "neuron, chain-rule");
        Run("losses", "--steps", "5").AssertRefused("'losses'", "--steps");
        Run("neuron", "--seed", "5").AssertRefused("'neuron'", "--seed");
        Run("neuron", "--steps", "0").AssertRefused("--steps is 0");
        Run("quadrants", "--seed", "-1").AssertRefused("-1", "4294967295");
        Run("all", "--steps", "5").AssertRefused("one lesson at a time");
        _folder.Write("file", "no folder");
        Run("neuron", "--out", "file").AssertRefused("--out", "file");
    }

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, ["lesson", .. arguments]);
}
