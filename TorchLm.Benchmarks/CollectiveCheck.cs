using TorchLm.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Benchmarks;

/// <summary>Compares every operation's result on every rank, for every type of element, with what it must be.</summary>
/// <remarks>
/// Element i of rank r is 1 + r + i % 5, so that sums are whole numbers small enough to be exact in bfloat16 too, differ between neighbours, and
/// differ when one rank's share is lost or counted twice.
/// </remarks>
public sealed class CollectiveCheck
{
    private static readonly ScalarType[] s_sums = [ScalarType.Float32, ScalarType.Float64, ScalarType.Int32, ScalarType.Int64];
    private static readonly int[] s_lengths = [1, 7, 1000, 70_001];

    private readonly ICollective _collective;
    private readonly Device _device;
    private readonly List<string> _failures = [];
    private int _count;

    private CollectiveCheck(ICollective collective, Device device) => (_collective, _device) = (collective, device);

    private int Rank => _collective.Rank;

    private int Ranks => _collective.WorldSize;

    /// <summary>Checks all of them.</summary>
    /// <param name="collective">The engine.</param>
    /// <param name="device">Where its tensors lie.</param>
    /// <returns>How many checks there were on each rank, and what came out wrong on this one.</returns>
    public static (int Count, IReadOnlyList<string> Failures) Run(ICollective collective, Device device)
    {
        ArgumentNullException.ThrowIfNull(collective);
        var check = new CollectiveCheck(collective, device);
        check.RunAll(s_lengths, "");
        if (collective is MpiCollective mpi)
        {
            long most = mpi.MostBytes;
            mpi.MostBytes = 100_000; // as if the last one were too long for one call
            check.RunAll(s_lengths[^1..], " in pieces");
            mpi.MostBytes = most;
        }
        return (check._count, check._failures);
    }

    private void RunAll(int[] lengths, string kind)
    {
        ScalarType[] sums = _device.type == DeviceType.CUDA ? [.. s_sums, ScalarType.BFloat16] : s_sums;
        foreach (int length in lengths)
        {
            foreach (ScalarType type in sums) Sums(type, length, kind);
            foreach (ScalarType type in s_sums.Append(ScalarType.BFloat16)) Copies(type, length, kind);
            for (int root = 0; root < Ranks; root++) Bytes(length, root, kind);
        }
        SeveralAtOnce(kind);
        Barrier(kind);
        NullReference(kind);
    }

    private void Sums(ScalarType type, int length, string kind)
    {
        using var scope = NewDisposeScope();
        double[] sum = [.. Enumerable.Range(0, length * Ranks).Select(i => Enumerable.Range(0, Ranks).Sum(rank => Value(rank, i)))];
        Tensor reduced = Make(type, length * Ranks);
        _collective.AllReduce(reduced);
        Compare(reduced, sum, $"all-reduce{kind}");
        Tensor begun = Make(type, length * Ranks);
        _collective.BeginAllReduce(begun).Wait();
        Compare(begun, sum, $"all-reduce begun{kind}");

        double[] part = sum[(Rank * length)..((Rank + 1) * length)];
        Tensor whole = Make(type, length * Ranks), own = zeros(length, dtype: type, device: _device);
        _collective.ReduceScatter(whole, own);
        Compare(own, part, $"reduce-scatter{kind}");
        Tensor inPlace = Make(type, length * Ranks), place = inPlace.narrow(0, Rank * length, length);
        _collective.ReduceScatter(inPlace, place);
        Compare(place, part, $"reduce-scatter in place{kind}");
        Tensor source = Make(type, length * Ranks), target = zeros(length, dtype: type, device: _device);
        _collective.BeginReduceScatter(source, target).Wait();
        Compare(target, part, $"reduce-scatter begun{kind}");
    }

