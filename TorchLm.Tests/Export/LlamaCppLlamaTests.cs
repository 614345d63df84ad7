using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Export;
using TorchLm.Export.Gguf;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>llama.cpp computes what a Llama of TorchLm's does: rotation, order of rows, groups of heads.</summary>
public sealed class LlamaCppLlamaTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(LlamaShapes.Names), MemberType = typeof(LlamaShapes))]
    public void It_computes_the_same_logits(string name) => AssertSameLogits(LlamaShapes.Get(name));

    [Fact]
    public void It_computes_the_same_logits_of_a_qwen3() =>
        AssertSameLogits(LlamaShapes.Untied with { QkNorm = true, QkNormScale = 1.3, NormEpsilon = 1e-3 });

    [Fact]
    public void It_reads_blocks_of_8_bits() => AssertSameLogits(LlamaShapes.Scaled, GgufType.Q8, share: 0.2);

    /// <summary>Along 100 tokens, so that far distances count too.</summary>
    private void AssertSameLogits(ModelConfig shape, GgufType type = GgufType.F32, double share = 2e-5)
    {
        RunFolder run = SavedRuns.Make(_folder, "run", shape, SavedRuns.Bpe);
        using (ModelSource source = SavedRuns.Open(run)) GgufExport.Write(source, _folder["x.gguf"], type);
        using var llama = new LlamaCpp(_folder["x.gguf"], isExact: true);
        using Gpt model = SavedModel.Find(run.Path).Load(CPU);
        using var scope = NewDisposeScope();
        long[] ids = TinyGpt.RandomRows(1, 100, SavedRuns.Bpe.VocabularySize, seed: 5)[0];
        float[] expected = TinyGpt.Values(model.forward(TinyGpt.Ids(ids)));
        float[] actual = [.. llama.Logits([.. ids.Select(id => (int)id)]).SelectMany(logits => logits)];
        Deviation.AssertWithin(share * (expected.Max() - expected.Min()), expected, actual);
    }
}
