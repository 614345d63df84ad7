using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Tests.Configuration;

/// <summary>The schema that editors check by, against what the program accepts.</summary>
public class ConfigSchemaTests
{
    private static readonly JsonObject s_schema = JsonNode.Parse(ConfigSchema.ToJson())!.AsObject();

    public static TheoryData<string> Names => [.. ConfigSetting.Names];

    [Theory]
    [InlineData("model.gelu", "tanh", "exact")]
    [InlineData("optimizer.schedule", "cosine", "linear", "constant", "wsd", "inverse-sqrt")]
    [InlineData("training.precision", "auto", "fp32", "tf32", "bf16", "fp16")]
    [InlineData("training.onDivergence", "rollback", "stop")]
    [InlineData("training.onSaveFailure", "continue", "stop")]
    [InlineData("model.family", "gpt2", "llama")]
    [InlineData("model.positions", "learned", "sinusoidal", "rope", "none")]
    [InlineData("optimizer.name", "adamw", "muon", "lion", "sgd")]
    public void Words_are_listed(string name, params string[] words) =>
        Assert.Equal(words, Of(name)["enum"]!.AsArray().Select(word => word!.GetValue<string>()));

    [Theory]
    [MemberData(nameof(Names))]
    public void The_program_takes_each_listed_word_and_no_other(string name)
    {
        if (Of(name)["enum"] is not JsonArray words) return;
        foreach (JsonNode? word in words) Assert.True(Accepts(name, word!.GetValue<string>()), $"{word} is refused");
        Assert.False(Accepts(name, "banana"));
        Assert.False(Accepts(name, words[0]!.GetValue<string>().ToUpperInvariant()));
    }

    /// <summary>A value at a limit is possible, one beyond it is not.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void The_program_refuses_what_lies_beyond_a_limit(string name)
    {
        JsonObject schema = Of(name);
        double step = schema["type"]!.ToJsonString().Contains("integer", StringComparison.Ordinal) ? 1 : 1e-9;
        foreach ((string limit, double beyond, bool included) in new[]
        {
            ("minimum", -step, true), ("maximum", step, true), ("exclusiveMinimum", 0, false), ("exclusiveMaximum", 0, false),
        })
        {
            if (schema[limit]?.GetValue<double>() is not { } value) continue;
            Assert.False(Accepts(name, Text(value + beyond)), $"{value + beyond} is beyond {limit} {value} and accepted");
            if (included) Assert.True(Accepts(name, Text(value)), $"{limit} {value} is refused");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Numbers_have_a_least_value_and_settings_a_description(string name)
    {
        JsonObject schema = Of(name);
        string type = schema["type"]!.ToJsonString();
        bool isNumber = type.Contains("integer", StringComparison.Ordinal) || type.Contains("number", StringComparison.Ordinal);
        Assert.Equal(isNumber, schema.ContainsKey("minimum") || schema.ContainsKey("exclusiveMinimum"));
        Assert.InRange(schema["description"]!.GetValue<string>().Length, 10, 400);
    }

    [Fact]
    public void A_description_is_plain_text()
    {
        Assert.Equal("Attention heads (H) in each block; divides embeddingSize.", Of("model.headCount")["description"]!.GetValue<string>());
        Assert.Equal("The form of gelu: tanh (GPT-2's approximation, Hugging Face's gelu_new) or exact.",
            Of("model.gelu")["description"]!.GetValue<string>());
    }

    private static JsonObject Of(string name) =>
        s_schema["properties"]![name.Split('.')[0]]!["properties"]![name.Split('.')[1]]!.AsObject();

    private static string Text(double value) => value.ToString("0.##########", System.Globalization.CultureInfo.InvariantCulture);

    private static bool Accepts(string name, string value)
    {
        // No other rule may stand in the way of a value: the least model is one of a single head, with a pair of channels for rotary positions.
        string[] small = [name == "model.embeddingSize" ? "model.embeddingSize=1" : "model.embeddingSize=2", "model.headCount=1", "model.contextLength=1", "training.batchSize=1",
            "optimizer.minLearningRate=0"];
        try
        {
            RunConfig.Parse("{}", "test.json", [.. small, $"{name}={value}"]);
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }
}
