using System.Diagnostics;

namespace TorchLm.Core.Distributed;

/// <summary>What is known of the ranks that are watched: when each was heard of last, and how far it has come.</summary>
/// <remarks>One thread writes; <see cref="Behind"/> may be asked on any, and knows what was heard by then.</remarks>
/// <param name="names">The ranks in words, by their numbers.</param>
/// <param name="silence">A rank that is not heard of for so long is lost.</param>
/// <param name="now">A clock's timestamp; null is <see cref="Stopwatch"/>'s.</param>
internal sealed class RankWatch(IReadOnlyList<string> names, TimeSpan silence, Func<long>? now = null)
{
    private readonly Func<long> _now = now ?? Stopwatch.GetTimestamp;
    private readonly long[] _heard = new long[names.Count], _arrived = new long[names.Count];
    private readonly bool[] _isWatched = new bool[names.Count];

    /// <summary>Begins to expect signs of life of a rank.</summary>
    public void Expect(int rank) => (_isWatched[rank], _heard[rank]) = (true, _now());

    /// <summary>A rank gave a sign of life.</summary>
    /// <param name="rank">Its number.</param>
    /// <param name="arrived">Operations that it has come to.</param>
    public void Hear(int rank, long arrived)
    {
        _heard[rank] = _now();
        _arrived[rank] = arrived;
    }

    /// <summary>A sentence about the rank that has been silent for too long; null where there is none.</summary>
    public string? Lost()
    {
        for (int rank = 0; rank < names.Count; rank++)
        {
            if (_isWatched[rank] && Stopwatch.GetElapsedTime(_heard[rank], _now()) > silence)
            {
                return $"{names[rank]} has not been heard of for {silence.TotalSeconds:0} s: it has ended, hangs or cannot be reached.";
            }
        }
        return null;
    }

    /// <summary>In words, the watched rank that has come to fewer operations than this one, and to the fewest of all; null where none has.</summary>
    /// <param name="own">Operations that this rank has come to.</param>
    public string? Behind(long own)
    {
        int? least = Enumerable.Range(0, names.Count).Where(rank => _isWatched[rank] && _arrived[rank] < own).Cast<int?>().MinBy(rank => _arrived[rank!.Value]);
        return least is { } slowest ? names[slowest] : null;
    }
}
