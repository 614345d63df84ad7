using System.Text.Json;

namespace TorchLm.Tests.Train;

/// <summary>A model's way to other programs' files and back, and on to other data, with the real program.</summary>
public sealed class ExportJourneyTests : IDisposable
{
    private const string Text = "The crow sat on a branch and held a piece of cheese. The fox came by and saw the crow.\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_exported_and_imported_model_speaks_as_before_and_can_be_measured()
    {
        Train();
        string[] sample = ["--prompt", "The fox", "--max-tokens", "40", "--temperature", "0"];
        string spoken = Done(["sample", "--model", "run", .. sample]).Output;
        Assert.Contains(" KB)", Done("export", "--model", "run", "--format", "hf", "--out", "hf").Output, StringComparison.Ordinal);
        string said = Done("import", "--from", "hf", "--out", "imported").Output;
        Assert.Contains("2 layers, 2 heads, width 32", said, StringComparison.Ordinal);
        Assert.Contains("--init-from imported", said, StringComparison.Ordinal);
        Assert.Equal(spoken, Done(["sample", "--model", "imported", .. sample]).Output);

        // The imported model has no data of its own, and on the run's it is as good as the run.
        Refused("eval", "--model", "imported").AssertRefused("--data");
        Assert.Equal(Loss("run"), Loss("imported", "--data", "run/data"));
    }

    [Theory]
    [InlineData("hf", "bf16", "out/model.safetensors")]
    [InlineData("onnx", "fp32", "out/onnx/model.onnx")]
    [InlineData("onnx", "fp16", "out/onnx/model_fp16.onnx")]
    public void Each_folder_format_is_made(string format, string dtype, string file)
    {
        Train();
        Done("export", "--model", "run", "--format", format, "--dtype", dtype, "--out", "out");
        Assert.True(File.Exists(_folder[file]));
        Assert.True(File.Exists(_folder["out/config.json"]));
        Refused("export", "--model", "run", "--format", format, "--dtype", dtype, "--out", "out").AssertRefused("--overwrite");
        Done("export", "--model", "run", "--format", format, "--dtype", dtype, "--out", "out", "--overwrite");
    }

    [Fact]
    public void A_file_for_llama_cpp_is_made_in_every_type_and_read_back()
    {
        Train();
        long[] sizes = [.. new[] { "fp32", "fp16", "q8_0", "q4_0" }.Select(dtype =>
        {
            Done("export", "--model", "run", "--format", "gguf", "--dtype", dtype, "--out", $"{dtype}.gguf");
            return new FileInfo(_folder[$"{dtype}.gguf"]).Length;
        })];
        Assert.Equal(sizes.OrderDescending(), sizes);
        Refused("export", "--model", "run", "--format", "gguf", "--out", "fp32.gguf").AssertRefused("--overwrite");
        Done("import", "--from", "fp32.gguf", "--out", "imported");
        Assert.Equal(File.ReadAllBytes(_folder["run/step-00000060/model.safetensors"]), File.ReadAllBytes(_folder["imported/step-00000000/model.safetensors"]));
        Assert.Equal(File.ReadAllText(_folder["run/tokenizer.json"]), File.ReadAllText(_folder["imported/tokenizer.json"]));
    }

    [Fact]
    public void Wrong_wishes_are_refused()
    {
        Train();
        string[] export = ["export", "--model", "run", "--out", "out"];
        Refused([.. export, "--format", "onnx", "--dtype", "q8_0"]).AssertRefused("q8_0", "fp32, fp16");
        Refused([.. export, "--format", "hf", "--dtype", "q8_0"]).AssertRefused("q8_0", "fp32, fp16, bf16");
        Refused([.. export, "--format", "gguf", "--dtype", "q2_k"]).AssertRefused("q2_k", "q4_0");
        Refused([.. export, "--format", "gguf", "--no-attention-mask"]).AssertRefused("--no-attention-mask", "onnx");
        Refused([.. export, "--format", "hf", "--no-cache"]).AssertRefused("--no-cache", "onnx");
        Refused([.. export, "--format", "tflite"]).AssertRefused("tflite");
        Refused("export", "--model", "nowhere", "--format", "hf", "--out", "out").AssertRefused("nowhere");
        Done([.. export, "--format", "hf"]);
        Refused("sample", "--model", "out").AssertRefused("torchlm import --from out");
        Refused("train", "--init-from", "out", "--data", "text.txt").AssertRefused("torchlm import --from out");
        Refused("import", "--from", "run", "--out", "again").AssertRefused("model_type");
    }

