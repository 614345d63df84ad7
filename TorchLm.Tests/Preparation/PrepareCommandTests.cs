using System.Text.Json.Nodes;
using TorchLm.Data.Cleaning;
using TorchLm.Data.Building;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Preparation;

/// <summary>The options of <c>torchlm prepare</c> and <c>torchlm data inspect</c>, as a user meets them.</summary>
public sealed class PrepareCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_web_steps_only_characters_and_equal_documents_are_touched()
    {
        Write("a.txt", "Short.\r\n\r\n\r\nKept as it is \u00A0 .  ", "b.txt", "cafe\u0301 {", "c.txt", "cafe\u0301 {");
        PreparedSet set = Prepare("in");
        Assert.Equal(["Short.\n\n\nKept as it is \u00A0 .  ", "café {"], set.Documents.Order(StringComparer.Ordinal));
        Assert.Equal(["Short.\r\n\r\n\r\nKept as it is \u00A0 .  ", "cafe\u0301 {", "cafe\u0301 {"], Prepare("in", "--clean", "none").Documents.Order(StringComparer.Ordinal));
        Assert.Equal(["Short.\n\nKept as it is   .", "café {"], Prepare("in", "--with", "whitespace").Documents.Order(StringComparer.Ordinal));
        Assert.Equal(3, Prepare("in", "--without", "exact-duplicates").Documents.Length);
        Assert.Equal("cafe\u0301 {", Prepare("in", "--normalization", "nfd").Documents.Order(StringComparer.Ordinal).Last());
    }

    [Fact]
    public void Fields_separators_and_standard_input_are_read_as_asked()
    {
        _folder.Write("x.jsonl", "{\"body\":\"one\"}\n{\"body\":\"two\"}\n");
        Assert.Equal(["one", "two"], Prepare("x.jsonl", "--field", "body").Documents.Order());
        _folder.Write("y.txt", "one\n---\ntwo\n---\nthree");
        Assert.Equal(["one", "three", "two"], Prepare("y.txt", "--separator", "\\n---\\n").Documents.Order());
        ProgramProcess run = ProgramProcess.Run(_folder.Path, "{\"text\":\"from\"}\n{\"text\":\"a pipe\"}\n", ["prepare", "-", "--stdin-format", "jsonl", "--out", "piped"]);
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(["a pipe", "from"], new PreparedSet(_folder["piped"]).Documents.Order());
    }

    [Fact]
    public void An_option_of_a_step_asks_for_the_step()
    {
        Write("a.txt", "Too short.", "b.txt", string.Concat(Enumerable.Repeat("long enough ", 20)));
        Assert.Single(Prepare("in", "--min-chars", "50", "--val-fraction", "0").Documents);
        Assert.Single(Prepare("in", "--max-chars", "50", "--min-chars", "1", "--val-fraction", "0").Documents);
        string text = Prose.Text("one", 1, 6);
        Write("a.txt", text, "b.txt", text.Replace("one", "two", StringComparison.Ordinal));
        Assert.Equal(2, Prepare("in").Documents.Length);
        Assert.Single(Prepare("in", "--near-threshold", "0.7", "--val-fraction", "0").Documents);
        Assert.Equal(2, Prepare("in", "--near-threshold", "0.7", "--near-rows", "50", "--near-bands", "1").Documents.Length); // looks at nothing but equal ones
    }

    [Fact]
    public void Bad_bytes_are_skipped_replaced_or_stop_everything()
    {
        Write("a.txt", "good", "b.txt", "also good");
        _folder.Write("in/c.txt", [65, 0xFF, 66]);
        Assert.Equal(["also good", "good"], Prepare("in").Documents.Order());
        PreparedSet replaced = Prepare("in", "--invalid", "replace");
        Assert.Contains("A\uFFFDB", replaced.Documents);
        Assert.Equal(1, (int)replaced.Json["preparation"]!["invalidSequences"]!);
        ProgramProcess.Run(_folder.Path, "prepare", "in", "--out", "none", "--invalid", "fail").AssertRefused("c.txt", "offset 1 on", "--invalid replace");
        Assert.False(Directory.Exists(_folder["none"]));
    }

    [Fact]
    public void Where_nothing_can_be_used_the_reason_is_said()
    {
        _folder.Write("in/c.txt", [65, 0xFF, 66]);
        ProgramProcess.Run(_folder.Path, "prepare", "in", "--out", "out").AssertRefused("holds no text that can be used", "c.txt", "not UTF-8");
        _folder.Write("short/a.txt", "Too short.");
        ProgramProcess.Run(_folder.Path, "prepare", "short", "--out", "out", "--clean", "web").AssertRefused("length removed 1");
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [LinuxFact]
    public void A_program_of_the_users_decides_about_documents()
    {
        Write("a.txt", "keep this", "b.txt", "not that", "c.txt", "keep \"quotes\"\nand lines");
        PreparedSet set = Prepare("in", "--language-filter", "while read -r line; do case \"$line\" in '\"keep'*) echo true;; *) echo false;; esac; done");
        Assert.Equal(["keep \"quotes\"\nand lines", "keep this"], set.Documents.Order());
        Assert.Equal(1, (int)set.Step("language")["documentsRemoved"]!);
        ProgramProcess.Run(_folder.Path, "prepare", "in", "--out", "no", "--language-filter", "echo perhaps; cat > /dev/null").AssertRefused("answered 'perhaps'");
        ProgramProcess.Run(_folder.Path, "prepare", "in", "--out", "no", "--language-filter", "false").AssertRefused("ended before all documents");
    }

    [Fact]
    public void Mixtures_are_recorded_and_trained_on()
    {
        for (int i = 0; i < 40; i++) _folder.Write($"{(i % 4 == 0 ? "few" : "many")}/{i}.txt", Prose.Text($"number {i}", i, paragraphs: 2));
        PreparedSet set = Prepare("--source", "few=few:0.75", "many=many:0.25", "--val-fraction", "0.2", "--shard-tokens", "3000", "--tokenizer", "char");
        JsonArray mixture = set.Json["mixture"]!.AsArray();
        Assert.Equal(["few", "many"], mixture.Select(source => (string)source!["name"]!));
        Assert.Equal([0.75, 0.25], mixture.Select(source => (double)source!["share"]!));
        JsonArray shards = set.Json["splits"]!["train"]!["shards"]!.AsArray();
        foreach (JsonNode source in mixture!)
        {
            Assert.Equal((long)source["tokens"]!, shards.Where(shard => (string)shard!["source"]! == (string)source["name"]!).Sum(shard => (long)shard!["tokens"]!));
        }
        ProgramProcess train = ProgramProcess.Run(_folder.Path, "train", "--data", "out", "--out", "run", "--max-steps", "2", "--set", "model.contextLength=32", "--device", "cpu");
        Assert.True(train.ExitCode == 0, train.Errors);

        // Without weights each source is as large as it is; 3x reads one three times.
        double few = mixture.Select(source => (double)(long)source!["tokens"]!).First(), many = mixture.Select(source => (double)(long)source!["tokens"]!).Last();
        PreparedSet epochs = Prepare("--source", "few=few:3x", "many=many", "--val-fraction", "0.2", "--tokenizer", "char");
        Assert.Equal(3 * few / (3 * few + many), (double)epochs.Json["mixture"]![0]!["share"]!, 1e-12);
    }

    [Theory]
    [InlineData("There is no cleaning step|--with names the step 'nothing'", "in", "--with", "nothing")]
    [InlineData("A threshold of 2 is not possible", "in", "--clean", "web", "--near-threshold", "2")]
    [InlineData("--min-chars is -3", "in", "--min-chars", "-3")]
    [InlineData("leave one of them out", "in", "--exclude", "in/a.txt", "--without", "held-out")]
    [InlineData("--min-chars is given, and --without length", "in", "--min-chars", "5", "--without", "length")]
    [InlineData("leave nothing for training", "in", "--val-fraction", "0.6", "--test-fraction", "0.5")]
    [InlineData("'x' is not a source", "--source", "x")]
    [InlineData("weight 'much'", "--source", "x=in:much")]
    [InlineData("Two sources are called 'x'", "--source", "x=in", "x=in")]
    [InlineData("Some sources have a weight", "--source", "x=in:1", "y=in:2x")]
    [InlineData("named beside --source", "in", "--source", "x=in")]
    [InlineData("No text was given")]
    [InlineData("--threads is 0", "in", "--threads", "0")]
    [InlineData("--shard-tokens is 0", "in", "--shard-tokens", "0")]
    [InlineData("There is no file or folder 'gone'", "in", "--exclude", "gone")]
    public void Impossible_requests_are_one_sentence(string words, params string[] arguments)
    {
        Write("a.txt", "text", "b.txt", "more");
        ProgramProcess run = ProgramProcess.Run(_folder.Path, ["prepare", .. arguments, "--out", "out"]);
        run.AssertRefused();
        Assert.Contains(words.Split('|'), word => run.Errors.Contains(word, StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void Inspect_shows_lengths_tokens_documents_and_what_was_removed()
    {
        for (int i = 0; i < 30; i++) _folder.Write($"in/{i}.txt", Prose.Text($"number {i}", i, 1 + i % 7));
        _folder.Write("in/twin.txt", Prose.Text("number 3", 3, 4));
        Prepare("in", "--tokenizer", "cl100k_base");
        ProgramProcess run = ProgramProcess.Run(_folder.Path, "data", "inspect", "out", "--picture", "lengths.svg");
        Assert.True(run.ExitCode == 0, run.Errors);
        foreach (string part in (string[])["The checksums of all shards are right.", "█", "\" the\"", "A document of train", "| This is the story of number", "exact-duplicates   removed 1 document", "twin.txt"])
        {
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        }
        System.Xml.Linq.XDocument picture = System.Xml.Linq.XDocument.Load(_folder["lengths.svg"]);
        Assert.Equal("svg", picture.Root!.Name.LocalName);

        JsonNode json = JsonNode.Parse(ProgramProcess.Run(_folder.Path, "data", "inspect", "out", "--json").Output)!;
        Assert.Equal(30, json["splits"]!.AsArray().Sum(split => (int)split!["documents"]!));
        Assert.Equal(30, json["splits"]!.AsArray().SelectMany(split => split!["histogram"]!.AsArray()).Sum(bin => (int)bin!["documents"]!));
        JsonNode first = json["frequent_tokens"]![0]!;
        long counted = json["splits"]!.AsArray().Sum(split => (long)split!["tokens"]!);
        Assert.InRange((long)first["count"]!, 1, counted);

        string shard = Directory.GetFiles(_folder["out"], "*_train_*.bin").Single();
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^4] ^= 1;
        File.WriteAllBytes(shard, bytes);
        ProgramProcess.Run(_folder.Path, "data", "inspect", "out").AssertRefused("is damaged", "SHA-256");
    }

    [Fact]
    public void The_guide_names_every_step_and_the_program_lists_them()
    {
        string guide = File.ReadAllText(Path.Combine(ProgramProcess.RepositoryRoot, "docs", "data.md"));
        string list = ProgramProcess.Run(_folder.Path, "prepare", "--list-steps").Output;
        foreach (string name in CleaningSteps.All.Select(step => step.Name).Concat([PreparationOptions.ExactDuplicatesName, PreparationOptions.NearDuplicatesName]))
        {
            Assert.Contains($"| `{name}` |", guide, StringComparison.Ordinal);
            Assert.Contains($"  {name} ", list, StringComparison.Ordinal);
        }
    }

    private void Write(params string[] namesAndTexts)
    {
        for (int i = 0; i < namesAndTexts.Length; i += 2) _folder.Write("in/" + namesAndTexts[i], namesAndTexts[i + 1]);
    }

    private PreparedSet Prepare(params string[] arguments)
    {
        ProgramProcess run = ProgramProcess.Run(_folder.Path, ["prepare", .. arguments, "--out", "out", "--overwrite"]);
        Assert.True(run.ExitCode == 0, run.Errors);
        return new PreparedSet(_folder["out"]);
    }
}
