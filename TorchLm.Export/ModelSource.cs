using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Export;

/// <summary>What an export reads of a trained model: its shape, its tokenizer, and its weights one tensor at a time, so that the model need not fit into memory.</summary>
public sealed class ModelSource : IDisposable
{
    private readonly SafeTensorsReader _weights;

    private ModelSource(SavedModel saved, SafeTensorsReader weights, ITokenizer tokenizer) => (Saved, _weights, Tokenizer) = (saved, weights, tokenizer);

    /// <summary>The checkpoint and its run.</summary>
    public SavedModel Saved { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => Saved.Config.Model;

    /// <summary>Text to ids, as many as the model has.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>What the model is called: as its run's folder.</summary>
    public string Name => Path.GetFileName(Saved.Run.Path);

    /// <summary>Opens a model.</summary>
    /// <exception cref="InputException">Its checkpoint is damaged or does not fit its configuration, or it has no tokenizer.</exception>
    /// <exception cref="TokenizerException">Its tokenizer is damaged.</exception>
    public static ModelSource Open(SavedModel saved)
    {
        if (!File.Exists(saved.Run.TokenizerPath))
        {
            throw new InputException($"The run in '{saved.Run.Path}' has no tokenizer, because its shards came without one: put the tokenizer.json that they were " +
                "made with into that folder.");
        }
        ITokenizer tokenizer = TokenizerFile.Load(saved.Run.TokenizerPath);
        if (tokenizer.VocabularySize != saved.Config.Model.VocabularySize)
        {
            throw new InputException($"The tokenizer '{saved.Run.TokenizerPath}' has {tokenizer.VocabularySize} ids, but the model has " +
                $"{saved.Config.Model.VocabularySize}: put the tokenizer there that the model was trained with.");
        }
        SafeTensorsReader weights = Checkpoint.OpenWeights(saved.CheckpointPath);
        try
        {
            ModelWeights.Check(weights, saved.Config.Model);
            return new ModelSource(saved, weights, tokenizer);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Reads a tensor by its Hugging Face name (see <see cref="ModelWeights"/>) as float32 on the CPU. The caller owns it.</summary>
    public Tensor Read(string name) => AsFloat32(_weights.Read(name));

    /// <summary>The weights as a model of another family would have them; they are closed with this.</summary>
    /// <param name="shape">The shape in that family (see <see cref="RenamedWeights"/>).</param>
    internal ITensorSource As(ModelConfig shape) => new RenamedWeights(_weights, Config, shape);

    /// <summary>A tensor in float32, in place of the given one.</summary>
    internal static Tensor AsFloat32(Tensor value)
    {
        if (value.dtype == ScalarType.Float32) return value;
        using (value) return value.to(ScalarType.Float32);
    }

    /// <inheritdoc/>
    public void Dispose() => _weights.Dispose();
}
