using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Export.Architectures;

/// <summary>A model's weights under Hugging Face's names for an architecture, all of those that it has.</summary>
internal sealed class ExpressedWeights
{
    private static readonly string[] s_qkNorms = ["q_norm", "k_norm"];

    private readonly ITensorSource _weights;
    private readonly double _qkGain;
    private readonly List<(string Name, long[] Shape)> _tensors;

    public ExpressedWeights(ModelSource model, Architecture architecture)
    {
        ModelConfig shape = architecture.Shape(model.Config);
        _weights = model.As(shape);
        _qkGain = shape.QkNormScale;
        _tensors = [.. ModelWeights.Describe(shape)];
        if (!architecture.HasQkNorm) return;
        _tensors.AddRange(Enumerable.Range(0, shape.LayerCount).SelectMany(layer => s_qkNorms
            .Select(norm => ($"model.layers.{layer}.self_attn.{norm}.weight", new[] { (long)shape.HeadSize }))));
    }

    /// <summary>Names and shapes, in the order in which they are written.</summary>
    public IReadOnlyList<(string Name, long[] Shape)> Tensors => _tensors;

    /// <summary>Reads a tensor as float32 on the CPU. The caller owns it.</summary>
    public Tensor Read(string name)
    {
        if (_weights.ShapeOf(name) is null) return full(_tensors.Single(t => t.Name == name).Shape, _qkGain, ScalarType.Float32);
        return ModelSource.AsFloat32(_weights.Read(name));
    }
}
