using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>
/// Matrices of one shape and rate that Muon orthogonalises together: whole parameters, and the parts that joint ones are made of. Queries, keys and
/// values are three matrices in <c>attention.qkv.weight</c>, the gate and the way up two in a gated <c>mlp.expand.weight</c>.
/// </summary>
internal sealed class MuonParts : IDisposable
{
    private readonly IReadOnlyList<Part> _parts;

    /// <summary>
    /// Numbers in matrices that are orthogonalised together: enough to keep a device busy, and memory for a few times as many does not matter.
    /// </summary>
    private const long MostTogether = 1 << 24;

    private MuonParts(IReadOnlyList<Part> parts, ParameterGroup group, IReadOnlyList<Tensor> momentum, double rateFactor)
    {
        (_parts, RateFactor) = (parts, rateFactor);
        Tensor first = group.Parameters[parts[0].Parameter];
        (long rows, long columns) = (parts[0].Rows, first.shape[1]);
        Scale = Math.Sqrt(Math.Max(1, (double)rows / columns));
        using var noGradient = no_grad();
        Updates = zeros([parts.Count, rows, columns], first.dtype, first.device).DetachFromDisposeScope();
        Slots = [.. Enumerable.Range(0, parts.Count).Select(i => Updates.select(0, i).DetachFromDisposeScope())];
        Parameters = [.. parts.Select(p => p.In(group.Parameters).DetachFromDisposeScope())];
        Momentum = [.. parts.Select(p => p.In(momentum).DetachFromDisposeScope())];
    }

    /// <summary>What the learning rate is multiplied by.</summary>
    public double RateFactor { get; }

    /// <summary>√max(1, rows / columns): what makes an orthogonal update as large as its rows call for.</summary>
    public double Scale { get; }

    /// <summary>(N, rows, columns): room for the update of each of the N matrices.</summary>
    public Tensor Updates { get; }

    /// <summary>The N matrices in <see cref="Updates"/>.</summary>
    public IReadOnlyList<Tensor> Slots { get; }

    /// <summary>The matrices themselves, as views of the parameters.</summary>
    public IReadOnlyList<Tensor> Parameters { get; }

    /// <summary>Their momentum.</summary>
    public IReadOnlyList<Tensor> Momentum { get; }

    /// <summary>Sorts the matrices of a group, which a model's names tell apart.</summary>
    /// <param name="group">Parameters of the role <see cref="ParameterRole.Matrix"/>.</param>
    /// <param name="momentum">Their momentum, in the same order.</param>
    public static IReadOnlyList<MuonParts> Of(ParameterGroup group, IReadOnlyList<Tensor> momentum)
    {
        Dictionary<string, Tensor> byName = group.Named.ToDictionary(p => p.Name, p => (Tensor)p.Value);
        return
        [
            .. group.Named.SelectMany((p, i) => Split(p, byName).Select(rows => (Part: new Part(i, rows.First, rows.Count), p.RateFactor)))
                .GroupBy(p => (p.Part.Rows, Columns: group.Parameters[p.Part.Parameter].shape[1], p.RateFactor))
                .SelectMany(kind => kind.Select(p => p.Part).Chunk((int)Math.Max(1, MostTogether / (kind.Key.Rows * kind.Key.Columns)))
                    .Select(parts => new MuonParts(parts, group, momentum, kind.Key.RateFactor))),
        ];
    }

    /// <summary>The matrices' gradients; the caller's dispose scope owns the views.</summary>
    /// <param name="gradients">Those of the group's parameters.</param>
    public Tensor[] Gradients(IReadOnlyList<Tensor> gradients) => [.. _parts.Select(p => p.In(gradients))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in Slots.Concat(Parameters).Concat(Momentum).Append(Updates)) tensor.Dispose();
    }

    /// <summary>Rows of a parameter that are a matrix of their own.</summary>
    private static IEnumerable<(long First, long Count)> Split(NamedParameter parameter, Dictionary<string, Tensor> byName)
    {
        long rows = parameter.Value.shape[0];
        long[] counts = [rows];
        if (Sibling("attention.qkv.weight", "attention.output.weight") is { } output)
        {
            long queries = output.shape[1], keys = (rows - queries) / 2; // as many query channels as the output projection reads
            counts = [queries, keys, keys];
        }
        else if (Sibling("mlp.expand.weight", "mlp.project.weight") is { } project && rows == 2 * project.shape[1])
        {
            counts = [rows / 2, rows / 2];
        }
        long first = 0;
        foreach (long count in counts)
        {
            yield return (first, count);
            first += count;
        }

        Tensor? Sibling(string own, string other) => parameter.Name.EndsWith(own, StringComparison.Ordinal)
            ? byName.GetValueOrDefault(string.Concat(parameter.Name.AsSpan(0, parameter.Name.Length - own.Length), other)) : null;
    }

    private readonly record struct Part(int Parameter, long FirstRow, long Rows)
    {
        public Tensor In(IReadOnlyList<Tensor> values) => values[Parameter].narrow(0, FirstRow, Rows);
    }
}
