using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Export.HuggingFace;

/// <summary>
/// The tensors of a file under their full names: what other programs wrote may lack the prefix (a model without its head), and holds constants that
/// older versions kept among the weights, and a tied head a second time.
/// </summary>
internal sealed class ForeignTensors : ITensorSource
{
    private const string Head = "lm_head.weight";

    private readonly ITensorSource _files;
    private readonly string _tokens;
    private readonly Dictionary<string, string> _foreign = [];

    /// <param name="files">The files, which are closed with this.</param>
    /// <param name="config">The model's shape.</param>
    public ForeignTensors(ITensorSource files, ModelConfig config)
    {
        (_files, _tokens) = (files, ModelWeights.Tokens(config));
        string prefix = _tokens[..(_tokens.IndexOf('.', StringComparison.Ordinal) + 1)];
        foreach (string name in files.Names)
        {
            if (IsConstant(name) || (name == Head && config.TiedHead)) continue;
            string full = name == Head || name.StartsWith(prefix, StringComparison.Ordinal) ? name : prefix + name;
            if (_foreign.TryAdd(full, name)) continue;
            files.Dispose();
            throw new InputException($"The weights in '{files.Path}' hold both '{_foreign[full]}' and '{name}', which are the same tensor's names.");
        }
    }

    /// <inheritdoc/>
    public string Path => _files.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => _foreign.Keys;

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => _foreign.TryGetValue(name, out string? foreign) ? _files.ShapeOf(foreign) : null;

    /// <inheritdoc/>
    public Tensor Read(string name) => _files.Read(_foreign.GetValueOrDefault(name, name));

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();

    /// <summary>Refuses a head that is not the token embedding, where the configuration says that it is.</summary>
    public void RequireTiedHead()
    {
        if (_foreign.ContainsKey(Head) || !_files.Names.Contains(Head)) return;
        using Tensor head = _files.Read(Head), tokens = Read(_tokens);
        if (head.dtype == tokens.dtype && head.Equals(tokens)) return;
        throw new InputException($"The weights in '{Path}' have an output head ({Head}) of their own, but config.json ties it to the embedding: " +
            "say tie_word_embeddings false there if the head is to be kept.");
    }

    /// <summary>GPT-2's <c>h.N.attn.bias</c> and <c>h.N.attn.masked_bias</c>, Llama's <c>self_attn.rotary_emb.inv_freq</c>.</summary>
    private static bool IsConstant(string name) => name.EndsWith(".attn.bias", StringComparison.Ordinal)
        || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal) || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);
}
