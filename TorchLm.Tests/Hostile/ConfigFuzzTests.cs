using System.Diagnostics;
using System.Text;
using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Hostile;

/// <summary>Damaged configurations and metrics.</summary>
public sealed class ConfigFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_damaged_configuration_is_read_or_refused()
    {
        var config = new RunConfig { Data = new DataConfig { Path = "texts" }, Training = new TrainingConfig { InitFrom = "run" } };
        byte[] sound = Encoding.UTF8.GetBytes(config.ToJson());
        Fuzzer.Run("config.json", 3000, seed => JsonMutation.Of(sound, seed), bytes =>
        {
            config = RunConfig.Parse(ConfigFile.ReadText(_folder.Write("config.json", bytes)), "config.json");
            ModelConfig model = config.Model;
            Assert.InRange((long)model.VocabularySize * model.EmbeddingSize, 0, int.MaxValue);
            Assert.InRange((long)model.PaddedVocabularySize * model.EmbeddingSize, 0, int.MaxValue);
            Assert.InRange((long)config.Training.BatchSize * model.ContextLength, 1, int.MaxValue);
            Assert.Equal(config, RunConfig.Parse(config.ToJson(), "again"));
        });
    }

    [Fact]
    public void Damaged_settings_are_applied_or_refused()
    {
        byte[] sound = Encoding.UTF8.GetBytes("optimizer.learningRate=1e-3");
        Fuzzer.Run("--set", 2000, seed => Mutation.Of(sound, seed), bytes => RunConfig.Parse("{}", "config.json", [Encoding.Latin1.GetString(bytes)]));
    }

    [Fact]
    public void A_name_of_a_megabyte_is_refused_at_once()
    {
        string json = $"{{\"model\":{{\"{new string('n', 1_000_000)}\":1}}}}";
        long start = Stopwatch.GetTimestamp();
        string sentence = Assert.Throws<InputException>(() => RunConfig.Parse(json, "config.json")).Message;
        Assert.InRange(sentence.Length, 100, 300);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10)); // comparing all of it with every name that there is takes longer
    }
}
