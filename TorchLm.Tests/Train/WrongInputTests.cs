using TorchLm.Train;

namespace TorchLm.Tests.Train;

/// <summary>Each of a user's mistakes gives exit code 2 and one sentence.</summary>
public sealed class WrongInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A sentence quotes names from files; what a terminal would obey, or what would fill its screen, is left out.</summary>
    [Fact]
    public void A_sentence_is_one_line_that_no_terminal_obeys()
    {
        Assert.Equal("the tensor 'a\uFFFD[2J b c'", Program.OneLine("the tensor 'a\u001b[2J b\r\nc'"));
        string longest = Program.OneLine("begins" + new string('x', 1_000_000) + "ends");
        Assert.InRange(longest.Length, 1000, 1010);
        Assert.StartsWith("begins", longest, StringComparison.Ordinal);
        Assert.EndsWith("ends", longest, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_path()
    {
        ProgramProcess.Run(_folder.Path, "export", "--model", "run", "--format", "gguf", "--out", "").AssertRefused("--out is empty");
        ProgramProcess.Run(_folder.Path, "import", "--from", "", "--out", "x").AssertRefused("--from is empty");
        Train("--data", "").AssertRefused("--data is empty");
    }

    [Fact]
    public void A_missing_file() => Train("--data", "nowhere.txt").AssertRefused("nowhere.txt");

    [Fact]
    public void An_empty_file()
    {
        _folder.Write("empty.txt", "");
        Train("--data", "empty.txt").AssertRefused("empty.txt", "empty");
    }

    [Fact]
    public void A_file_shorter_than_one_window()
    {
        _folder.Write("short.txt", "To be, or not to be.");
        Train("--data", "short.txt").AssertRefused("context");
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "checkpoints", "short")));
    }

    [Fact]
    public void Invalid_UTF8()
    {
        _folder.Write("latin1.txt", [.. Enumerable.Repeat((byte)'a', 500), 0xe9, .. Enumerable.Repeat((byte)'b', 500)]);
        Train("--data", "latin1.txt").AssertRefused("latin1.txt", "UTF-8", "500");
    }

    [Fact]
    public void A_corrupt_shard_header()
    {
        _folder.Write("shards/x_train_000001.bin", new byte[2000]);
        _folder.Write("shards/x_val_000000.bin", new byte[2000]);
        Train("--data", "shards", "--set", "model.vocabularySize=50257").AssertRefused("x_train_000001.bin");
    }

    [Fact]
    public void A_token_beyond_the_vocabulary()
    {
        byte[] tokens = [.. Enumerable.Range(0, 3000).SelectMany(i => BitConverter.GetBytes((ushort)(i % 100)))];
        _folder.Write("shards/train.bin", tokens);
        _folder.Write("shards/val.bin", tokens);
        Train("--data", "shards", "--set", "model.vocabularySize=50").AssertRefused("train.bin", "50");
    }

    [Fact]
    public void Shards_without_a_known_vocabulary()
    {
        _folder.Write("shards/train.bin", new byte[6000]);
        _folder.Write("shards/val.bin", new byte[6000]);
        Train("--data", "shards").AssertRefused("model.vocabularySize");
    }

    [Fact]
    public void An_unknown_option() => Train("--colour", "red").AssertRefused("--colour");

    [Fact]
    public void An_unknown_command() => Run("trian").AssertRefused("trian");

    [Fact]
    public void An_unknown_preset() => Train("--preset", "gpt5").AssertRefused("gpt5", "fables");

    [Fact]
    public void An_unknown_setting() => Train("--set", "model.layers=3").AssertRefused("model.layers", "model.layerCount");

    [Fact]
    public void An_impossible_model() => Train("--set", "model.headCount=3").AssertRefused("model.embeddingSize", "128", "model.headCount");

    [Fact]
    public void A_value_of_the_wrong_type() => Train("--set", "training.steps=many").AssertRefused("training.steps", "whole number");

    [Fact]
    public void An_unknown_device() => Train("--device", "tpu").AssertRefused("tpu", "cuda:N");

    [Fact]
    public void Fewer_threads_than_one() => Train("--threads", "0").AssertRefused("--threads", "0", "1 to 1024");

    [Fact]
    public void A_duration_that_is_none() => Train("--max-time", "soon").AssertRefused("--max-time", "soon");

    [Fact]
    public void A_preset_without_text() => Train("--preset", "gpt2-124m").AssertRefused("--data");

    [Fact]
    public void An_unwritable_output_folder()
    {
        string file = _folder.Write("file", "x");
        Train("--out", Path.Combine(file, "run")).AssertRefused("--out");
    }

    [Fact]
    public void Resuming_what_is_not_there() => Train("--resume", "checkpoints/none").AssertRefused("checkpoints/none");

    [Fact]
    public void Sampling_from_no_model() => Run("sample", "--model", "checkpoints/none").AssertRefused("checkpoints/none");

    [Fact]
    public void A_number_out_of_range() => Run("sample", "--model", ".", "--temperature", "-1").AssertRefused("temperature", "-1");

    [Fact]
    public void A_tokenizer_that_is_unknown()
    {
        _folder.Write("text.txt", "some text");
        Run("prepare", "text.txt", "--out", "set", "--tokenizer", "words").AssertRefused("words", "cl100k_base");
    }

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);

    private ProgramProcess Train(params string[] arguments) => Run(["train", .. arguments]);
}
