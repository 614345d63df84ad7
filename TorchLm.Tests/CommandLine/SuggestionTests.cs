using TorchLm.Core;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.CommandLine;

/// <summary>"Did you mean": for every word that is one of a few, and for none where nothing is near.</summary>
public class SuggestionTests
{
    [Theory]
    [InlineData("trian", "train")]
    [InlineData("train --prset fables", "--preset")]
    [InlineData("train --preset gtp2-tiny", "gpt2-tiny")]
    [InlineData("train --set optimiser.learningRate=3", "optimizer.learningRate")]
    [InlineData("train --set optimizer.schedule=cosin", "cosine")]
    [InlineData("train --device cudaa", "cuda")]
    [InlineData("train --precision fp23", "fp32")]
    [InlineData("export --model x --out y --format gguff", "gguf")]
    [InlineData("prepare torchlm.dll --out x --tokenizer cl100k", "cl100k_base")]
    [InlineData("prepare torchlm.dll --out x --with unicod", "unicode")]
    [InlineData("lesson atention", "attention")]
    [InlineData("config show fabels", "fables")]
    [InlineData("bench --without attentoin", "attention")]
    [InlineData("tokenizer encod", "encode")]
    public void A_word_with_a_mistake_is_answered_with_the_right_one(string line, string meant)
    {
        ProgramProcess refused = ProgramProcess.Run(AppContext.BaseDirectory, line.Split(' '));
        refused.AssertRefused();
        Assert.EndsWith($"id you mean {meant}?", refused.Errors.TrimEnd(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("banana")]
    [InlineData("train --banana")]
    [InlineData("train --preset banana")]
    [InlineData("train --set banana=1")]
    [InlineData("train --device tpu")]
    [InlineData("lesson banana")]
    public void Nothing_is_suggested_where_nothing_is_near(string line)
    {
        ProgramProcess refused = ProgramProcess.Run(AppContext.BaseDirectory, line.Split(' '));
        refused.AssertRefused(line.Split(' ', '=').First(word => word is "banana" or "--banana" or "tpu"));
        Assert.DoesNotContain("id you mean", refused.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ca", "abc", 3)] // the alignment edits no part twice; without that rule it were 2
    [InlineData("kitten", "sitting", 3)]
    [InlineData("trian", "train", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("same", "same", 0)]
    public void Mistakes_are_counted_as_published(string a, string b, int mistakes)
    {
        Assert.Equal(mistakes, Nearest.Distance(a, b));
        Assert.Equal(mistakes, Nearest.Distance(b, a));
    }

    [Fact]
    public void Ways_to_write_a_name_are_no_mistake()
    {
        string[] names = ["optimizer.learningRate", "model.layerCount", "training.steps"];
        Assert.Equal("optimizer.learningRate", Nearest.To("optimizer.learning_rate", names));
        Assert.Equal("optimizer.learningRate", Nearest.To("learning-rate", names));
        Assert.Equal("model.layerCount", Nearest.To("MODEL.LAYERCOUNT", names));
        Assert.Null(Nearest.To("gpu", ["auto", "cpu", "cuda"])); // a letter apart, and the opposite
        Assert.Null(Nearest.To("", names));
        Assert.Null(Nearest.To(new string('x', 1_000_000), names));
    }
}
