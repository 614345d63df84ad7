using TorchLm.Core.Model;
using TorchLm.Core.Native;
using TorchLm.Core.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>Measures <see cref="LayerNorms"/> in a step. All is computed on the device, and what training computes stays as it is.</summary>
internal sealed class LayerProbe : IDisposable
{
    private readonly Gpt _model;
    private readonly LossScaler? _scaler;
    private readonly Parameter[][] _groups; // embeddings, each block, and the head where it has parameters of its own
    private readonly Tensor _squares; // (L), the sum over parts of the batch of their mean squares
    private Tensor? _norms; // of the groups' gradients
    private int _parts; // of the batch so far

    /// <summary>Makes a probe of a model, which the caller keeps.</summary>
    /// <param name="model">The model.</param>
    /// <param name="scaler">What the loss is multiplied by, where it is.</param>
    public LayerProbe(Gpt model, LossScaler? scaler)
    {
        (_model, _scaler) = (model, scaler);
        ILookup<int, Parameter> byGroup = model.named_parameters().ToLookup(p => GroupOf(p.name), p => p.parameter);
        _groups = [.. byGroup.OrderBy(group => group.Key).Select(group => group.ToArray())];
        using var scope = NewDisposeScope();
        _squares = zeros(model.Config.LayerCount, ScalarType.Float32, model.Device).DetachFromDisposeScope();
    }

    /// <summary>Looks at what is computed from here on.</summary>
    public void Begin()
    {
        Restart();
        _model.OnBlock = Take;
    }

    /// <summary>Forgets what was computed of the step, which begins anew.</summary>
    public void Restart()
    {
        _squares.zero_().Dispose();
        _parts = 0;
    }

    /// <summary>Looks no more, and takes the norms of the gradients, which are complete.</summary>
    public void TakeGradients()
    {
        Stop();
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor norms = stack(_groups.Select(group => GradientNorm.Of(group.Select(parameter => parameter.grad).OfType<Tensor>())));
        if (_scaler is not null) norms = norms.div(_scaler.Scale);
        _norms?.Dispose();
        _norms = norms.DetachFromDisposeScope();
    }

    /// <summary>Looks no more.</summary>
    public void Stop() => _model.OnBlock = null;

    /// <summary>What was measured last; waits for the device.</summary>
    public LayerNorms Read()
    {
        using var scope = NewDisposeScope();
        int layers = _model.Config.LayerCount;
        float[] outputs = [.. Values(_squares).Select(sum => MathF.Sqrt(sum / Math.Max(1, _parts)))], gradients = Values(_norms!);
        return new LayerNorms(outputs, gradients[1..(layers + 1)], gradients[0], gradients.Length > layers + 1 ? gradients[^1] : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _squares.Dispose();
        _norms?.Dispose();
    }

    private void Take(int layer, Tensor output)
    {
        if (layer == 0) _parts++;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _squares.narrow(0, layer, 1).Accumulate(output.detach().to(ScalarType.Float32).Squared().mean());
    }

    /// <summary>0 for embeddings, i + 1 for the i-th block, and a number above for the head.</summary>
    private int GroupOf(string name)
    {
        string[] path = name.Split('.');
        if (path[0] == "blocks") return int.Parse(path[1], System.Globalization.CultureInfo.InvariantCulture) + 1;
        return path[0] is "head" or "finalNorm" ? _model.Config.LayerCount + 1 : 0;
    }

    private static float[] Values(Tensor numbers) => numbers.cpu().data<float>().ToArray();
}
