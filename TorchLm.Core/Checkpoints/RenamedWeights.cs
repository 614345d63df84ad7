using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// A model's weights under the names of another family than its own, split, joined and turned round as that has them. What the family has and the
/// model does not is what changes nothing: biases of zero, gains of one, positions that are computed or zero.
/// </summary>
public sealed class RenamedWeights : ITensorSource
{
    private readonly ITensorSource _file;
    private readonly ModelConfig _config;
    private readonly ILookup<string, StoredWeight> _own;
    private readonly Dictionary<string, StoredWeight> _wanted;

    /// <summary>Makes a view of a file, which it closes when it is disposed.</summary>
    /// <param name="file">Weights under the names of the model's own family, in any type.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="target">The same shape in another family; it may have gains and positions that the model does without.</param>
    public RenamedWeights(ITensorSource file, ModelConfig config, ModelConfig target)
    {
        (_file, _config) = (file, config);
        _own = ModelWeights.Weights(config).ToLookup(w => w.Own);
        _wanted = ModelWeights.Weights(target).ToDictionary(w => w.Name);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => _wanted.Keys;

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => _wanted.TryGetValue(name, out StoredWeight weight) ? weight.Shape : null;

    /// <inheritdoc/>
    public Tensor Read(string name)
    {
        if (!_wanted.TryGetValue(name, out StoredWeight wanted)) throw new InputException($"The weights '{Path}' have no '{name}'.");
        StoredWeight[] parts = [.. _own[wanted.Own].Where(w => w.FirstRow < wanted.LastRow && wanted.FirstRow < w.LastRow).OrderBy(w => w.FirstRow)];
        if (parts.Length == 0) return Neutral(wanted);
        if (parts is [var same] && same.FirstRow == wanted.FirstRow && same.LastRow == wanted.LastRow && same.Transposed == wanted.Transposed)
        {
            return _file.Read(same.Name);
        }
        using var scope = NewDisposeScope();
        Tensor[] rows = [.. parts.Select(part => RowsOf(part, wanted))];
        Tensor value = rows.Length == 1 ? rows[0] : cat(rows);                     // [out, in]
        return (wanted.Transposed ? value.t() : value).contiguous().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The rows of a stored part of a parameter that another part of it has too, [out, in].</summary>
    private Tensor RowsOf(StoredWeight part, StoredWeight wanted)
    {
        Tensor value = _file.Read(part.Name);
        long first = Math.Max(part.FirstRow, wanted.FirstRow), last = Math.Min(part.LastRow, wanted.LastRow);
        return (part.Transposed ? value.t() : value).narrow(0, first - part.FirstRow, last - first);
    }

    /// <summary>What a parameter that the model does not have would have to be.</summary>
    private Tensor Neutral(StoredWeight wanted) => wanted.Own switch
    {
        "positions.weight" when _config.Positions == ModelConfig.Sinusoidal => tensor(SinusoidalPositions.Table(_config), wanted.Shape),
        "positions.weight" => zeros(wanted.Shape),
        _ => ModelWeights.IsBias(wanted.Own) ? zeros(wanted.Shape) : ones(wanted.Shape),
    };
}
