using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;
using TorchLm.Tokenizers;

namespace TorchLm.Export.HuggingFace;

/// <summary>A GPT-2, Llama, Mistral or Qwen3 model in Hugging Face's layout, whoever wrote it.</summary>
internal sealed class HuggingFaceModel : IForeignModel
{
    private HuggingFaceModel(ModelConfig config, ITokenizer? tokenizer, ITensorSource weights) => (Config, Tokenizer, Weights) = (config, tokenizer, weights);

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public ITokenizer? Tokenizer { get; }

    /// <inheritdoc/>
    public ITensorSource Weights { get; }

    /// <summary>Opens a folder.</summary>
    /// <exception cref="InputException">Something in it is missing, damaged or not supported.</exception>
    /// <exception cref="TokenizerException">Its tokenizer is damaged or not supported.</exception>
    public static HuggingFaceModel Open(string folder)
    {
        string configPath = Path.Combine(folder, ModelConfigFile.Name);
        if (!File.Exists(configPath)) throw new InputException($"'{folder}' is not a model in Hugging Face's layout: it has no {ModelConfigFile.Name}.");
        ModelConfig config = ModelConfigFile.Read(configPath);
        ITokenizer? tokenizer = OpenTokenizer(folder);
        var weights = new ForeignTensors(new SafeTensorsFolder(folder), config);
        try
        {
            ITensorSource own = weights;
            if (config.QkNorm)
            {
                var withoutGains = new QkNormGains(weights, config);
                (own, config) = (withoutGains, config with { QkNormScale = withoutGains.Scale() });
            }
            ModelWeights.Check(own, config);
            weights.RequireTiedHead();
            return new HuggingFaceModel(config, tokenizer, own);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();

    private static ITokenizer? OpenTokenizer(string folder)
    {
        if (File.Exists(Path.Combine(folder, TokenizerFile.Name))) return TokenizerFile.Load(folder);
        string vocabulary = Path.Combine(folder, HuggingFaceFiles.Vocabulary), merges = Path.Combine(folder, HuggingFaceFiles.Merges);
        return File.Exists(vocabulary) && File.Exists(merges) ? VocabularyAndMerges.Load(vocabulary, merges) : null;
    }
}
