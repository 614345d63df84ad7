using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Generation;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Tests.Tokenizers;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>llama.cpp itself loads what was exported, makes the same ids of a text, and writes the same text.</summary>
public sealed class LlamaCppTests : IDisposable
{
    private static readonly ModelConfig s_shape = new() { LayerCount = 2, HeadCount = 2, EmbeddingSize = 32, ContextLength = 160, Bias = true };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bpe")]
    [InlineData("cl100k_base")]
    [InlineData("o200k_base")]
    public void It_makes_the_same_ids(string name)
    {
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        using LlamaCpp llama = Load(s_shape with { EmbeddingSize = 2, HeadCount = 1, LayerCount = 1 }, tokenizer);
        Assert.Equal(tokenizer.EndOfTextId, llama.EndOfText);
        // llama.cpp's programs end a text at its first NUL, and LLamaSharp takes the path of C strings too.
        foreach (string text in TextSamples.Tricky.Concat(TextSamples.Random(200, seed: 3)).Where(text => !text.Contains('\0')))
        {
            if (name == "o200k_base" && HasMarks(text)) continue; // its split of marks is not quite o200k's (Arabic vowels, Devanagari, Thai)
            Assert.Equal(tokenizer.Encode(text), llama.Encode(text));
        }

        static bool HasMarks(string text) => text.EnumerateRunes().Any(r => System.Text.Rune.GetUnicodeCategory(r) is System.Globalization.UnicodeCategory.NonSpacingMark
            or System.Globalization.UnicodeCategory.SpacingCombiningMark or System.Globalization.UnicodeCategory.EnclosingMark);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_makes_the_same_ids_of_characters(bool withEndOfText)
    {
        CharTokenizer tokenizer = CharTokenizer.FromCharacters("abc\nxyz0.üßé日本語🦊🌳\\ <|>".EnumerateRunes(), withEndOfText);
        using LlamaCpp llama = Load(s_shape, tokenizer);
        Assert.Equal(tokenizer.EndOfTextId, llama.EndOfText); // none where there is none, and not llama.cpp's usual 11
        if (!withEndOfText) Assert.Equal(tokenizer.Encode("a  b"), llama.Encode("aQ#b")); // what is unknown is read as blank, and not as the id -1
        foreach (string text in TextSamples.RandomOf("abc\nxyz0.üßé日本語🦊🌳\\ <|>", 300, 40, seed: 2)) Assert.Equal(tokenizer.Encode(text), llama.Encode(text));
    }

    /// <summary>A character vocabulary from another program, whose special tokens are not called <c>&lt;|endoftext|&gt;</c>.</summary>
    [Fact]
    public void Special_tokens_of_other_names_are_no_text()
    {
        KeyValuePair<string, int>[] characters = [new("a", 0), new("<", 1), new("s", 2), new(">", 3), new("ü", 4), new("é", 6)];
        ITokenizer tokenizer = new TokenizerParts(characters, [new("<s>", 5), new("<pad>", 7)], [], Split: null).Build("x");
        using LlamaCpp llama = Load(s_shape, tokenizer);
        foreach (string text in (string[])["a<s>a", "<a>", "üéüaé<s>"]) Assert.Equal(tokenizer.Encode(text), llama.Encode(text));
        Assert.Equal(5, llama.EndOfText); // no text is this token, so that no text ends early
        Assert.Empty(llama.Encode("ö")); // unlike é only in its second byte
        ModelImport.Run(_folder["F32.gguf"], _folder["back"]);
        Assert.Equal(File.ReadAllBytes(_folder.In("run", "tokenizer.json")), File.ReadAllBytes(_folder.In("back", "tokenizer.json")));
    }

    /// <summary>
    /// llama.cpp takes token 11 for the end where the file names none, which is the comma in most vocabularies of bytes.
    /// </summary>
    [Fact]
    public async Task A_vocabulary_of_bytes_without_an_end_goes_on_after_a_comma()
    {
        const string Rhyme = "face, bead; hedge. cab: feed, bag! aged deaf cafe; ";
        IEnumerable<KeyValuePair<string, int>> bytes = Enumerable.Range(0, 256).Select(id => KeyValuePair.Create(SavedRuns.Bpe.GetSpelling(id), id));
        ITokenizer tokenizer = new TokenizerParts(bytes, [], [], PreTokenization.Gpt2).Build("x");
        Assert.Equal([11], tokenizer.Encode(","));
        int[] ids = tokenizer.Encode(string.Concat(Enumerable.Repeat(Rhyme, 3)))[..128];
        ModelConfig shape = s_shape with { EmbeddingSize = 64 };
        using LlamaCpp llama = Load(SavedRuns.Make(_folder, "run", shape, tokenizer, model => LearnByHeart(model, ids)), GgufType.F32);
        Assert.Equal(0xff, tokenizer.GetBytes(llama.EndOfText!.Value)[0]); // a byte that is in no UTF-8
        Assert.Equal(string.Concat(Enumerable.Repeat(Rhyme, 3)).Substring(4, 100), await llama.ContinueGreedily("face", 100));
    }

    /// <summary>
    /// Along the text that TorchLm writes greedily: llama.cpp's GELU is a table in half precision, which moves a logit by some thousandths of their range, so
    /// that its choice is the same wherever the best two are further apart.
    /// </summary>
    [Theory]
    [InlineData("bpe", true)]
    [InlineData("bpe", false)]
    [InlineData("char", true)]
    public void It_computes_the_same_logits_and_makes_the_same_choices(string kind, bool bias)
    {
        ITokenizer tokenizer = kind == "bpe" ? SavedRuns.Bpe : SavedRuns.Characters;
        RunFolder run = SavedRuns.Make(_folder, "run", s_shape with { Bias = bias }, tokenizer);
        using LlamaCpp llama = Load(run, GgufType.F32);
        using Gpt model = SavedModel.Find(run.Path).Load(CPU);
        int[] prompt = tokenizer.Encode("a face, ");
        int[] ids = [.. prompt, .. new TokenGenerator(model).Generate(prompt, new SamplingOptions { Temperature = 0 }).Take(100).Select(next => next[0])];
        using var scope = NewDisposeScope();
        float[] expected = TinyGpt.Values(model.forward(TinyGpt.Ids([.. ids.Select(id => (long)id)])));
        float range = expected.Max() - expected.Min(), worst = 0;
        int decided = 0, step = 0;
        foreach (float[] logits in llama.Logits(ids))
        {
            float[] own = expected[(step * logits.Length)..((step + 1) * logits.Length)];
            worst = Math.Max(worst, own.Zip(logits, (a, b) => Math.Abs(a - b)).Max());
            float[] best = [.. own.OrderDescending().Take(2)];
            if (best[0] - best[1] > 0.01f * range)
            {
                decided++;
                Assert.Equal(Array.IndexOf(own, best[0]), Array.IndexOf(logits, logits.Max()));
            }
            step++;
        }
        Assert.InRange(worst, 0, 0.005f * range);
        Assert.InRange(decided, 60, ids.Length);
    }

    /// <summary>A model that has learnt a rhyme by heart has no near ties.</summary>
    [Theory]
    [InlineData(GgufType.F32)]
    [InlineData(GgufType.F16)]
    [InlineData(GgufType.BF16)]
    [InlineData(GgufType.Q8)]
    [InlineData(GgufType.Q4)]
    public async Task It_writes_the_same_text_in_every_type(GgufType type)
    {
        const string Rhyme = "face, bead; hedge. cab: feed, bag! aged deaf cafe; ";
        CharTokenizer tokenizer = CharTokenizer.FromCharacters(Rhyme.EnumerateRunes());
        ModelConfig shape = s_shape with { EmbeddingSize = 64 };
        RunFolder run = SavedRuns.Make(_folder, "run", shape, tokenizer, model => LearnByHeart(model, tokenizer.Encode(string.Concat(Enumerable.Repeat(Rhyme, 3)))[..128]));
        using LlamaCpp llama = Load(run, type);
        string expected = string.Concat(Enumerable.Repeat(Rhyme, 3)).Substring(6, 100);
        Assert.Equal(expected, await llama.ContinueGreedily("face, ", 100));
    }

    private static void LearnByHeart(Gpt model, int[] ids)
    {
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in model.parameters().Where(p => p.dim() == 2)) parameter.mul_(0.2);
        }
        Tensor inputs = TinyGpt.Ids([.. ids[..^1].Select(id => (long)id)]), targets = TinyGpt.Ids([.. ids[1..].Select(id => (long)id)]);
        using var optimizer = new Optimizer(model, new OptimizerConfig { LearningRate = 3e-3 });
        double loss = 9;
        for (int step = 0; step < 400 && loss > 0.002; step++)
        {
            using Tensor value = model.AccumulateGradients(inputs, targets);
            loss = value.item<float>();
            optimizer.Step(3e-3);
        }
        Assert.InRange(loss, 0, 0.02);
    }

    private LlamaCpp Load(ModelConfig shape, ITokenizer tokenizer) => Load(SavedRuns.Make(_folder, "run", shape, tokenizer), GgufType.F32);

    private LlamaCpp Load(RunFolder run, GgufType type)
    {
        using ModelSource source = SavedRuns.Open(run);
        GgufExport.Write(source, _folder[$"{type}.gguf"], type, overwrite: true);
        return new LlamaCpp(_folder[$"{type}.gguf"]);
    }
}
