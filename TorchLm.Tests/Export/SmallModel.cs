using System.Text;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Export;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

/// <summary>A small model with widely drawn weights, in memory and as a run's folder, from which it can be exported.</summary>
internal sealed class SmallModel : IDisposable
{
    public static readonly ModelConfig Config =
        new() { LayerCount = 2, HeadCount = 4, EmbeddingSize = 32, ContextLength = 24, VocabularySize = 29, VocabularyMultiple = 8, Bias = true };

    private readonly TemporaryFolder _folder = new();

    /// <param name="config">The shape; its vocabulary must not exceed 94, because ids are printable ASCII characters.</param>
    /// <param name="change">Changes the model before it is saved.</param>
    public SmallModel(ModelConfig? config = null, Action<Gpt>? change = null)
    {
        config ??= Config;
        Model = TinyGpt.WithWideWeights(config);
        using (NewDisposeScope())
        using (no_grad())
        {
            change?.Invoke(Model);
        }
        Model.eval();
        Source = SavedRuns.Open(SavedRuns.Save(_folder["run"], Model, CharTokenizer.FromCharacters(Enumerable.Range('!', config.VocabularySize).Select(c => new Rune(c)))));
    }

    public Gpt Model { get; }

    public ModelSource Source { get; }

    /// <summary>A folder for what is exported, which goes with the model.</summary>
    public string Target => _folder.In("export");

    /// <summary>The model's own logits of rows of equal length, in row-major order (B, T, V).</summary>
    public float[] Logits(params long[][] rows)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return TinyGpt.Values(Model.forward(TinyGpt.Ids(rows)));
    }

    /// <summary>A parameter of a model by its name.</summary>
    public static Tensor Parameter(Gpt model, string name) => model.named_parameters().Single(p => p.name == name).parameter;

    /// <summary>Random rows of ids.</summary>
    public long[][] Rows(int count, int length, int seed = 1) => TinyGpt.RandomRows(count, length, Model.Config.VocabularySize, seed);

    public void Dispose()
    {
        Source.Dispose();
        Model.Dispose();
        _folder.Dispose();
    }
}
