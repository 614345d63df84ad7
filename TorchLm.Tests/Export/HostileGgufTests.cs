using System.Text;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Tokenizers;
using Builder = TorchLm.Tests.Export.GgufBytes.Builder;

namespace TorchLm.Tests.Export;

/// <summary>A GGUF file from a stranger: whatever it promises, it is read or refused in one sentence, before anything is allocated for a promise.</summary>
public sealed class HostileGgufTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, byte[], string> Lies()
    {
        ulong huge = ulong.MaxValue;
        byte[] Tensors(params (string Name, ulong[] Dimensions, uint Type, ulong Offset)[] tensors)
        {
            Builder file = new Builder().Head((ulong)tensors.Length, 0);
            foreach ((string name, ulong[] dimensions, uint type, ulong offset) in tensors) file.TensorHead(name, dimensions, type, offset);
            return file.Align(64).ToArray();
        }
        byte[] Key(uint type, Action<Builder> value)
        {
            Builder file = new Builder().Head(0, 1).Text("k").U32(type);
            value(file);
            return file.Raw(new byte[64]).ToArray();
        }
        return new()
        {
            { "nothing", [], "ended" },
            { "another format", "PK\u0003\u0004 zip zip zip zip zip"u8.ToArray(), "does not begin" },
            { "only a magic", "GGUF"u8.ToArray(), "ended" },
            { "version 1", new Builder().Head(0, 0, 1).ToArray(), "version 1" },
            { "big-endian", new Builder().Head(0, 0, 3 << 24).ToArray(), "big-endian" },
            { "a world of tensors", new Builder().Head(huge, 0).ToArray(), "tensors, more than it has room for" },
            { "a world of keys", new Builder().Head(0, huge).ToArray(), "keys, more than it has room for" },
            { "more keys than bytes", new Builder().Head(0, 3).Raw(new byte[30]).ToArray(), "keys, more than it has room for" },
            { "a key without an end", new Builder().Head(0, 1).U64(huge).Raw(new byte[20]).ToArray(), "a text of" },
            { "a long key", new Builder().Head(0, 1).Text(new string('k', 5000)).U32(7).Raw(new byte[9]).ToArray(), "a text of 5000 bytes" },
            { "a key that is not text", new Builder().Head(0, 1).U64(2).Raw(0xc3, 0x28).U32(7).Raw(new byte[9]).ToArray(), "not valid UTF-8" },
            { "a key twice", new Builder().Head(0, 2).Text("k").U32(4).U32(1).Text("k").U32(4).U32(1).Raw(new byte[9]).ToArray(), "the key 'k' twice" },
            { "a value of no type", Key(13, _ => { }), "unknown type 13" },
            { "a text without an end", Key(8, f => f.U64(1UL << 40)), "a text of" },
            { "a list without an end", Key(9, f => f.U32(4).U64(1UL << 61)), "values in 'k'" },
            { "a list of texts without an end", Key(9, f => f.U32(8).U64(1UL << 60)), "values in 'k'" },
            { "a list of lists", Key(9, f => f.U32(9).U64(1)), "list of lists" },
            { "half a truth", Key(7, f => f.Raw(2)), "neither true nor false" },
            { "a number beyond 63 bits", Key(10, f => f.U64(huge)), "too large" },
            { "an alignment of nothing", new Builder().Head(0, 1).Text("general.alignment").U32(4).U32(0).Raw(new byte[9]).ToArray(), "no power of two" },
            {
                "an alignment of a gigabyte",
                new Builder().Head(0, 1).Text("general.alignment").U32(4).U32(1 << 30).Raw(new byte[9]).ToArray(), "from 8 to"
            },
            { "an alignment of 33", new Builder().Head(0, 1).Text("general.alignment").U32(4).U32(33).Raw(new byte[9]).ToArray(), "no power of two" },
            { "an alignment that is a text", new Builder().Head(0, 1).Text("general.alignment").U32(8).Text("32").Raw(new byte[9]).ToArray(), "no power of two" },
            { "a tensor without dimensions", Tensors(("a", [], 0, 0)), "of 0 dimensions" },
            { "a tensor of five dimensions", Tensors(("a", [1, 1, 1, 1, 1], 0, 0)), "of 5 dimensions" },
            { "a tensor of nothing", Tensors(("a", [4, 0], 0, 0)), "empty" },
            { "a shape that overflows to 8", Tensors(("a", [4294967297, 4294967296, 8], 0, 0)), "larger than 2 GB" },
            { "a shape beyond everything", Tensors(("a", [huge, huge], 0, 0)), "larger than 2 GB" },
            { "values beyond the file", Tensors(("a", [4], 0, 1UL << 40)), "not in the file" },
            { "values that end beyond the file", Tensors(("a", [17], 0, 0)), "ends before" },
            { "values that are not aligned", Tensors(("a", [1], 0, 4)), "not aligned" },
            { "values in two tensors", Tensors(("a", [16], 0, 0), ("b", [4], 0, 32)), "overlaps" },
            { "a tensor twice", Tensors(("a", [1], 0, 0), ("a", [1], 0, 32)), "the tensor 'a' twice" },
            { "half a block", Tensors(("a", [48], 8, 0)), "rows of 48 weights" },
        };
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_lie_is_refused(string lie, byte[] file, string sentence)
    {
        Assert.NotEmpty(lie);
        string path = _folder.Write("x.gguf", file);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var failure = Assert.Throws<InputException>(() => GgufReader.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 1_000_000);
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        File.Delete(path); // the reader has let go of the file
    }

    /// <summary>A large file costs its sender nothing where it is made of nothing, so that what it has room for is no measure for a head.</summary>
    [Theory]
    [InlineData("text", "a text of 2500000000 bytes")]
    [InlineData("texts", "2500000000 values")]
    [InlineData("numbers", "3000000000 values")]
    [InlineData("keys", "2000000000 keys")]
    [InlineData("tensors", "1000000000 tensors")]
    public void A_large_file_of_nothing_is_refused(string what, string sentence)
    {
        byte[] head = what switch
        {
            "text" => new Builder().Head(0, 1).Text("k").U32(8).U64(2_500_000_000).ToArray(),
            "texts" => new Builder().Head(0, 1).Text("k").U32(9).U32(8).U64(2_500_000_000).ToArray(),
            "numbers" => new Builder().Head(0, 1).Text("k").U32(9).U32(4).U64(3_000_000_000).ToArray(),
            "keys" => new Builder().Head(0, 2_000_000_000).ToArray(),
            _ => new Builder().Head(1_000_000_000, 0).ToArray(),
        };
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var failure = Assert.Throws<InputException>(() => new GgufReader(new LongStream(head, 30L << 30), "x.gguf"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 1_000_000);
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>ggml's other types are named as in the names of files (Q4_K_M).</summary>
    [Theory]
    [InlineData(12, "q4_K")]
    [InlineData(20, "iq4_nl")]
    [InlineData(99, "ggml's type number 99")]
    public void Another_type_is_refused_by_name(int type, string sentence)
    {
        byte[] file = new Builder().Head(1, 0).TensorHead("a", [256], (uint)type, 0).Align(256).ToArray();
        using var reader = new GgufReader(new MemoryStream(file), "x.gguf");
        Assert.Contains(sentence, Assert.Throws<InputException>(() => reader.Read("a")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(0f)]
    [InlineData(float.PositiveInfinity)]
    public void An_impossible_epsilon_is_refused(float epsilon)
    {
        byte[] file = Sound();
        int at = file.AsSpan().IndexOf("layer_norm_epsilon"u8) + "layer_norm_epsilon".Length + 4;
        BitConverter.TryWriteBytes(file.AsSpan(at), epsilon);
        var failure = Assert.Throws<InputException>(() => GgufModel.Open(new GgufReader(new MemoryStream(file), "x.gguf")));
        Assert.Contains("model.normEpsilon is", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>What another model's file holds that TorchLm's model does not have.</summary>
    [Theory]
    [InlineData("gpt2.attention.head_count", "gpt2.attention.head_kount", "has no 'gpt2.attention.head_count'")]
    [InlineData("gpt2.attention.layer_norm_epsilon", "gpt2.attention.layer_norm_epsilom", "has no 'gpt2.attention.layer_norm_epsilon'")]
    [InlineData("general.architecture", "general.architecturx", "architecture ''")]
    [InlineData("blk.0.ffn_up.bias", "blk.1.ffn_up.bias", "lack the tensor 'transformer.h.0.mlp.c_fc.bias'")]
    [InlineData("blk.0.ffn_up.bias", "output_norm.bias!", "lack the tensor 'transformer.h.0.mlp.c_fc.bias'")]
    [InlineData("tokenizer.ggml.tokens", "tokenizer.ggml.tokenz", "has no tokenizer.ggml.tokens")]
    [InlineData("\u0005\u0000\u0000\u0000\u0000\u0000\u0000\u0000gpt-2", "\u0005\u0000\u0000\u0000\u0000\u0000\u0000\u0000qwen2", "in the way 'qwen2'")]
    [InlineData("\u0004\u0000\u0000\u0000\u0000\u0000\u0000\u0000gpt2", "\u0004\u0000\u0000\u0000\u0000\u0000\u0000\u0000bert", "architecture 'bert'")]
    public void Another_model_is_refused(string was, string becomes, string sentence)
    {
        byte[] file = Sound();
        int at = file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(was));
        Encoding.UTF8.GetBytes(becomes).CopyTo(file, at);
        _folder.Write("x.gguf", file);
        var failure = Assert.Throws<InputException>(() => ModelImport.Run(_folder["x.gguf"], _folder["out"]));
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    /// <summary>Every third damage is to the head alone, which is small beside the weights.</summary>
    [Theory]
    [InlineData("bpe", GgufType.F32, 4)]
    [InlineData("characters with an end", GgufType.Q4, 32)]
    [InlineData("characters", GgufType.Q8, 32)]
    [InlineData("llama", GgufType.F32, 8)]
    public void Damage_is_read_or_refused(string kind, GgufType type, int width)
    {
        ITokenizer tokenizer = kind is "bpe" or "llama" ? SavedRuns.Bpe
            : CharTokenizer.FromCharacters("The fox,123.üß日🦊\\".EnumerateRunes(), withEndOfText: kind != "characters");
        byte[] sound = Sound(tokenizer, type, width, kind == "llama");
        int head = (int)GgufBytes.Read(sound).Tensors.Min(t => t.Start);
        Fuzzer.Run($"{kind} in {type}", 3000, seed => Damage(sound, head, seed), bytes =>
        {
            using GgufModel model = GgufModel.Open(new GgufReader(new MemoryStream(bytes), "x.gguf"));
            foreach (string name in model.Weights.Names) model.Weights.Read(name).Dispose();
            _ = model.Tokenizer?.Encode("The fox, 123.");
        }, memory: 50_000_000);
    }

    private static byte[] Damage(byte[] sound, int head, int seed) => (seed % 3) switch
    {
        0 => Mutation.Of(sound, seed),
        1 => [.. Mutation.Of(sound[..head], seed), .. sound[head..]],
        _ => BinaryMutation.Of(sound, head, seed),
    };

    /// <summary>llama.cpp takes any token of that spelling for special; a token that is found in any text it calls user-defined.</summary>
    [Theory]
    [InlineData(1, null)]
    [InlineData(3, null)]
    [InlineData(4, "is found in any text")]
    public void A_token_of_another_kind_is_special_or_refused(int kind, string? sentence)
    {
        byte[] file = Sound();
        int types = file.AsSpan().IndexOf("tokenizer.ggml.token_type"u8) + "tokenizer.ggml.token_type".Length + 4 + 4 + 8;
        BitConverter.TryWriteBytes(file.AsSpan(types + 4 * SavedRuns.Bpe.EndOfTextId!.Value), kind);
        if (sentence is null)
        {
            using GgufModel model = GgufModel.Open(new GgufReader(new MemoryStream(file), "x.gguf"));
            Assert.Equal(SavedRuns.Bpe.EndOfTextId, model.Tokenizer!.EndOfTextId);
            return;
        }
        var failure = Assert.Throws<InputException>(() => GgufModel.Open(new GgufReader(new MemoryStream(file), "x.gguf")));
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
    }

    private byte[] Sound() => Sound(SavedRuns.Bpe, GgufType.F32, 4);

    private byte[] Sound(ITokenizer tokenizer, GgufType type, int width, bool isLlama = false)
    {
        var shape = new ModelConfig { LayerCount = 1, HeadCount = 1, EmbeddingSize = width, ContextLength = 4, Bias = true };
        if (isLlama) shape = LlamaShapes.Scaled with { LayerCount = 1, EmbeddingSize = width };
        RunFolder run = SavedRuns.Make(_folder, "run", shape, tokenizer);
        using ModelSource source = SavedRuns.Open(run);
        GgufExport.Write(source, _folder["sound.gguf"], type);
        return File.ReadAllBytes(_folder["sound.gguf"]);
    }
}
