using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>
/// What each id of a vocabulary stands for: UTF-8 bytes, or the name of a special token, or nothing (a gap in the ids).
/// Immutable.
/// </summary>
public sealed class TokenTable
{
    /// <summary>The name of the special token that stands between documents.</summary>
    public const string EndOfTextName = "<|endoftext|>";

    // All tokens' bytes one after the other: token i is [_starts[i], _starts[i + 1]), and an empty one is a gap.
    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly Dictionary<string, int> _specialIds;
    private readonly HashSet<int> _specials;

    /// <param name="ordinary">The bytes of each id; null for the ids of special tokens and for gaps.</param>
    /// <param name="specialTokens">Names and ids of the special tokens; every id within <paramref name="ordinary"/>.</param>
    internal TokenTable(IReadOnlyList<byte[]?> ordinary, IEnumerable<KeyValuePair<string, int>> specialTokens)
    {
        _specialIds = new Dictionary<string, int>(specialTokens.OrderBy(pair => pair.Value), StringComparer.Ordinal);
        _specials = [.. _specialIds.Values];
        var names = _specialIds.ToDictionary(pair => pair.Value, pair => Encoding.UTF8.GetBytes(pair.Key));
        _starts = new int[ordinary.Count + 1];
        using var bytes = new MemoryStream();
        for (int id = 0; id < ordinary.Count; id++)
        {
            bytes.Write(names.TryGetValue(id, out byte[]? name) ? name : ordinary[id]);
            _starts[id + 1] = (int)bytes.Length;
        }
        _bytes = bytes.ToArray();
        EndOfTextId = _specialIds.TryGetValue(EndOfTextName, out int end) ? end : null;
    }

    /// <summary>One more than the highest id.</summary>
    public int Size => _starts.Length - 1;

    /// <summary>The names of the special tokens and their ids, in the order of the ids.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens => _specialIds;

    /// <summary>The id of <see cref="EndOfTextName"/>, or null where the vocabulary has no such special token.</summary>
    public int? EndOfTextId { get; }

    /// <summary>Whether <paramref name="id"/> is a special token's.</summary>
    public bool IsSpecial(int id) => _specials.Contains(id);

    /// <summary>
    /// Whether <paramref name="id"/> lies within the vocabulary and stands for nothing (cl100k_base's 100256, for instance).
    /// </summary>
    public bool IsGap(int id) => (uint)id < (uint)Size && _starts[id] == _starts[id + 1];

    /// <summary>
    /// The UTF-8 bytes of token <paramref name="id"/>, perhaps a piece of a character; for a special token its name's.
    /// </summary>
    /// <exception cref="TokenizerException">The id is outside the vocabulary or stands for nothing.</exception>
    public ReadOnlySpan<byte> GetBytes(int id)
    {
        if ((uint)id >= (uint)Size)
            throw new TokenizerException($"Token id {id} is outside the vocabulary, whose ids are 0 to {Size - 1}; " +
                                         "use the tokenizer that the ids were made with.");
        var bytes = _bytes.AsSpan(_starts[id].._starts[id + 1]);
        if (bytes.IsEmpty)
            throw new TokenizerException($"Token id {id} stands for nothing: it is a gap in the vocabulary's ids; " +
                                         "never train on it, and keep it from being sampled.");
        return bytes;
    }

    /// <summary>The text of <paramref name="ids"/>; bytes that are not valid UTF-8 together become U+FFFD.</summary>
    /// <exception cref="TokenizerException">An id is outside the vocabulary or stands for nothing.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        long length = 0;
        foreach (int id in ids) length += GetBytes(id).Length;
        if (length > Array.MaxLength)
            throw new TokenizerException($"{ids.Length} tokens make {length} bytes, more than one string can hold; " +
                                         "decode them in pieces.");
        byte[] bytes = new byte[length];
        int end = 0;
        foreach (int id in ids)
        {
            var token = GetBytes(id);
            token.CopyTo(bytes.AsSpan(end));
            end += token.Length;
        }
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Whether both tables give every id the same meaning.</summary>
    internal bool HasSameTokens(TokenTable other) =>
        _starts.AsSpan().SequenceEqual(other._starts) && _bytes.AsSpan().SequenceEqual(other._bytes) &&
        _specialIds.Count == other._specialIds.Count &&
        _specialIds.All(pair => other._specialIds.TryGetValue(pair.Key, out int id) && id == pair.Value);
}
