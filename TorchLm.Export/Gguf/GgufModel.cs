using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export.Architectures;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Export.Gguf;

/// <summary>A GPT-2, Llama or Qwen3 model in a GGUF file, whoever wrote it.</summary>
internal sealed class GgufModel : IForeignModel
{
    private readonly GgufReader _file;

    private GgufModel(GgufReader file)
    {
        _file = file;
        ModelConfig shape = GgufShape.Read(file);
        var weights = new RenamedTensors(file, shape);
        long vocabulary = weights.ShapeOf(ModelWeights.Tokens(shape)) is [var rows, _] ? rows
            : throw file.Wrong("has no token_embd.weight with two dimensions");
        if (vocabulary * shape.EmbeddingSize > int.MaxValue) throw file.Wrong("has a vocabulary that is too large");
        shape = shape with { VocabularySize = (int)vocabulary, TiedHead = weights.DropTiedHead() };
        Weights = weights;
        if (shape.QkNorm)
        {
            var withoutGains = new QkNormGains(weights, shape);
            (Weights, shape) = (withoutGains, shape with { QkNormScale = withoutGains.Scale() });
        }
        Config = Checked(shape, file.Path).Plain();
        ModelWeights.Check(Weights, Config);
        Tokenizer = GgufTokenizer.Read(file);
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public ITokenizer? Tokenizer { get; }

    /// <inheritdoc/>
    public ITensorSource Weights { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">It is damaged, or holds another kind of model.</exception>
    /// <exception cref="TokenizerException">Its tokenizer is damaged or not supported.</exception>
    public static GgufModel Open(string path) => Open(GgufReader.Open(path));

    /// <summary>Makes a model of an opened file, which is closed with it.</summary>
    public static GgufModel Open(GgufReader file)
    {
        try
        {
            return new GgufModel(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static ModelConfig Checked(ModelConfig config, string path)
    {
        try
        {
            config.Validate();
            return config;
        }
        catch (InputException e)
        {
            throw new InputException($"The model '{path}' cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The file's tensors under Hugging Face's names, in its orientation and order of rows.</summary>
    private sealed class RenamedTensors(GgufReader file, ModelConfig shape) : ITensorSource
    {
        private const string Head = "output.weight";

        private readonly Dictionary<string, string> _foreign = Rename(file, GgufNames.Of(shape.Family));

        public string Path => file.Path;

        public IReadOnlyCollection<string> Names => _foreign.Keys;

        public IReadOnlyList<long>? ShapeOf(string name) => !_foreign.TryGetValue(name, out string? foreign) ? null
            : GgufNames.IsTransposed(name) && file.ShapeOf(foreign) is { Count: 2 } shape ? [shape[1], shape[0]] : file.ShapeOf(foreign);

        public Tensor Read(string name)
        {
            Tensor value = file.Read(_foreign.GetValueOrDefault(name, name));
            int heads = shape.QkNorm ? 0 : RotaryRows.Heads(name, shape); // llama.cpp's qwen3 turns halves as Hugging Face does
            if (!GgufNames.IsTransposed(name) && heads == 0) return value;
            using (value) return heads > 0 ? RotaryRows.ToHalves(value, heads) : value.t().contiguous();
        }

        /// <summary>Whether there is no head of the model's own. Older converters wrote the head beside the embedding that it is.</summary>
        public bool DropTiedHead()
        {
            if (!file.Names.Contains(Head)) return true;
            using Tensor head = file.Read(Head), tokens = Read(ModelWeights.Tokens(shape));
            if (!head.Equals(tokens)) return false;
            _foreign.Remove(Gpt2Names.Head); // which Llama's is called, too
            return true;
        }

        public void Dispose() => file.Dispose();

        private static Dictionary<string, string> Rename(GgufReader file, GgufNames names)
        {
            var foreign = new Dictionary<string, string>();
            foreach (string name in file.Names)
            {
                string ours = names.ToHuggingFace(name) ?? name;
                if (!foreign.TryAdd(ours, name)) throw file.Wrong($"holds both '{foreign[ours]}' and '{name}', which are the same tensor's names");
            }
            return foreign;
        }
    }
}
