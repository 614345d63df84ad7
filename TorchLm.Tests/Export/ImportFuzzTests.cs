using System.Diagnostics;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.HuggingFace;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>
/// Damaged files of every kind that an import reads: each is imported or refused in one sentence. Nothing else may happen: no other exception, no hang, no
/// memory beyond what the file justifies, nothing left on the disk.
/// </summary>
public sealed class ImportFuzzTests : IDisposable
{
    private const int MutationsOfEach = 4000;

    private static readonly ModelConfig s_shape = new() { LayerCount = 1, HeadCount = 1, EmbeddingSize = 4, ContextLength = 4, Bias = true };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void A_damaged_file_is_imported_or_refused(string file)
    {
        MakeFolder(file);
        byte[] sound = File.ReadAllBytes(_folder.In("hf", file));
        string[] files = _folder.Files();
        int refused = 0, seed = 0;
        for (; seed < MutationsOfEach; seed++)
        {
            File.WriteAllBytes(_folder.In("hf", file), Mutation.Of(sound, seed));
            long start = Stopwatch.GetTimestamp(), allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (!Import(write: seed % 100 == 0)) refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{file}, mutation {seed}: {e}");
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 50_000_000, $"{file}, mutation {seed}: too much memory");
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), $"{file}, mutation {seed}: too slow");
        }
        Assert.Equal(files, _folder.Files());
        Assert.InRange(refused, MutationsOfEach / 10, MutationsOfEach); // or the damage is none
    }

    /// <summary>Whether the folder is accepted; every other exception than a sentence is let through.</summary>
    private bool Import(bool write)
    {
        try
        {
            if (write)
            {
                ModelImport.Run(_folder["hf"], _folder["out"]);
                Directory.Delete(_folder["out"], recursive: true);
                return true;
            }
            using HuggingFaceModel model = HuggingFaceModel.Open(_folder["hf"]);
            foreach (string name in model.Weights.Names) model.Weights.Read(name).Dispose();
            _ = model.Tokenizer?.Encode("The fox, 123: naïve 🦊.");
            return true;
        }
        catch (Exception e) when (e is InputException or TokenizerException)
        {
            Assert.NotEmpty(e.Message);
            return false;
        }
    }

    /// <summary>A sound model whose import reads the file that is to be damaged.</summary>
    private void MakeFolder(string file)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape, SavedRuns.Bpe);
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
        Assert.True(Import(write: true));
    }
}
