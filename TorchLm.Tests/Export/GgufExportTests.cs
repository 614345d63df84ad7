using System.Runtime.InteropServices;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Tests.Checkpoints;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Export;

/// <summary>The file as llama.cpp's own tools describe it, byte for byte.</summary>
public sealed class GgufExportTests : IDisposable
{
    private static readonly ModelConfig s_shape = new() { LayerCount = 1, HeadCount = 2, EmbeddingSize = 32, ContextLength = 24, Bias = true };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_keys_are_those_that_llama_cpp_asks_for()
    {
        (Dictionary<string, string> keys, _) = Export(SavedRuns.Bpe, GgufType.Q8);
        string[] expected =
        [
            "general.architecture=text gpt2", "general.name=text run", "general.file_type=u32 7", "general.quantization_version=u32 2", "gpt2.context_length=u32 24",
            "gpt2.embedding_length=u32 32", "gpt2.block_count=u32 1", "gpt2.feed_forward_length=u32 128", "gpt2.attention.head_count=u32 2",
            "gpt2.attention.layer_norm_epsilon=f32 1E-05", "tokenizer.ggml.model=text gpt2", "tokenizer.ggml.pre=text gpt-2",
            $"tokenizer.ggml.bos_token_id=u32 {SavedRuns.Bpe.EndOfTextId}", $"tokenizer.ggml.eos_token_id=u32 {SavedRuns.Bpe.EndOfTextId}", "tokenizer.ggml.add_bos_token=bool 0",
        ];
        Assert.Equal(expected, keys.Where(k => !k.Value.StartsWith('[')).Select(k => $"{k.Key}={k.Value}"));
        Assert.Equal(SavedRuns.Bpe.VocabularySize, keys["tokenizer.ggml.tokens"].Split("|text ").Length);
        Assert.Equal(string.Join("|", SavedRuns.Bpe.Merges.Select(m => $"text {SavedRuns.Bpe.GetSpelling(m.Left)} {SavedRuns.Bpe.GetSpelling(m.Right)}")), keys["tokenizer.ggml.merges"][1..^1]);
        string[] types = keys["tokenizer.ggml.token_type"][1..^1].Split('|');
        Assert.Equal(["i32 3"], types.Where(t => t != "i32 1"));
        Assert.Equal("i32 3", types[SavedRuns.Bpe.EndOfTextId!.Value]);
    }

    [Fact]
    public void Gaps_in_the_ids_have_names_of_their_own()
    {
        (Dictionary<string, string> keys, _) = Export(TiktokenEncoding.Cl100kBase, GgufType.F16, s_shape with { EmbeddingSize = 2, HeadCount = 1 });
        string[] tokens = keys["tokenizer.ggml.tokens"][1..^1].Split("|text "), types = keys["tokenizer.ggml.token_type"][1..^1].Split('|');
        Assert.Equal(("[PAD100256]", "i32 5"), (tokens[100256], types[100256]));
        Assert.Equal(("<|endoftext|>", "i32 3"), (tokens[100257], types[100257]));
        Assert.Equal(tokens.Length, tokens.Distinct().Count());
    }

    /// <summary>In particular the linear layers are turned round: llama.cpp has [out, in], and writes the inner dimension first.</summary>
    [Fact]
    public void Every_weight_is_where_llama_cpp_looks_for_it()
    {
        (_, List<GgufBytes.Tensor> tensors) = Export(SavedRuns.Bpe, GgufType.F32);
        byte[] file = File.ReadAllBytes(_folder["x.gguf"]);
        string[] names =
        [
            "token_embd.weight", "position_embd.weight", "blk.0.attn_norm.weight", "blk.0.attn_norm.bias", "blk.0.attn_qkv.weight", "blk.0.attn_qkv.bias",
            "blk.0.attn_output.weight", "blk.0.attn_output.bias", "blk.0.ffn_norm.weight", "blk.0.ffn_norm.bias", "blk.0.ffn_up.weight", "blk.0.ffn_up.bias",
            "blk.0.ffn_down.weight", "blk.0.ffn_down.bias", "output_norm.weight", "output_norm.bias",
        ];
        Assert.Equal(names, tensors.Select(t => t.Name));
        foreach (((string foreign, _, long[] shape, float[] values), GgufBytes.Tensor tensor) in SafeTensorsBytes.Read(SavedRuns.WeightsOf(new RunFolder(_folder["run"]))).Zip(tensors))
        {
            bool isLinear = foreign.Contains(".c_", StringComparison.Ordinal) && shape.Length == 2;
            Assert.Equal(0u, tensor.Type);
            Assert.Equal(isLinear ? shape : [.. shape.Reverse()], tensor.Dimensions.Select(d => (long)d));
            Assert.Equal(0, tensor.Start % 32);
            float[] written = MemoryMarshal.Cast<byte, float>(file.AsSpan((int)tensor.Start, 4 * values.Length)).ToArray();
            int columns = (int)shape[^1], rows = values.Length / columns;
            for (int i = 0; i < values.Length; i++) Assert.Equal(values[isLinear ? i % rows * columns + i / rows : i], written[i]);
        }
    }

