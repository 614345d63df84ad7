using System.Text.Json.Nodes;
using TorchLm.Core.Configuration;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Configuration;

/// <summary>torchlm config, as a user has it.</summary>
public sealed class ConfigCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_show_prints_is_the_configuration()
    {
        ProgramProcess shown = Run("show", "gpt2-tiny", "--set", "model.dropout=0.25");
        Assert.Equal(0, shown.ExitCode);
        _folder.Write("c.json", shown.Output);
        Assert.Equal(0.25, RunConfig.Parse(shown.Output, "it").Model.Dropout);
        Assert.Equal(shown.Output, Run("show", "c.json").Output);
        Assert.Equal(0, JsonNode.Parse(Run("show").Output)!["model"]!["vocabularySize"]!.GetValue<int>());
    }

    [Fact]
    public void Check_says_what_is_wrong_and_where()
    {
        _folder.Write("good.json", """{ "$schema": "torchlm.schema.json", "model": { "layerCount": 3 } } // three""");
        _folder.Write("bad.json", """{ "model": { "layerCont": 3 } }""");
        ProgramProcess good = Run("check", "good.json");
        Assert.Equal(0, good.ExitCode);
        Assert.Equal("good.json is a valid configuration; 1 setting is not the default.\n", good.Output.ReplaceLineEndings("\n"));
        Run("check", "bad.json").AssertRefused("bad.json", "layerCont");
        Run("check", "good.json", "--set", "model.headCount=5").AssertRefused("model.embeddingSize", "5");
        Run("check", "nowhere").AssertRefused("nowhere", "gpt2-tiny");
        Run("check", ".").AssertRefused("no run");
    }

    [Fact]
    public void Diff_names_what_differs_and_nothing_else()
    {
        _folder.Write("run/config.json", RunConfig.Parse("{}", "none", ["model.layerCount=7", "data.path=x.txt"]).ToJson());
        _folder.Write("plain.json", "{}");
        string[] lines = [.. Run("diff", "plain.json", "run").Output.Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Trim())];
        Assert.Equal(["plain.json run", "model.layerCount 4 7", "data.path null \"x.txt\"", ""], lines);
        Assert.Equal("They are the same.", Run("diff", "run", "run/config.json").Output.Trim());
    }

    [Fact]
    public void The_schema_knows_every_setting_with_its_type_and_default()
    {
        JsonObject schema = JsonNode.Parse(Run("schema").Output)!.AsObject(), config = JsonNode.Parse(new RunConfig().ToJson())!.AsObject();
        foreach ((string section, JsonNode? settings) in config)
        {
            JsonObject described = schema["properties"]![section]!["properties"]!.AsObject();
            Assert.Equal(settings!.AsObject().Select(s => s.Key), described.Select(s => s.Key));
            foreach ((string name, JsonNode? value) in settings.AsObject())
            {
                Assert.NotNull(described[name]!["type"]);
                Assert.Equal(value?.ToJsonString(), described[name]!["default"]?.ToJsonString());
            }
            Assert.False(schema["properties"]![section]!["additionalProperties"]!.GetValue<bool>());
        }
    }

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, ["config", .. arguments]);
}
