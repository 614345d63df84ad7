using TorchLm.Core.Configuration;
using TorchLm.Core.Model;

namespace TorchLm.Tests.Model;

/// <summary>
/// The model once more, written to be checked by eye: double precision, plain arrays, one sequence at a time, gradients derived by hand. It shares no
/// code and no library with <see cref="Gpt"/>.
/// </summary>
internal sealed class ReferenceGpt
{
    private readonly ReferenceEmbedding _embedding;
    private readonly ReferenceBlock[] _blocks;
    private readonly IReferenceLayer? _finalNorm;
    private readonly ReferenceHead _head;

    public ReferenceGpt(ModelConfig config, IReadOnlyDictionary<string, double[]> weights)
    {
        Parameters = new ReferenceParameters(weights);
        _embedding = new ReferenceEmbedding(config, Parameters);
        _blocks = [.. Enumerable.Range(0, config.LayerCount).Select(layer => new ReferenceBlock(config, layer, Parameters))];
        _finalNorm = config.NormPlacement == "post" ? null : ReferenceBlock.Norm(config, Parameters, "finalNorm");
        _head = new ReferenceHead(config, Parameters);
    }

    /// <summary>Takes the weights of a model.</summary>
    public static ReferenceGpt Of(Gpt model) =>
        new(model.Config, TinyGpt.Parameters(model).ToDictionary(p => p.Key, p => Array.ConvertAll(p.Value, v => (double)v)));

    public ReferenceParameters Parameters { get; }

    /// <summary>Logits of one sequence: T rows of V.</summary>
    public double[] Logits(long[] ids) => _head.Logits(Normalised(Stream(ids)[^1]));

    /// <summary>The mean cross-entropy over all tokens; gradients, those of <see cref="Objective"/>, are added to the parameters'.</summary>
    public double LossWithGradients(long[][] inputs, long[][] targets, double zLoss = 0)
    {
        double loss = 0, share = 1.0 / inputs.Sum(r => r.Length);
        for (int b = 0; b < inputs.Length; b++) loss += share * SequenceLossWithGradients(inputs[b], targets[b], share, zLoss);
        return loss;
    }

    /// <summary>The mean cross-entropy over all tokens.</summary>
    public double Loss(long[][] inputs, long[][] targets) => Objective(inputs, targets, 0);

    /// <summary>The mean cross-entropy over all tokens and <paramref name="zLoss"/> times the mean of log² Σ exp of the logits.</summary>
    public double Objective(long[][] inputs, long[][] targets, double zLoss) => inputs.Zip(targets, (ids, next) =>
    {
        double[] logits = Logits(ids);
        return _head.CrossEntropies(logits, next).Sum() + zLoss * _head.SquaredLogZ(logits).Sum();
    }).Sum() / inputs.Sum(r => r.Length);

    /// <summary>Logits (T rows of V) read off after the embedding and after each block.</summary>
    public double[][] Lens(long[] ids) => [.. Stream(ids).Select(x => _head.Logits(Normalised(x)))];

    /// <summary>[layer][head][query position][key position up to it] of one sequence.</summary>
    public double[][][][] Attention(long[] ids)
    {
        Stream(ids);
        return [.. _blocks.Select(block => block.Attention.Shares)];
    }

    private double[] Normalised(double[] x) => _finalNorm is null ? x : _finalNorm.Forward(x);

    private double[][] Stream(long[] ids)
    {
        double[] embedded = _embedding.Forward(ids);
        var stream = new List<double[]> { embedded };
        foreach (ReferenceBlock block in _blocks) stream.Add(block.Forward(stream[^1], embedded, ids));
        return [.. stream];
    }

    private double SequenceLossWithGradients(long[] ids, long[] targets, double weight, double zLoss)
    {
        double[] hidden = Normalised(Stream(ids)[^1]), dx = _head.Backward(hidden, targets, weight, zLoss), dEmbedded = new double[hidden.Length];
        if (_finalNorm is not null) dx = _finalNorm.Backward(dx);
        foreach (ReferenceBlock block in _blocks.Reverse()) dx = block.Backward(dx, dEmbedded);
        _embedding.Backward(ids, ReferenceBlock.Sum(dx, dEmbedded));
        return _head.CrossEntropies(_head.Logits(hidden), targets).Sum();
    }
}
