using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Export.Gguf;

/// <summary>A GPT-2 model in a GGUF file, whoever wrote it.</summary>
internal sealed class GgufModel : IForeignModel
{
    private const string EpsilonKey = "gpt2.attention.layer_norm_epsilon";

    private readonly GgufReader _file;

    private GgufModel(GgufReader file)
    {
        _file = file;
        string architecture = file.Find<string>("general.architecture") ?? "";
        if (architecture != "gpt2") throw file.Wrong($"is of the architecture '{architecture}'; only gpt2 can be imported");
        int width = file.Count("gpt2.embedding_length"), heads = file.Count("gpt2.attention.head_count");
        if (width % heads != 0) throw file.Wrong($"says {heads} heads, which do not divide the width {width}");
        if (file.Count("gpt2.feed_forward_length") != 4L * width) throw file.Wrong("has an MLP that is not 4 times as wide as the model");
        double epsilon = file.Number(EpsilonKey) ?? throw file.Wrong($"has no '{EpsilonKey}'");
        if (!(Math.Abs(epsilon - new ModelConfig().NormEpsilon) <= 1e-9)) // so that NaN is refused too
        {
            throw file.Wrong($"has a LayerNorm epsilon of {epsilon}; TorchLm's model has {new ModelConfig().NormEpsilon}");
        }
        var weights = new Gpt2Tensors(file);
        long vocabulary = weights.ShapeOf(Gpt2Names.Tokens) is [var rows, _] ? rows
            : throw file.Wrong("has no token_embd.weight with two dimensions");
        if (vocabulary * width > int.MaxValue) throw file.Wrong("has a vocabulary that is too large");
        Config = new ModelConfig
        {
            LayerCount = file.Count("gpt2.block_count"),
            HeadCount = heads,
            EmbeddingSize = width,
            ContextLength = file.Count("gpt2.context_length"),
            VocabularySize = (int)vocabulary,
            Bias = true,
            Gelu = "tanh",
        };
        try
        {
            Config.Validate();
        }
        catch (InputException e)
        {
            throw new InputException($"The model '{file.Path}' cannot be used: {e.Message}", e);
        }
        ModelWeights.Check(weights, Config);
        weights.RequireTiedHead();
        Weights = weights;
        Tokenizer = GgufTokenizer.Read(file);
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public ITokenizer? Tokenizer { get; }

    /// <inheritdoc/>
    public ITensorSource Weights { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">It is damaged, or holds something else than a GPT-2 model.</exception>
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

    /// <summary>The file's tensors under Hugging Face's names and in its orientation.</summary>
    private sealed class Gpt2Tensors(GgufReader file) : ITensorSource
    {
        private const string Head = "output.weight";

        private readonly Dictionary<string, string> _foreign = Rename(file);

        public string Path => file.Path;

        public IReadOnlyCollection<string> Names => _foreign.Keys;

        public IReadOnlyList<long>? ShapeOf(string name) => !_foreign.TryGetValue(name, out string? foreign) ? null
            : GgufNames.IsTransposed(name) && file.ShapeOf(foreign) is { Count: 2 } shape ? [shape[1], shape[0]] : file.ShapeOf(foreign);

        public Tensor Read(string name)
        {
            Tensor value = file.Read(_foreign.GetValueOrDefault(name, name));
            if (!GgufNames.IsTransposed(name)) return value;
            using (value) return value.t().contiguous();
        }

        /// <summary>Older converters wrote the head beside the embedding that it is.</summary>
        public void RequireTiedHead()
        {
            if (!file.Names.Contains(Head)) return;
            using Tensor head = file.Read(Head), tokens = Read(Gpt2Names.Tokens);
            if (head.Equals(tokens)) return;
            throw file.Wrong($"has an output head ({Head}) of its own; only models whose head is the token embedding can be imported");
        }

        public void Dispose() => file.Dispose();

        private static Dictionary<string, string> Rename(GgufReader file)
        {
            var foreign = new Dictionary<string, string>();
            foreach (string name in file.Names.Where(name => name != Head))
            {
                string ours = GgufNames.ToHuggingFace(name) ?? name;
                if (!foreign.TryAdd(ours, name)) throw file.Wrong($"holds both '{foreign[ours]}' and '{name}', which are the same tensor's names");
            }
            return foreign;
        }
    }
}
