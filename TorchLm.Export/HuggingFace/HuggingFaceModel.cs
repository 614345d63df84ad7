using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Export.HuggingFace;

/// <summary>A GPT-2 model in Hugging Face's layout, whoever wrote it.</summary>
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
    /// <exception cref="InputException">Something in it is missing, damaged or not GPT-2.</exception>
    /// <exception cref="TokenizerException">Its tokenizer is damaged or not supported.</exception>
    public static HuggingFaceModel Open(string folder)
    {
        string configPath = Path.Combine(folder, Gpt2ConfigFile.Name);
        if (!File.Exists(configPath)) throw new InputException($"'{folder}' is not a model in Hugging Face's layout: it has no {Gpt2ConfigFile.Name}.");
        ModelConfig config = Gpt2ConfigFile.Read(configPath);
        ITokenizer? tokenizer = OpenTokenizer(folder);
        var weights = new Gpt2Names(new SafeTensorsFolder(folder));
        try
        {
            ModelWeights.Check(weights, config);
            weights.RequireTiedHead();
            return new HuggingFaceModel(config, tokenizer, weights);
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

    /// <summary>
    /// The tensors of a file under their full names: what other programs wrote may lack the prefix (GPT2Model without its head), and holds masks that
    /// older versions kept among the weights, and the head a second time.
    /// </summary>
    private sealed class Gpt2Names : ITensorSource
    {
        private const string Prefix = "transformer.", Head = "lm_head.weight";

        private readonly ITensorSource _files;
        private readonly Dictionary<string, string> _foreign = [];

        public Gpt2Names(ITensorSource files)
        {
            _files = files;
            foreach (string name in files.Names)
            {
                if (name == Head || IsMask(name)) continue;
                string full = name.StartsWith(Prefix, StringComparison.Ordinal) ? name : Prefix + name;
                if (_foreign.TryAdd(full, name)) continue;
                files.Dispose();
                throw new InputException($"The weights in '{files.Path}' hold both '{_foreign[full]}' and '{name}', which are the same tensor's names.");
            }
        }

        public string Path => _files.Path;

        public IReadOnlyCollection<string> Names => _foreign.Keys;

        public IReadOnlyList<long>? ShapeOf(string name) => _foreign.TryGetValue(name, out string? foreign) ? _files.ShapeOf(foreign) : null;

        public Tensor Read(string name) => _files.Read(_foreign.GetValueOrDefault(name, name));

        public void Dispose() => _files.Dispose();

        /// <summary>Refuses a head that is not the token embedding.</summary>
        public void RequireTiedHead()
        {
            if (!_files.Names.Contains(Head)) return;
            using Tensor head = _files.Read(Head), tokens = Read(Core.Checkpoints.Gpt2Names.Tokens);
            if (head.dtype == tokens.dtype && head.Equals(tokens)) return;
            throw new InputException($"The weights in '{Path}' have an output head ({Head}) of their own; only models whose head is the token embedding can be imported.");
        }

        /// <summary><c>h.N.attn.bias</c> and <c>h.N.attn.masked_bias</c>, which are constants.</summary>
        private static bool IsMask(string name) => name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal);
    }
}
