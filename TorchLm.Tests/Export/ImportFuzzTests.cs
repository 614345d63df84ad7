using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.HuggingFace;

namespace TorchLm.Tests.Export;

/// <summary>
/// Damaged files of every kind that an import reads: each is imported or refused in one sentence. Nothing else may happen: no other exception, no hang, no
/// memory beyond what the file justifies, nothing left on the disk.
/// </summary>
public sealed class ImportFuzzTests : IDisposable
{
    private const int FilesOfEach = 2000;

    private static readonly ModelConfig s_shape = new() { LayerCount = 1, HeadCount = 1, EmbeddingSize = 4, ContextLength = 4, Bias = true };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("config.json")]
    [InlineData("config.json", ModelConfig.Llama)]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void A_damaged_file_is_imported_or_refused(string file, string family = ModelConfig.Gpt2)
    {
        MakeFolder(file, family == ModelConfig.Llama ? LlamaShapes.Scaled with { LayerCount = 1, EmbeddingSize = 8 } : s_shape);
        byte[] sound = File.ReadAllBytes(_folder.In("hf", file));
        string[] files = _folder.Files();
        int count = 0;
        Fuzzer.Run($"{family}'s {file}", FilesOfEach, seed => Damage(file, sound, seed), bytes =>
        {
            File.WriteAllBytes(_folder.In("hf", file), bytes);
            Import(write: count++ % 100 == 0);
        }, memory: 50_000_000);
        Assert.Equal(files, _folder.Files());
    }

    private static byte[] Damage(string file, byte[] sound, int seed) => seed % 2 == 0 ? Mutation.Of(sound, seed)
        : file.EndsWith(".json", StringComparison.Ordinal) ? JsonMutation.Of(sound, seed)
        : file.EndsWith(".safetensors", StringComparison.Ordinal) ? SafeTensorsMutation.Of(sound, seed)
        : BinaryMutation.Of(sound, head: 0, seed);

    private void Import(bool write)
    {
        if (write)
        {
            ModelImport.Run(_folder["hf"], _folder["out"]);
            Directory.Delete(_folder["out"], recursive: true);
            return;
        }
        using HuggingFaceModel model = HuggingFaceModel.Open(_folder["hf"]);
        foreach (string name in model.Weights.Names) model.Weights.Read(name).Dispose();
        _ = model.Tokenizer?.Encode("The fox, 123: naïve 🦊.");
    }

    /// <summary>A sound model whose import reads the file that is to be damaged.</summary>
    private void MakeFolder(string file, ModelConfig shape)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", shape, SavedRuns.Bpe);
        using (ModelSource source = SavedRuns.Open(run)) HuggingFaceExport.Write(source, _folder["hf"]);
        if (file is "vocab.json" or "merges.txt") File.Delete(_folder.In("hf", "tokenizer.json"));
        if (file == "model.safetensors.index.json")
        {
            using var reader = new SafeTensorsReader(_folder.In("hf", "model.safetensors"));
            string map = string.Join(",", reader.Names.Select(name => $"\"{name}\":\"model-1.safetensors\""));
            _folder.Write("hf/model.safetensors.index.json", $"{{\"metadata\":{{}},\"weight_map\":{{{map}}}}}");
            reader.Dispose(); // Windows moves no open file
            File.Move(_folder.In("hf", "model.safetensors"), _folder.In("hf", "model-1.safetensors"));
        }
        Import(write: true);
    }
}