    private void Copies(ScalarType type, int length, string kind)
    {
        using var scope = NewDisposeScope();
        double[] all = [.. Enumerable.Range(0, Ranks).SelectMany(rank => Enumerable.Range(0, length).Select(i => (double)Value(rank, i)))];
        Tensor own = Make(type, length), whole = zeros(length * Ranks, dtype: type, device: _device);
        _collective.AllGather(own, whole);
        Compare(whole, all, $"all-gather{kind}");
        Tensor inPlace = zeros(length * Ranks, dtype: type, device: _device), place = inPlace.narrow(0, Rank * length, length);
        place.copy_(own);
        _collective.AllGather(place, inPlace);
        Compare(inPlace, all, $"all-gather in place{kind}");
        for (int root = 0; root < Ranks; root++)
        {
            Tensor tensor = Make(type, length);
            _collective.Broadcast(tensor, root);
            Compare(tensor, all[(root * length)..((root + 1) * length)], $"broadcast{kind}");
        }
    }

    private void Bytes(int length, int root, string kind)
    {
        byte[] bytes = [.. Enumerable.Range(0, length).Select(i => (byte)Value(Rank, i))];
        _collective.Broadcast(bytes, root);
        Note(bytes.Select((b, i) => b == (byte)Value(root, i)).All(same => same), $"broadcast of {length} bytes{kind}");
    }

    /// <summary>Operations that were begun keep their order, among themselves and with one that is waited for at once.</summary>
    private void SeveralAtOnce(string kind)
    {
        const int Length = 5000, Several = 8;
        using var scope = NewDisposeScope();
        double[] sum = [.. Enumerable.Range(0, Length).Select(i => Enumerable.Range(0, Ranks).Sum(rank => Value(rank, i)))];
        Tensor[] tensors = [.. Enumerable.Range(0, Several).Select(_ => Make(ScalarType.Float32, Length))];
        IPendingCollective[] pending = [.. tensors.Select(_collective.BeginAllReduce)];
        Tensor between = Make(ScalarType.Int64, Length);
        _collective.AllReduce(between);
        Compare(between, sum, $"all-reduce behind others{kind}");
        for (int i = Several - 1; i >= 0; i--)
        {
            pending[i].Wait();
            pending[i].Wait(); // may be called again
            Compare(tensors[i], sum, $"all-reduce among others{kind}");
        }
    }

    /// <summary>No rank leaves before the last one comes.</summary>
    private void Barrier(string kind)
    {
        const int Pause = 30, Tolerance = 10;
        _collective.Barrier();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Thread.Sleep(Rank * Pause);
        _collective.Barrier();
        Note(clock.ElapsedMilliseconds >= ((Ranks - 1) * Pause) - Tolerance, $"barrier{kind}");
    }

    /// <summary>A null reference is an exception still: engines' libraries like to take over the signal that .NET learns of it by.</summary>
    private void NullReference(string kind)
    {
        bool isCaught = false;
        try
        {
            _ = LengthOf(null);
        }
        catch (NullReferenceException)
        {
            isCaught = true;
        }
        Note(isCaught, $"null reference{kind}");
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static int LengthOf(int[]? nothing) => nothing!.Length;

    private static int Value(int rank, int i) => 1 + rank + (i % 5);

    private Tensor Make(ScalarType type, int length)
    {
        using Tensor numbers = tensor([.. Enumerable.Range(0, length).Select(i => (double)Value(Rank, i))], dtype: ScalarType.Float64);
        return numbers.to(type, _device, copy: true);
    }

    private void Compare(Tensor actual, double[] expected, string what)
    {
        using Tensor numbers = actual.to(ScalarType.Float64, CPU);
        double[] values = numbers.data<double>().ToArray();
        int wrong = Enumerable.Range(0, expected.Length).FirstOrDefault(i => values[i] != expected[i], -1);
        Note(wrong < 0, wrong < 0 ? what
            : $"{what} of {expected.Length} elements of {actual.dtype}: element {wrong} is {values[wrong]}, not {expected[wrong]}");
    }

    private void Note(bool isRight, string what)
    {
        _count++;
        if (!isRight) _failures.Add($"rank {Rank}: {what}");
    }
}
