using System.Globalization;

namespace TorchLm.Data.Cleaning.Unicode;

/// <summary>
/// The Unicode Character Database as far as normalisation needs it (UAX #15), read once from an embedded text file that
/// scripts/unicode-normalization-data.py writes.
/// </summary>
internal sealed class NormalizationTables
{
    /// <summary>Code points from here on neither decompose nor combine.</summary>
    public const int Limit = 0x2FA20;

    /// <summary>Flags above a code point's combining class: what the quick checks of UAX #15, section 9, answer.</summary>
    public const ushort NotNfc = 0x100, NotNfkc = 0x200, NotNfd = 0x400, NotNfkd = 0x800;

    // Hangul syllables are composed by arithmetic (The Unicode Standard, section 3.12).
    internal const int HangulBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28,
        HangulCount = LCount * VCount * TCount;

    private readonly ushort[] _properties = new ushort[Limit];
    private readonly Dictionary<int, int[]> _canonical = [], _compatible = [];
    private readonly Dictionary<long, int> _compositions = [];

    private NormalizationTables()
    {
        Dictionary<int, int[]> canonical = [], compatible = [];
        HashSet<int> excluded = [];
        Read(canonical, compatible, excluded);

        foreach ((int code, int[] parts) in canonical)
        {
            _canonical[code] = Expand(parts, canonical, []);
            if (excluded.Contains(code)) continue;
            _compositions[Pair(parts[0], parts[1])] = code;
            _properties[parts[1]] |= NotNfc | NotNfkc; // may compose with what is before it: the quick check's "maybe"
        }
        foreach ((int code, int[] parts) in canonical.Concat(compatible)) _compatible[code] = Expand(parts, canonical, compatible);
        Flag(canonical, compatible, excluded);
    }

    /// <summary>The tables.</summary>
    public static NormalizationTables Instance { get; } = new();

    /// <summary>A code point's combining class (low byte) and quick-check flags; 0 for what is no code point.</summary>
    public int Properties(int code) => (uint)code < Limit ? _properties[code] : 0;

    /// <summary>The full decomposition of a code point other than a Hangul syllable; null if it has none.</summary>
    public int[]? Decomposition(int code, bool compatible) => (compatible ? _compatible : _canonical).GetValueOrDefault(code);

    /// <summary>The primary composite of two code points, or -1.</summary>
    public int Compose(int first, int second)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
            return HangulBase + ((first - LBase) * VCount + second - VBase) * TCount;
        if (first is >= HangulBase and < HangulBase + HangulCount && (first - HangulBase) % TCount == 0 && second is > TBase and < TBase + TCount)
            return first + second - TBase;
        return _compositions.GetValueOrDefault(Pair(first, second), -1);
    }

    private void Read(Dictionary<int, int[]> canonical, Dictionary<int, int[]> compatible, HashSet<int> excluded)
    {
        using Stream file = typeof(NormalizationTables).Assembly.GetManifestResourceStream("NormalizationData.txt")
            ?? throw new InvalidOperationException("The resource NormalizationData.txt is not in the assembly.");
        using StreamReader reader = new(file);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            int split = line.AsSpan().IndexOfAny("=!~ ");
            if (line[split] == ' ')
            {
                int dash = line.IndexOf('-', StringComparison.Ordinal);
                int first = Hex(line.AsSpan(split + 1, dash - split - 1)), last = Hex(line.AsSpan(dash + 1));
                _properties.AsSpan(first, last - first + 1).Fill(byte.Parse(line.AsSpan(0, split), NumberStyles.None));
                continue;
            }
            int code = Hex(line.AsSpan(0, split));
            (line[split] == '~' ? compatible : canonical)[code] = [.. line[(split + 1)..].Split(' ').Select(part => Hex(part))];
            if (line[split] == '!') excluded.Add(code);
        }
    }

    private void Flag(Dictionary<int, int[]> canonical, Dictionary<int, int[]> compatible, HashSet<int> excluded)
    {
        foreach (int code in canonical.Keys) _properties[code] |= NotNfd | NotNfkd;
        foreach (int code in excluded) _properties[code] |= NotNfc | NotNfkc;
        foreach (int code in compatible.Keys) _properties[code] |= NotNfkc | NotNfkd;
        foreach (int code in canonical.Keys) // canonically made of something that has a compatibility mapping
            if (Array.Exists(_canonical[code], compatible.ContainsKey)) _properties[code] |= NotNfkc;
        for (int code = HangulBase; code < HangulBase + HangulCount; code++) _properties[code] |= NotNfd | NotNfkd;
        for (int code = VBase; code < VBase + VCount; code++) _properties[code] |= NotNfc | NotNfkc;
        for (int code = TBase + 1; code < TBase + TCount; code++) _properties[code] |= NotNfc | NotNfkc;
    }

    private static int[] Expand(int[] parts, Dictionary<int, int[]> canonical, Dictionary<int, int[]> compatible)
    {
        List<int> whole = [];
        foreach (int part in parts)
        {
            if (canonical.TryGetValue(part, out int[]? inner) || compatible.TryGetValue(part, out inner))
                whole.AddRange(Expand(inner, canonical, compatible));
            else
                whole.Add(part);
        }
        return [.. whole];
    }

    private static long Pair(int first, int second) => ((long)first << 32) | (uint)second;

    private static int Hex(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.HexNumber);
}
