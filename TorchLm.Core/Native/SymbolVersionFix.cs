using System.Buffers.Binary;
using System.Text;

namespace TorchLm.Core.Native;

/// <summary>
/// Lets TorchSharp's native library load where libstdc++ is older than GCC 13.2's (Debian 12, Ubuntu 22.04).
/// </summary>
/// <remarks>
/// libLibTorchSharp.so requires the symbol version GLIBCXX_3.4.32, but only for <c>std::ios_base_library_init</c>, a symbol that GCC 13's
/// &lt;iostream&gt; records and nothing ever looks up: it has no relocation in the file. The dynamic linker refuses the whole library for it.
/// The ELF gABI symbol-versioning specification has a flag for just that: a requirement marked VER_FLG_WEAK is not fatal when it is missing.
/// One byte of a copy is changed; the original file is never touched.
/// </remarks>
internal static class SymbolVersionFix
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";
    private const string HarmlessSymbol = "_ZSt21ios_base_library_initv";

    /// <summary>The magic number, then class 2 (64 bits) and data 1 (little-endian).</summary>
    private static ReadOnlySpan<byte> Identification => [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];

    private const uint SectionDynamicSymbols = 11, SectionVersionNeeds = 0x6ffffffe, SectionSymbolVersions = 0x6fffffff;
    private const ushort WeakFlag = 2;

    private readonly record struct Section(uint Type, int Offset, int Size, int Link);

    /// <summary>Marks the requirement as weak in <paramref name="elf"/>, the bytes of a 64-bit little-endian shared library.</summary>
    /// <returns>False, with nothing changed, where the bytes do not hold exactly the requirement described above.</returns>
    public static bool TryApply(Span<byte> elf)
    {
        try
        {
            List<Section> sections = ReadSections(elf);
            Section needs = sections.Find(s => s.Type == SectionVersionNeeds);
            Section versions = sections.Find(s => s.Type == SectionSymbolVersions);
            Section symbols = sections.Find(s => s.Type == SectionDynamicSymbols);
            if (needs.Size == 0 || versions.Size == 0 || symbols.Size == 0) return false;

            int entry = FindRequirement(elf, needs, sections[needs.Link]);
            if (entry < 0) return false;
            ushort versionIndex = UInt16(elf, entry + 6);
            if (!OnlyHarmlessSymbolUses(elf, versionIndex, versions, symbols, sections[symbols.Link])) return false;

            BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], WeakFlag);
            return true;
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException or IndexOutOfRangeException)
        {
            return false; // an offset led outside of the file: not a library that this fix knows
        }
    }

    private static List<Section> ReadSections(ReadOnlySpan<byte> elf)
    {
        var sections = new List<Section>();
        bool is64BitLittleEndian = elf.Length > 64 && elf.StartsWith(Identification);
        if (!is64BitLittleEndian) return sections;

        int table = checked((int)UInt64(elf, 0x28)), entrySize = UInt16(elf, 0x3a), count = UInt16(elf, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int at = checked(table + i * entrySize);
            sections.Add(new Section(UInt32(elf, at + 4), checked((int)UInt64(elf, at + 24)), checked((int)UInt64(elf, at + 32)),
                checked((int)UInt32(elf, at + 40))));
        }
        return sections;
    }

    /// <summary>The offset of the Elf64_Vernaux entry of the version, or -1.</summary>
    private static int FindRequirement(ReadOnlySpan<byte> elf, Section needs, Section strings)
    {
        for (int file = needs.Offset; ; )
        {
            int count = UInt16(elf, file + 2), aux = checked(file + (int)UInt32(elf, file + 8));
            if (Name(elf, strings, UInt32(elf, file + 4)) == Library)
            {
                for (int i = 0; i < count; i++)
                {
                    if (Name(elf, strings, UInt32(elf, aux + 8)) == Version) return UInt16(elf, aux + 4) == 0 ? aux : -1;
                    aux = checked(aux + (int)UInt32(elf, aux + 12));
                }
            }
            uint next = UInt32(elf, file + 12);
            if (next == 0) return -1;
            file = checked(file + (int)next);
        }
    }

    private static bool OnlyHarmlessSymbolUses(ReadOnlySpan<byte> elf, ushort version, Section versions, Section symbols, Section strings)
    {
        bool found = false;
        for (int i = 0; i < versions.Size / 2; i++)
        {
            if ((UInt16(elf, versions.Offset + 2 * i) & 0x7fff) != version) continue;
            if (Name(elf, strings, UInt32(elf, symbols.Offset + 24 * i)) != HarmlessSymbol) return false;
            found = true;
        }
        return found;
    }

    private static string Name(ReadOnlySpan<byte> elf, Section strings, uint offset)
    {
        ReadOnlySpan<byte> rest = elf[checked(strings.Offset + (int)offset)..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private static ushort UInt16(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf[at..]);

    private static uint UInt32(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt32LittleEndian(elf[at..]);

    private static ulong UInt64(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt64LittleEndian(elf[at..]);
}
