using System.Buffers;
using System.Runtime.Intrinsics;
using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>
/// Text to the ids of byte-pair encoding: the words of a pre-tokenization, each merged on its own, with a cache of the words that
/// were met lately. Immutable but for caches, and safe to use from several threads: each takes a set of caches from a pool while
/// it encodes.
/// </summary>
internal sealed class BpeEncoder
{
    private const int Room = 1024;
    private const int LargestKept = 1 << 20;

    private readonly PreTokenization _preTokenization;
    private readonly PairTable _pairs;
    private readonly int[] _idOfByte = new int[256];
    private readonly Caches?[] _pool = new Caches?[2 * Environment.ProcessorCount];

    /// <param name="tokens">Holds the 256 bytes.</param>
    /// <param name="pairs">Which tokens become which.</param>
    /// <param name="preTokenization">How texts are split.</param>
    public BpeEncoder(TokenTable tokens, PairTable pairs, PreTokenization preTokenization)
    {
        _preTokenization = preTokenization;
        _pairs = pairs;
        for (int id = 0; id < tokens.Size; id++)
            if (!tokens.IsGap(id) && !tokens.IsSpecial(id) && tokens.GetBytes(id) is [var value]) _idOfByte[value] = id;
    }

    /// <summary>The ids of a text without lone surrogates.</summary>
    public int[] Encode(ReadOnlySpan<char> text)
    {
        Caches caches = Rent();
        Encode(text, caches.Output, caches);
        int[] ids = caches.Output.WrittenSpan.ToArray();
        caches.Output.ResetWrittenCount();
        if (caches.Output.Capacity > LargestKept) caches.Output = new ArrayBufferWriter<int>(Room);
        Return(caches);
        return ids;
    }

    /// <summary>Writes the ids of a text without lone surrogates.</summary>
    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination)
    {
        Caches caches = Rent();
        Encode(text, destination, caches);
        Return(caches);
    }

    private void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination, Caches caches)
    {
        Span<int> room = destination.GetSpan(Room);
        int used = 0;
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = _preTokenization.NextWordEnd(text, start);
            if (room.Length - used < Vector256<int>.Count)
            {
                destination.Advance(used);
                room = destination.GetSpan(Room);
                used = 0;
            }
            int length = end - start;
            if (length > WordCache.LongestWord)
            {
                Append(caches.Merge(text.Slice(start, length), _idOfByte), destination, ref room, ref used);
                continue;
            }
            Vector256<ushort> key = WordCache.KeyOf(text, start, length);
            int count = caches.Words.Find(key, length, out Vector256<int> ids);
            if (count > 0)
            {
                ids.CopyTo(room[used..]); // all lanes: what is behind the ids will be written over
                used += count;
                continue;
            }
            ReadOnlySpan<int> merged = caches.Merge(text.Slice(start, length), _idOfByte);
            caches.Words.Add(key, length, merged);
            Append(merged, destination, ref room, ref used);
        }
        destination.Advance(used);
    }

    private static void Append(ReadOnlySpan<int> ids, IBufferWriter<int> destination, ref Span<int> room, ref int used)
    {
        while (true)
        {
            int count = Math.Min(ids.Length, room.Length - used);
            ids[..count].CopyTo(room[used..]);
            used += count;
            ids = ids[count..];
            if (ids.IsEmpty) return;
            destination.Advance(used);
            room = destination.GetSpan(Room);
            used = 0;
        }
    }

    private Caches Rent()
    {
        foreach (ref Caches? place in _pool.AsSpan())
            if (Interlocked.Exchange(ref place, null) is { } caches) return caches;
        return new Caches(_pairs);
    }

    // A set of caches that finds no place is left to the garbage collector.
    private void Return(Caches caches)
    {
        foreach (ref Caches? place in _pool.AsSpan())
            if (Interlocked.CompareExchange(ref place, caches, null) is null) return;
    }

    private sealed class Caches(PairTable pairs)
    {
        private readonly WordMerger _merger = new(pairs);
        private byte[] _bytes = new byte[256];
        private int[] _tokens = new int[256];

        public WordCache Words { get; } = new();

        public ArrayBufferWriter<int> Output { get; set; } = new(Room);

        /// <summary>The ids of a word, valid until the next call.</summary>
        public ReadOnlySpan<int> Merge(ReadOnlySpan<char> word, int[] idOfByte)
        {
            if (_bytes.Length > LargestKept) (_bytes, _tokens) = (new byte[256], new int[256]);
            int most = checked(3 * word.Length);
            if (_bytes.Length < most) (_bytes, _tokens) = (new byte[most], new int[most]);
            int length = Encoding.UTF8.GetBytes(word, _bytes);
            Span<int> tokens = _tokens.AsSpan(0, length);
            for (int i = 0; i < tokens.Length; i++) tokens[i] = idOfByte[_bytes[i]];
            return tokens[.._merger.Merge(tokens)];
        }
    }
}
