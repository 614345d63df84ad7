using System.Text.Json.Nodes;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Train;

/// <summary><c>--depth</c>, as a user has it.</summary>
public sealed class DepthCommandTests : IDisposable
{
    private static readonly string[] s_quick =
        ["--set", "training.steps=2", "--set", "training.batchSize=2", "--set", "training.evalBatches=1", "--set", "data.vocabularySize=300"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_of_a_depth_trains_and_is_called_after_its_data_and_depth()
    {
        WriteText();
        ProgramProcess run = Run(["train", "--depth", "2", "--data", "hills.txt", .. s_quick]);
        Assert.True(run.ExitCode == 0, run.Errors);
        RunConfig made = RunConfig.Parse(File.ReadAllText(Path.Combine(_folder.Path, "checkpoints/hills-d2/config.json")), "the run");
        Assert.Equal((2, 128, 300, 2), (made.Model.LayerCount, made.Model.EmbeddingSize, made.Model.VocabularySize, made.Training.Steps));
        Assert.Equal(("muon", 0.01), (made.Optimizer.Name, made.Optimizer.LearningRate));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "checkpoints/hills-d2/step-00000002/model.safetensors")));
    }

    [Fact]
    public void Show_prints_the_rules_configuration_and_settings_go_on_top()
    {
        Assert.Equal(DepthRules.Configure(4).ToJson(), Run("config", "show", "--depth", "4").Output.TrimEnd());
        RunConfig changed = RunConfig.Parse(Run("config", "show", "--depth", "4", "--set", "model.layerCount=5").Output, "it");
        RunConfig plain = DepthRules.Configure(4);
        Assert.Equal(plain with { Model = plain.Model with { LayerCount = 5 } }, changed);
    }

    [Fact]
    public void A_plan_is_made_for_a_depth()
    {
        WriteText();
        ProgramProcess plan = Run("plan", "--depth", "2", "--data", "hills.txt", "--set", "data.vocabularySize=300");
        Assert.True(plan.ExitCode == 0, plan.Errors);
        foreach (string word in new[]
        {
            "2 layers, 2 heads, width 128, context 128, 300 ids", "output head", "muon, linear to 0", "0.02 for the blocks' matrices",
            "1 x 16 sequences of 128",
        })
        {
            Assert.Contains(word, plan.Output, StringComparison.Ordinal);
        }
        JsonNode json = JsonNode.Parse(Run("plan", "--depth", "2", "--data", "hills.txt", "--set", "data.vocabularySize=300", "--json").Output)!;
        Assert.Equal(3840 * 2048, (long)json["tokens"]!);
    }

    [Theory]
    [InlineData("--preset", "train", "--depth", "4", "--preset", "fables")]
    [InlineData("--config", "train", "--depth", "4", "--config", "x.json")]
    [InlineData("--init-from", "train", "--depth", "4", "--init-from", "x")]
    [InlineData("25", "train", "--depth", "25")]
    [InlineData("--depth", "train", "--depth", "deep")]
    [InlineData("--preset", "plan", "--depth", "4", "--preset", "fables")]
    [InlineData("0", "plan", "--depth", "0")]
    [InlineData("WHICH", "config", "show", "fables", "--depth", "4")]
    public void What_is_said_twice_or_not_possible_is_refused(string word, params string[] arguments) => Run(arguments).AssertRefused("depth", word);

    private void WriteText() =>
        _folder.Write("hills.txt", string.Concat(Enumerable.Range(0, 3000)
            .Select(i => $"Walker {i * 7919 % 1000} crossed hill {i * 104_729 % 997} at dawn.\n")));

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);
}
