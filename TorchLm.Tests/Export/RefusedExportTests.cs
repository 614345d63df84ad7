using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using TorchLm.Export.HuggingFace;

namespace TorchLm.Tests.Export;

/// <summary>What a format cannot express is refused by the name of the setting, before anything is written.</summary>
public sealed class RefusedExportTests : IDisposable
{
    private static readonly ModelConfig s_gpt2 = SavedRuns.Shape, s_llama = LlamaShapes.Plain;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A shape, and what is said of it where Hugging Face's folders and llama.cpp's files can be nothing like it.</summary>
    public static TheoryData<string> Names => [.. Cases.Keys];

    private static Dictionary<string, (ModelConfig Shape, string HuggingFace, string Gguf)> Cases { get; } = new()
    {
        ["grouped queries"] = Both(s_gpt2 with { KeyValueHeadCount = 1 }, "model.keyValueHeadCount is 1", "gpt2 has only as many as model.headCount"),
        ["rope alone"] = Both(s_gpt2 with { Positions = ModelConfig.Rope }, "model.positions is rope", "gpt2 has only learned, sinusoidal, none"),
        ["rmsnorm alone"] = Both(s_gpt2 with { Norm = ModelConfig.RmsNorm }, "model.norm is rmsnorm", "gpt2 has only layernorm"),
        ["post-norm"] = Both(s_gpt2 with { NormPlacement = ModelConfig.PostNorm }, "model.normPlacement is post", "gpt2 has only pre"),
        ["relu2"] = Both(s_gpt2 with { Mlp = ModelConfig.Relu2 }, "model.mlp is relu2", "gpt2 has only gelu"),
        ["a window"] = Both(s_gpt2 with { SlidingWindow = 4 }, "model.slidingWindow is 4", "gpt2 has only 0"),
        ["convolutions"] = Both(s_gpt2 with { ConvolutionWidth = 3 }, "model.convolutionWidth is 3", "gpt2 has only 0"),
        ["a soft cap"] = Both(s_gpt2 with { LogitSoftCap = 2.5 }, "model.logitSoftCap is 2.5", "gpt2 has only 0"),
        ["logits divided by the width"] = Both(s_gpt2 with { BaseWidth = 5 }, "model.baseWidth is 5", "gpt2 has only 0 or model.embeddingSize"),
        ["a model of the base width"] = (s_gpt2 with { BaseWidth = s_gpt2.EmbeddingSize }, "", ""),
        ["learned positions"] = Both(s_llama with { Positions = ModelConfig.LearnedPositions }, "model.positions is learned", "llama has only rope"),
        ["relu2 in a llama"] = Both(s_llama with { Mlp = ModelConfig.Relu2 }, "model.mlp is relu2", "llama has only swiglu"),
        ["an embedding norm"] = Both(s_llama with { EmbeddingNorm = true }, "model.embeddingNorm is true", "llama has only false"),
        ["shortcuts"] = Both(s_llama with { EmbeddingShortcuts = true }, "model.embeddingShortcuts is true", "llama has only false"),
        ["value embeddings"] = Both(s_llama with { ValueEmbeddings = true }, "model.valueEmbeddings is true", "llama has only false"),
        ["windows by turns"] = (s_llama with { SlidingWindow = 4, FullAttentionInterval = 2 },
            "model.slidingWindow is 4, but Hugging Face's llama has only 0: export the model with --format onnx.",
            "model.slidingWindow is 4, but llama.cpp's llama has only 0: export the model with --format onnx."),
        ["a mistral"] = (s_llama with { SlidingWindow = 4 }, "",
            "model.slidingWindow is 4, but llama.cpp's llama has only 0: export the model with --format hf or onnx."),
        ["normalised queries with biases"] = Both(s_llama with { QkNorm = true, Bias = true }, "model.qkNorm is true", "llama has only false"),
        ["an exact GELU"] = (s_gpt2 with { Gelu = "exact" }, "",
            "model.gelu is exact, but llama.cpp's gpt2 has only tanh: export the model with --format hf or onnx."),
        ["a window as wide as the context"] = (s_gpt2 with { SlidingWindow = 24 }, "", ""),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_setting_that_a_format_does_not_have_is_named(string name)
    {
        (ModelConfig shape, string ofHuggingFace, string ofGguf) = Cases[name];
        using ModelSource source = SavedRuns.Open(SavedRuns.Make(_folder, "run", shape, SavedRuns.Characters));
        string[] files = _folder.Files();
        Check(ofHuggingFace, () => HuggingFaceExport.Write(source, _folder["hf"]));
        Check(ofGguf, () => GgufExport.Write(source, _folder["x.gguf"], GgufType.F32));

        void Check(string sentence, Action export)
        {
            if (sentence.Length == 0)
            {
                export();
                return;
            }
            Assert.Equal(sentence, Assert.Throws<InputException>(export).Message);
            Assert.DoesNotContain(_folder.Files(), file => file.EndsWith(".gguf", StringComparison.Ordinal));
            if (ofHuggingFace.Length > 0) Assert.Equal(files, _folder.Files());
        }
    }

    private static (ModelConfig, string, string) Both(ModelConfig shape, string what, string only) => (shape,
        $"{what}, but Hugging Face's {only}: export the model with --format onnx.",
        $"{what}, but llama.cpp's {only}: export the model with --format onnx.");
}