    [Theory]
    [InlineData(GgufType.F16, 1u, 1u)]
    [InlineData(GgufType.BF16, 30u, 30u)]
    [InlineData(GgufType.Q8, 8u, 8u)]
    [InlineData(GgufType.Q4, 2u, 8u)]
    public void Matrices_have_the_type_and_vectors_are_float32(GgufType type, uint number, uint ofEmbeddings)
    {
        (_, List<GgufBytes.Tensor> tensors) = Export(SavedRuns.Bpe, type);
        foreach (GgufBytes.Tensor tensor in tensors)
        {
            Assert.Equal(tensor.Dimensions.Length == 1 ? 0 : tensor.Name.Contains("embd", StringComparison.Ordinal) ? ofEmbeddings : number, tensor.Type);
        }
    }

    [Fact]
    public void Rows_that_no_block_fits_are_halves_and_counted()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape with { EmbeddingSize = 24 }, SavedRuns.Bpe);
        using ModelSource source = SavedRuns.Open(run);
        GgufFile file = GgufExport.Write(source, _folder["x.gguf"], GgufType.Q4);
        (_, List<GgufBytes.Tensor> tensors) = GgufBytes.Read(File.ReadAllBytes(_folder["x.gguf"]));
        Assert.Equal(tensors.Count(t => t.Type == 1), file.FallenBack);
        Assert.Equal(2u, tensors.Single(t => t.Name == "blk.0.ffn_down.weight").Type); // its rows of 96 are three blocks
        Assert.Equal(5, file.FallenBack);
        Assert.Equal(new FileInfo(_folder["x.gguf"]).Length, file.Bytes);
    }

    [Fact]
    public void What_llama_cpp_would_compute_otherwise_is_refused()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape with { Gelu = "exact" }, SavedRuns.Bpe);
        using ModelSource source = SavedRuns.Open(run);
        Assert.Contains("model.gelu is exact, but llama.cpp's gpt2 has only tanh: export the model with --format hf or onnx.", Assert.Throws<InputException>(() => GgufExport.Write(source, _folder["x.gguf"], GgufType.F32)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["x.gguf"]));
    }

    /// <summary>Blocks have a scale in half precision, which would be infinite.</summary>
    [Theory]
    [InlineData(GgufType.Q4, 65504f * 8 * 1.01f)]
    [InlineData(GgufType.Q8, 65504f * 127 * 1.01f)]
    [InlineData(GgufType.Q8, float.PositiveInfinity)]
    [InlineData(GgufType.Q4, float.NaN)]
    public void Weights_that_no_block_holds_are_refused(GgufType type, float weight)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape, SavedRuns.Bpe, model =>
        {
            using var noGradient = TorchSharp.torch.no_grad();
            using TorchSharp.torch.Tensor row = SmallModel.Parameter(model, "blocks.0.mlp.expand.weight").narrow(0, 3, 1);
            row.fill_(weight);
        });
        using ModelSource source = SavedRuns.Open(run);
        string sentence = Assert.Throws<InputException>(() => GgufExport.Write(source, _folder["x.gguf"], type)).Message;
        Assert.Contains("'transformer.h.0.mlp.c_fc.weight'", sentence, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["x.gguf"]));
    }

    [Fact]
    public void One_tensor_at_a_time_is_in_memory_and_a_stopped_export_leaves_nothing()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape, SavedRuns.Bpe);
        using ModelSource source = SavedRuns.Open(run);
        long before = LiveTensors.OfThisThread;
        var reports = new Reports { OnReport = _ => Assert.InRange(LiveTensors.OfThisThread - before, 0, 4) };
        GgufExport.Write(source, _folder["x.gguf"], GgufType.BF16, progress: reports);
        Assert.Equal(before, LiveTensors.OfThisThread);
        Assert.Equal((16, 1.0), (reports.Values.Count, reports.Values[^1]));
        string[] files = _folder.Files();
        using var cancel = new CancellationTokenSource();
        var stop = new Reports { OnReport = share => { if (share > 0.5) cancel.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => GgufExport.Write(source, _folder["y.gguf"], GgufType.F32, progress: stop, cancel: cancel.Token));
        Assert.Equal(files, _folder.Files());
    }

    [Fact]
    public void A_split_into_words_that_llama_cpp_lacks_is_refused()
    {
        var options = new BpeTrainerOptions(270, preTokenization: PreTokenization.Nanochat);
        var tokenizer = BpeTrainer.Train(["hug hugs hugging"], options).Tokenizer;
        using ModelSource source = SavedRuns.Open(SavedRuns.Make(_folder, "run", s_shape, tokenizer));
        string sentence = Assert.Throws<InputException>(() => GgufExport.Write(source, _folder["x.gguf"], GgufType.F32)).Message;
        Assert.Contains("nanochat", sentence, StringComparison.Ordinal);
        Assert.Contains("--format hf", sentence, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["x.gguf"]));
    }

    [Fact]
    public void An_earlier_export_is_replaced_only_where_that_is_asked_for()
    {
        using ModelSource source = SavedRuns.Open(SavedRuns.Make(_folder, "run", s_shape, SavedRuns.Bpe));
        GgufExport.Write(source, _folder["x.gguf"], GgufType.F32);
        byte[] first = File.ReadAllBytes(_folder["x.gguf"]);
        string sentence = Assert.Throws<InputException>(() => GgufExport.Write(source, _folder["x.gguf"], GgufType.F16)).Message;
        Assert.Contains("--overwrite", sentence, StringComparison.Ordinal);
        Assert.Equal(first, File.ReadAllBytes(_folder["x.gguf"]));
        GgufExport.Write(source, _folder["x.gguf"], GgufType.F16, overwrite: true);
        Assert.Equal("u32 1", GgufBytes.Read(File.ReadAllBytes(_folder["x.gguf"])).Metadata["general.file_type"]);
    }

    [Theory]
    [InlineData("run", "that is a folder")]
    [InlineData("new/", "that is a folder")]
    [InlineData("run/config.json/x.gguf", "Cannot make the folder of")]
    public void A_place_for_no_file_is_refused(string place, string sentence)
    {
        using ModelSource source = SavedRuns.Open(SavedRuns.Make(_folder, "run", s_shape, SavedRuns.Bpe));
        string[] files = _folder.Files();
        var failure = Assert.Throws<InputException>(() => GgufExport.Write(source, _folder[place], GgufType.F32, overwrite: true));
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.Equal(files, _folder.Files());
    }

    /// <summary>--overwrite with a mistyped --out must not cost a text, nor the weights that are being exported.</summary>
    [Fact]
    public void What_is_no_export_is_never_replaced()
    {
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape, SavedRuns.Bpe);
        using ModelSource source = SavedRuns.Open(run);
        string[] paths =
        [
            SavedRuns.WeightsOf(run), run.ConfigPath, _folder.Write("novel.txt", "GGUG: a novel"u8.ToArray()),
            _folder.Write("short", "GGU"u8.ToArray()), _folder.Write("empty", []),
        ];
        foreach (string path in paths)
        {
            byte[] before = File.ReadAllBytes(path);
            string sentence = Assert.Throws<InputException>(() => GgufExport.Write(source, path, GgufType.F32, overwrite: true)).Message;
            Assert.Contains($"'{path}' is no GGUF file", sentence, StringComparison.Ordinal);
            Assert.Equal(before, File.ReadAllBytes(path));
        }
    }

    [Theory]
    [InlineData(true, "bpe", true)]
    [InlineData(false, "bpe", true)]
    [InlineData(true, "char", true)]
    [InlineData(true, "char", false)]
    [InlineData(true, "cl100k_base", true)]
    public void What_was_exported_comes_back_byte_for_byte(bool bias, string kind, bool withEnd)
    {
        ITokenizer tokenizer = kind == "bpe" ? SavedRuns.Bpe : kind == "char" ? CharTokenizer.FromCharacters("abcdefgh ,.\n\\üß日🦊".EnumerateRunes(), withEnd) : TiktokenEncoding.Cl100kBase;
        Export(tokenizer, GgufType.F32, s_shape with { Bias = bias, EmbeddingSize = 4, HeadCount = 1 });
        ModelImport.Run(_folder["x.gguf"], _folder["back"]);
        RunFolder run = new(_folder["run"]), back = new(_folder["back"]);
        Assert.Equal(File.ReadAllBytes(SavedRuns.WeightsOf(run)), File.ReadAllBytes(SavedRuns.WeightsOf(back)));
        Assert.Equal(File.ReadAllBytes(run.TokenizerPath), File.ReadAllBytes(back.TokenizerPath));
        Assert.Equal(run.ReadConfig().Model, back.ReadConfig().Model);
    }

    private (Dictionary<string, string> Metadata, List<GgufBytes.Tensor> Tensors) Export(ITokenizer tokenizer, GgufType type, ModelConfig? shape = null)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", shape ?? s_shape, tokenizer);
        using ModelSource source = SavedRuns.Open(run);
        GgufExport.Write(source, _folder["x.gguf"], type);
        return GgufBytes.Read(File.ReadAllBytes(_folder["x.gguf"]));
    }
}
