using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Configuration;

/// <summary>What <c>--set name=value</c> does.</summary>
public class ConfigSettingTests
{
    [Fact]
    public void Values_of_every_type_are_set()
    {
        RunConfig config = Parse("model.layerCount=6", "model.bias=true", "model.gelu=exact", "optimizer.learningRate=6e-4", "training.seed=10000000000",
            " training.steps = 5 ", "data.tokenizer=bpe", "data.path=/texts/a=b.txt");
        Assert.Equal(6, config.Model.LayerCount);
        Assert.True(config.Model.Bias);
        Assert.Equal("exact", config.Model.Gelu);
        Assert.Equal(6e-4, config.Optimizer.LearningRate);
        Assert.Equal(10_000_000_000, config.Training.Seed);
        Assert.Equal(5, config.Training.Steps);
        Assert.Equal("bpe", config.Data.Tokenizer);
        Assert.Equal("/texts/a=b.txt", config.Data.Path);
    }

    [Fact]
    public void Settings_win_over_the_file_and_later_ones_over_earlier_ones()
    {
        RunConfig config = RunConfig.Parse("""{"model":{"layerCount":2,"headCount":2}}""", "test.json", ["model.layerCount=3", "model.layerCount=5"]);
        Assert.Equal((5, 2), (config.Model.LayerCount, config.Model.HeadCount));
    }

    [Theory]
    [InlineData("12", "12")]           // a folder may be called by a number,
    [InlineData("true", "true")]       // by a word that JSON knows,
    [InlineData("\"a\"", "\"a\"")]     // or have quotes in its name
    [InlineData("null", null)]
    public void A_text_stays_as_it_is_typed_and_null_takes_it_away(string typed, string? expected) =>
        Assert.Equal(expected, RunConfig.Parse("""{"data":{"path":"x"}}""", "test.json", ["data.path=" + typed]).Data.Path);

    [Theory]
    [InlineData("model.layerCount", "--set takes name=value, for example model.layerCount=6, but 'model.layerCount' has no value.")]
    [InlineData("=6", "--set takes name=value, for example model.layerCount=6, but '=6' has no value.")]
    [InlineData("", "--set takes name=value, for example model.layerCount=6, but '' has no value.")]
    [InlineData("model.layercount=6", "--set: there is no setting 'model.layercount'; did you mean model.layerCount?")]
    [InlineData("layerCount=6", "--set: there is no setting 'layerCount'; did you mean model.layerCount?")]
    [InlineData("training.stepss=6", "--set: there is no setting 'training.stepss'; did you mean training.steps?")]
    [InlineData("model.layerCount=", "test.json: model.layerCount must be a whole number.")]
    [InlineData("model.layerCount=six", "test.json: model.layerCount must be a whole number.")]
    [InlineData("model.layerCount={}", "test.json: model.layerCount must be a whole number.")]
    [InlineData("model.layerCount=null", "test.json: model.layerCount must be a whole number.")]
    [InlineData("model.bias=yes", "test.json: model.bias must be true or false.")]
    [InlineData("optimizer.beta1=NaN", "test.json: optimizer.beta1 must be a number.")]
    [InlineData("model.layerCount=0", "model.layerCount is 0, but it must be at least 1.")]
    public void A_setting_that_is_wrong_is_one_sentence(string setting, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<InputException>(() => Parse(setting)).Message);

    [Fact]
    public void A_section_that_is_no_object_cannot_be_set() =>
        Assert.Throws<InputException>(() => RunConfig.Parse("""{"model":3}""", "test.json", ["model.layerCount=6"]));

    private static RunConfig Parse(params string[] settings) => RunConfig.Parse("{}", "test.json", settings);
}
