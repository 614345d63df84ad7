using System.IO.Compression;
using System.Reflection;
using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>The rank lists of tiktoken encodings: the token with rank r is the r-th in the list, and merges go by rank.</summary>
internal static class TiktokenRanks
{
    /// <summary>
    /// Reads the list that a package of Microsoft's carries: a line with the capacity, then a token in base64 a line.
    /// </summary>
    /// <exception cref="InvalidOperationException">The package is not the version that this was written for.</exception>
    public static byte[][] Read(string assemblyName, string encodingName)
    {
        using Stream packed = Assembly.Load(assemblyName).GetManifestResourceStream(encodingName + ".tiktoken.deflate")
            ?? throw new InvalidOperationException($"{assemblyName} does not carry {encodingName} where version 2.0.1 does.");
        using var reader = new StreamReader(new DeflateStream(packed, CompressionMode.Decompress));
        string? header = reader.ReadLine();
        if (header is null || !header.StartsWith("Capacity: ", StringComparison.Ordinal))
            throw new InvalidOperationException($"{assemblyName} does not carry {encodingName} as version 2.0.1 does.");
        var ranks = new List<byte[]>();
        while (reader.ReadLine() is { Length: > 0 } line) ranks.Add(Convert.FromBase64String(line));
        return [.. ranks];
    }

    /// <summary>
    /// The merge rules that the ranks imply. A token's rule joins the two parts in which its bytes end up when only tokens of
    /// lower rank are allowed: for every list that byte-pair training made these are exactly two.
    /// </summary>
    /// <exception cref="InvalidOperationException">A token does not end up in two parts.</exception>
    public static BpeMerge[] RecoverMerges(byte[][] ranks)
    {
        var (tokens, lookup) = Index(ranks);
        var merges = new List<BpeMerge>(tokens.Length);
        var bounds = new List<int>();
        for (int rank = 0; rank < tokens.Length; rank++)
        {
            string token = tokens[rank];
            if (token.Length == 1) continue;
            bounds.Clear();
            bounds.AddRange(Enumerable.Range(0, token.Length + 1));
            while (MergeLowest(token, bounds, lookup, rank)) { }
            if (bounds.Count != 3)
                throw new InvalidOperationException($"The token of rank {rank} ends in {bounds.Count - 1} parts, not 2.");
            merges.Add(new BpeMerge(lookup[token.AsSpan(0, bounds[1])], lookup[token.AsSpan(bounds[1])], rank));
        }
        return [.. merges];
    }

    /// <summary>Every two tokens whose bytes together are a token, which is the result.</summary>
    public static List<BpeMerge> AllPairs(byte[][] ranks)
    {
        var (tokens, rankOf) = Index(ranks);
        var pairs = new List<BpeMerge>(3 * ranks.Length);
        for (int rank = 0; rank < tokens.Length; rank++)
        {
            ReadOnlySpan<char> token = tokens[rank];
            for (int middle = 1; middle < token.Length; middle++)
                if (rankOf.TryGetValue(token[..middle], out int left) && rankOf.TryGetValue(token[middle..], out int right))
                    pairs.Add(new BpeMerge(left, right, rank));
        }
        return pairs;
    }

    // One char a byte, so that pieces can be looked up without copying them.
    private static (string[] Tokens, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> RankOf) Index(byte[][] ranks)
    {
        string[] tokens = [.. ranks.Select(Encoding.Latin1.GetString)];
        var rankOf = new Dictionary<string, int>(tokens.Length, StringComparer.Ordinal);
        for (int rank = 0; rank < tokens.Length; rank++) rankOf.Add(tokens[rank], rank);
        return (tokens, rankOf.GetAlternateLookup<ReadOnlySpan<char>>());
    }

    // Joins the leftmost pair with the lowest rank below the limit; false if there is none.
    private static bool MergeLowest(
        string token, List<int> bounds, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> rankOf, int limit)
    {
        int lowest = limit, joint = -1;
        for (int i = 1; i + 1 < bounds.Count; i++)
        {
            var pair = token.AsSpan(bounds[i - 1], bounds[i + 1] - bounds[i - 1]);
            if (!rankOf.TryGetValue(pair, out int rank) || rank >= lowest) continue;
            lowest = rank;
            joint = i;
        }
        if (joint < 0) return false;
        bounds.RemoveAt(joint);
        return true;
    }
}
