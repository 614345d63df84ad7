using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchLm.Core.Distributed;

/// <summary>
/// A thread on which ranks tell each other that they are alive. Rank 0 hears of all and all hear of rank 0, once a second, on a communicator of its own
/// beside whatever else is exchanged. MPI itself waits for ever for a process that is stopped or a machine that is cut off.
/// </summary>
internal sealed unsafe class MpiWatch : IDisposable
{
    private const int NameLength = 256, SignTag = 1;

    /// <summary>What a sign of life says that no other one follows.</summary>
    private const long Last = -1;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1), s_pause = TimeSpan.FromSeconds(5), s_stagger = TimeSpan.FromSeconds(4);

    private readonly MpiFunctions _mpi;
    private readonly MpiAbi _abi;
    private readonly int _rank;
    private readonly int[] _peers;
    private readonly nint _communicator;
    private readonly Func<long> _arrived;
    private readonly Action<string> _onLost;
    private readonly RankWatch _ranks;
    private readonly ManualResetEventSlim _over = new();
    private readonly Thread _thread;
    private readonly long* _signs; // one to each peer: operations that this rank has come to
    private readonly nint* _requests; // of the signs under way
    private readonly bool[] _isUnderWay, _hasEnded; // by peers' places, by ranks

    /// <summary>Begins to watch. All ranks do so together.</summary>
    /// <param name="mpi">The functions.</param>
    /// <param name="abi">Their constants.</param>
    /// <param name="world">All ranks; the watch has a duplicate of it.</param>
    /// <param name="silence">A rank that is not heard of for so long is lost.</param>
    /// <param name="arrived">Operations that this rank has come to.</param>
    /// <param name="onLost">Told, on the watch's thread and once, that a rank is lost.</param>
    /// <exception cref="CollectiveException">MPI reports an error.</exception>
    public MpiWatch(MpiFunctions mpi, MpiAbi abi, nint world, TimeSpan silence, Func<long> arrived, Action<string> onLost)
    {
        (_mpi, _abi, _arrived, _onLost) = (mpi, abi, arrived, onLost);
        nint own = 0;
        int rank = 0, size = 0;
        Check(mpi.Duplicate(world, &own), "MPI_Comm_dup");
        Check(mpi.Rank(own, &rank), "MPI_Comm_rank");
        Check(mpi.Size(own, &size), "MPI_Comm_size");
        (_communicator, _rank) = (own, rank);
        _peers = rank == 0 ? [.. Enumerable.Range(1, size - 1)] : [0];
        // A rank that is lost to all others is told of by the first few of them; the rest is given a little time to end by that.
        _ranks = new RankWatch(Names(size), silence + (s_stagger * rank / size));
        (_isUnderWay, _hasEnded) = (new bool[_peers.Length], new bool[size]);
        _signs = (long*)NativeMemory.AllocZeroed((nuint)_peers.Length, sizeof(long));
        _requests = (nint*)NativeMemory.AllocZeroed((nuint)_peers.Length, (nuint)sizeof(nint));
        _thread = new Thread(Run) { Name = "torchlm MPI watch", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Who has come to fewer operations than this rank, in words; null where that is not known.</summary>
    public string? Behind() => _ranks.Behind(_arrived());

    /// <summary>Ends the watch. All ranks do so after a barrier, so that none is missed by another, and take what was sent to them.</summary>
    public void Dispose()
    {
        _over.Set();
        _thread.Join();
        _over.Dispose();
        for (int i = 0; i < _peers.Length; i++)
        {
            while (!TrySend(i, Last)) Receive(_peers[i]); // the one before must have arrived
        }
        foreach (int peer in _peers)
        {
            while (Take(peer) != Last) Thread.Yield();
        }
        for (int i = 0; i < _peers.Length; i++)
        {
            while (!HasArrived(i)) Thread.Yield();
        }
        NativeMemory.Free(_signs);
        NativeMemory.Free(_requests);
        nint own = _communicator;
        Check(_mpi.Free(&own), "MPI_Comm_free");
    }

    private string[] Names(int size)
    {
        byte[] own = new byte[NameLength], all = new byte[NameLength * size];
        byte[] name = Encoding.UTF8.GetBytes(Environment.MachineName);
        name.AsSpan(0, Math.Min(name.Length, NameLength)).CopyTo(own);
        fixed (byte* from = own, to = all) Check(_mpi.AllGather(from, NameLength, _abi.Byte, to, NameLength, _abi.Byte, _communicator), "exchange of names");
        return [.. Enumerable.Range(0, size).Select(rank => $"rank {rank} on {Encoding.UTF8.GetString(all, rank * NameLength, NameLength).TrimEnd('\0')}")];
    }

    private void Run()
    {
        try
        {
            long last = 0;
            do
            {
                // Where this process itself was stopped, all may have been, and begin anew.
                if (last == 0 || Stopwatch.GetElapsedTime(last) > s_pause) foreach (int peer in _peers) _ranks.Expect(peer);
                last = Stopwatch.GetTimestamp();
                for (int i = 0; i < _peers.Length; i++)
                {
                    TrySend(i, _arrived());
                    Receive(_peers[i]);
                }
                if (_over.IsSet || _ranks.Lost() is not { } lost) continue;
                _onLost(lost);
                return;
            }
            while (!_over.Wait(s_interval));
        }
        catch (CollectiveException e)
        {
            _onLost($"rank {_rank}: {e.Message}");
        }
    }

    /// <summary>Sends a sign of life, unless the one before is still under way: to a rank that is stopped they would pile up.</summary>
    /// <returns>Whether it was sent.</returns>
    private bool TrySend(int index, long sign)
    {
        if (!HasArrived(index)) return false;
        _signs[index] = sign;
        Check(_mpi.SendNow(_signs + index, sizeof(long), _abi.Byte, _peers[index], SignTag, _communicator, _requests + index), "sign of life");
        return _isUnderWay[index] = true;
    }

    private bool HasArrived(int index)
    {
        if (!_isUnderWay[index]) return true;
        int done = 0;
        Check(_mpi.Test(_requests + index, &done, (void*)_abi.StatusIgnore), "sign of life");
        _isUnderWay[index] = done == 0;
        return done != 0;
    }

    private void Receive(int peer)
    {
        // The last one is left for the end, where it is waited for.
        while (!_hasEnded[peer] && Take(peer) is { } sign)
        {
            if (sign == Last) _hasEnded[peer] = true;
            else _ranks.Hear(peer, sign);
        }
    }

    /// <summary>A sign of life that a peer has sent; null where there is none. The last one is given again and again.</summary>
    private long? Take(int peer)
    {
        if (_hasEnded[peer]) return Last;
        int there = 0;
        Check(_mpi.Probe(peer, SignTag, _communicator, &there, (void*)_abi.StatusIgnore), "sign of life");
        if (there == 0) return null;
        long sign;
        Check(_mpi.Receive(&sign, sizeof(long), _abi.Byte, peer, SignTag, _communicator, (void*)_abi.StatusIgnore), "sign of life");
        return sign;
    }

    private void Check(int error, string operation)
    {
        if (error != 0) throw new CollectiveException(operation, _rank, _mpi.Text(error));
    }
}
