using System.Text;

namespace TorchLm.Data.Cleaning.Unicode;

/// <summary>
/// The four normalisation forms of Unicode Standard Annex #15. .NET's <see cref="string.Normalize()"/> returns every string unchanged
/// where globalisation is invariant, as it is here. Lone surrogates become U+FFFD.
/// </summary>
internal sealed class UnicodeNormalizer
{
    private readonly NormalizationTables _tables = NormalizationTables.Instance;
    private readonly bool _compatible, _compose;
    private readonly ushort _flag;
    private readonly char _firstOfInterest; // everything below is normal in this form

    /// <summary>Creates the normaliser of a form.</summary>
    public UnicodeNormalizer(NormalizationForm form)
    {
        (_compatible, _compose, _flag, _firstOfInterest) = form switch
        {
            NormalizationForm.FormC => (false, true, NormalizationTables.NotNfc, '\u0300'),
            NormalizationForm.FormD => (false, false, NormalizationTables.NotNfd, '\u00C0'),
            NormalizationForm.FormKC => (true, true, NormalizationTables.NotNfkc, '\u00A0'),
            NormalizationForm.FormKD => (true, false, NormalizationTables.NotNfkd, '\u00A0'),
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, "Not a normalisation form."),
        };
    }

    /// <summary>Normalises a text; the very same string if it is normal.</summary>
    /// <param name="text">The text.</param>
    /// <param name="changes">The number of stretches that were replaced.</param>
    /// <param name="firstChange">The first stretch that was replaced, as it was.</param>
    public string Normalize(string text, out long changes, out string? firstChange)
    {
        changes = 0;
        firstChange = null;
        int first = text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(_firstOfInterest - 1));
        if (first < 0) return text;

        StringBuilder? output = null;
        List<(int Code, int Class)>? segment = null;
        // A boundary is a starter that passes the quick check: nothing before it composes with it. Between two boundaries a text is
        // normalised by itself.
        int copied = 0, boundary = Math.Max(0, first - 1), lastClass = 0, position = boundary;
        while (position < text.Length)
        {
            int code = CodePoint(text, position, out int length);
            int properties = _tables.Properties(code), combiningClass = properties & 0xFF;
            bool normal = (properties & _flag) == 0 && (combiningClass == 0 || lastClass <= combiningClass) && code >= 0;
            if (normal)
            {
                if (combiningClass == 0) boundary = position;
                lastClass = combiningClass;
                position += length;
                continue;
            }
            int end = NextBoundary(text, position + length);
            segment ??= [];
            output ??= new StringBuilder(text.Length + 16);
            int before = output.Append(text, copied, boundary - copied).Length;
            AppendNormal(text, boundary, end, segment, output);
            if (!Same(output, before, text.AsSpan(boundary, end - boundary)))
            {
                changes++;
                firstChange ??= text[boundary..end];
            }
            copied = boundary = position = end;
            lastClass = 0;
        }
        return changes == 0 ? text : output!.Append(text, copied, text.Length - copied).ToString();
    }

    private int NextBoundary(string text, int position)
    {
        while (position < text.Length)
        {
            int code = CodePoint(text, position, out int length);
            if (code >= 0 && (_tables.Properties(code) & (_flag | 0xFF)) == 0) break;
            position += length;
        }
        return position;
    }

    private void AppendNormal(string text, int start, int end, List<(int Code, int Class)> segment, StringBuilder output)
    {
        segment.Clear();
        for (int i = start; i < end;)
        {
            int code = CodePoint(text, i, out int length);
            Decompose(code < 0 ? 0xFFFD : code, segment);
            i += length;
        }
        Reorder(segment);
        if (_compose) Compose(segment);
        foreach ((int code, _) in segment)
        {
            if (code < 0x10000) output.Append((char)code);
            else output.Append((char)(0xD7C0 + (code >> 10))).Append((char)(0xDC00 | (code & 0x3FF)));
        }
    }

    private void Decompose(int code, List<(int Code, int Class)> segment)
    {
        if (code is >= NormalizationTables.HangulBase and < NormalizationTables.HangulBase + NormalizationTables.HangulCount)
        {
            int index = code - NormalizationTables.HangulBase, trailing = index % NormalizationTables.TCount;
            index /= NormalizationTables.TCount;
            segment.Add((NormalizationTables.LBase + index / NormalizationTables.VCount, 0));
            segment.Add((NormalizationTables.VBase + index % NormalizationTables.VCount, 0));
            if (trailing > 0) segment.Add((NormalizationTables.TBase + trailing, 0));
        }
        else if (_tables.Decomposition(code, _compatible) is { } parts)
        {
            foreach (int part in parts) segment.Add((part, _tables.Properties(part) & 0xFF));
        }
        else
        {
            segment.Add((code, _tables.Properties(code) & 0xFF));
        }
    }

    /// <summary>Puts the marks after each starter into the order of their classes; a stable insertion sort, for marks are few.</summary>
    private static void Reorder(List<(int Code, int Class)> segment)
    {
        for (int start = 0; start < segment.Count; start++)
        {
            if (segment[start].Class == 0) continue;
            int end = start;
            while (end < segment.Count && segment[end].Class != 0) end++;
            if (end - start > 1)
            {
                (int Code, int Class)[] marks = [.. segment.GetRange(start, end - start).OrderBy(mark => mark.Class)]; // OrderBy is stable
                for (int i = 0; i < marks.Length; i++) segment[start + i] = marks[i];
            }
            start = end;
        }
    }

    private void Compose(List<(int Code, int Class)> segment)
    {
        int starter = -1, kept = 0, lastClass = 0;
        for (int i = 0; i < segment.Count; i++)
        {
            (int code, int combiningClass) = segment[i];
            // Blocked if something between has a class at least as high, or stands there as a starter.
            bool blocked = starter < 0 || (kept - 1 != starter && (lastClass == 0 || lastClass >= combiningClass));
            int composite = blocked ? -1 : _tables.Compose(segment[starter].Code, code);
            if (composite >= 0)
            {
                segment[starter] = (composite, 0);
                continue;
            }
            if (combiningClass == 0) starter = kept;
            lastClass = combiningClass;
            segment[kept++] = (code, combiningClass);
        }
        segment.RemoveRange(kept, segment.Count - kept);
    }

    /// <summary>The code point at a position; -1 for a lone surrogate.</summary>
    private static int CodePoint(string text, int position, out int length)
    {
        char c = text[position];
        length = 1;
        if (!char.IsSurrogate(c)) return c;
        if (!char.IsHighSurrogate(c) || position + 1 == text.Length || !char.IsLowSurrogate(text[position + 1])) return -1;
        length = 2;
        return char.ConvertToUtf32(c, text[position + 1]);
    }

    private static bool Same(StringBuilder output, int start, ReadOnlySpan<char> original)
    {
        if (output.Length - start != original.Length) return false;
        for (int i = 0; i < original.Length; i++)
            if (output[start + i] != original[i]) return false;
        return true;
    }
}