    [Fact]
    public void Training_goes_on_from_a_model_on_other_text_with_a_shorter_context()
    {
        Train();
        Done("export", "--model", "run", "--format", "hf", "--out", "hf");
        Done("import", "--from", "hf", "--out", "imported");
        Refused("train", "--resume", "imported").AssertRefused("--init-from imported");
        _folder.Write("fox.txt", string.Concat(Enumerable.Repeat(Text, 60)));
        string[] tune = ["train", "--init-from", "imported", "--data", "fox.txt", "--precision", "fp32", "--set", "training.steps=20", "--set", "training.evalInterval=10",
            "--set", "model.contextLength=16", "--set", "model.dropout=0", "--set", "optimizer.learningRate=3e-3"];
        Done([.. tune, "--out", "tuned"]);

        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(_folder["tuned/config.json"]));
        JsonElement model = config.RootElement.GetProperty("model");
        Assert.Equal((2, 16, 32), (model.GetProperty("layerCount").GetInt32(), model.GetProperty("contextLength").GetInt32(), model.GetProperty("embeddingSize").GetInt32()));
        Assert.EndsWith("step-00000000", config.RootElement.GetProperty("training").GetProperty("initFrom").GetString(), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(_folder["run/tokenizer.json"]), File.ReadAllText(_folder["tuned/tokenizer.json"]));

        // It begins where the model was, far from the ln 61 = 4.11 of random weights, and ends better on the new text.
        double[] losses = [.. File.ReadLines(_folder["tuned/metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(m => m.TryGetProperty("val_loss", out _)).Select(m => m.GetProperty("val_loss").GetDouble())];
        Assert.Equal(3, losses.Length);
        Assert.InRange(losses[0], 1.5, 3.4);
        Assert.True(losses[2] < losses[0] - 0.05, string.Join(", ", losses));

        // The same again from its configuration, and from the run itself.
        Done("train", "--config", "tuned/config.json", "--out", "again");
        Assert.Equal(File.ReadAllBytes(_folder["tuned/step-00000020/model.safetensors"]), File.ReadAllBytes(_folder["again/step-00000020/model.safetensors"]));
        Done(["train", "--init-from", "tuned", .. tune[3..], "--out", "more"]);
    }

    [Fact]
    public void What_belongs_to_the_model_stays_as_it_is()
    {
        Train();
        string[] tune = ["train", "--init-from", "run", "--out", "tuned"];
        _folder.Write("fox.txt", string.Concat(Enumerable.Repeat(Text, 60)));
        Refused([.. tune]).AssertRefused("--data");
        Refused([.. tune, "--data", "fox.txt", "--set", "model.contextLength=64"]).AssertRefused("64", "32 positions");
        Refused([.. tune, "--data", "fox.txt", "--set", "model.layerCount=3"]).AssertRefused("keeps its shape");
        Refused([.. tune, "--data", "fox.txt", "--set", "data.tokenizer=bpe"]).AssertRefused("data.tokenizer");
        Refused([.. tune, "--data", "fox.txt", "--resume"]).AssertRefused("--resume", "--init-from");
        _folder.Write("other.txt", string.Concat(Enumerable.Repeat("Ümlaute, die das Modell nicht kennt. ", 60)));
        Refused([.. tune, "--data", "other.txt"]).AssertRefused("Ü");
        Done("prepare", "other.txt", "--out", "other", "--tokenizer", "char");
        Refused([.. tune, "--data", "other"]).AssertRefused("another tokenizer", "--tokenizer run");
        Refused("train", "--preset", "finetune", "--data", "fox.txt").AssertRefused("--init-from");
        Assert.False(Directory.Exists(_folder["tuned"]));
    }

    private void Train() => Done("train", "--preset", "gpt2-tiny", "--precision", "fp32", "--out", "run", "--set", "training.steps=60", "--set", "training.evalInterval=60");

    private double Loss(string model, params string[] more)
    {
        using JsonDocument json = JsonDocument.Parse(Done(["eval", "--model", model, "--json", .. more]).Output);
        return json.RootElement.GetProperty("loss").GetDouble();
    }

    private ProgramProcess Done(params string[] arguments)
    {
        ProgramProcess result = ProgramProcess.Run(_folder.Path, arguments);
        Assert.True(result.ExitCode == 0, $"torchlm {string.Join(' ', arguments)} exited with {result.ExitCode}: {result.Errors}");
        return result;
    }

    private ProgramProcess Refused(params string[] arguments) => ProgramProcess.Run(_folder.Path, arguments);
}
