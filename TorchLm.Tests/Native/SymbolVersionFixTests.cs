using TorchLm.Core.Native;

namespace TorchLm.Tests.Native;

public class SymbolVersionFixTests
{
    private static readonly byte[] s_library = OperatingSystem.IsLinux() ? File.ReadAllBytes(Beside("libLibTorchSharp.so")) : [];

    [LinuxFact]
    public void Exactly_the_weak_flag_of_the_one_requirement_changes()
    {
        byte[] changed = (byte[])s_library.Clone();
        Assert.True(SymbolVersionFix.TryApply(changed));
        int at = Enumerable.Range(0, changed.Length).Single(i => changed[i] != s_library[i]);

        // ELF gABI, Elfxx_Vernaux: vna_hash (4 bytes), vna_flags (2 bytes), vna_other, vna_name, vna_next.
        Assert.Equal(ElfHash("GLIBCXX_3.4.32"), BitConverter.ToUInt32(s_library, at - 4));
        Assert.Equal(0, BitConverter.ToUInt16(s_library, at));
        Assert.Equal(2, BitConverter.ToUInt16(changed, at)); // VER_FLG_WEAK
    }

    [LinuxFact]
    public void A_library_that_is_fixed_is_not_fixed_again()
    {
        byte[] changed = (byte[])s_library.Clone();
        Assert.True(SymbolVersionFix.TryApply(changed));
        AssertUntouched(changed);
    }

    /// <summary>A requirement that a symbol in use depends on must stay fatal.</summary>
    [LinuxFact]
    public void A_library_that_uses_the_version_is_left_alone()
    {
        byte[] other = (byte[])s_library.Clone();
        int name = Find(other, "_ZSt21ios_base_library_initv\0"u8);
        other[name + 5] ^= 1; // the only symbol of that version now has another name
        AssertUntouched(other);
    }

    [LinuxFact]
    public void Another_version_is_left_alone()
    {
        byte[] other = (byte[])s_library.Clone();
        other[Find(other, "GLIBCXX_3.4.32\0"u8) + 13] = (byte)'1';
        AssertUntouched(other);
    }

    [LinuxTheory]
    [InlineData("libc10.so")]
    [InlineData("libtorch.so")]
    public void Other_libraries_are_left_alone(string name) => AssertUntouched(File.ReadAllBytes(Beside(name)));

    [LinuxFact]
    public void Truncated_libraries_are_left_alone()
    {
        foreach (int length in new[] { 0, 1, 4, 16, 63, 64, 65, 100, 1000, s_library.Length / 3, s_library.Length / 2, s_library.Length - 65, s_library.Length - 64 })
        {
            AssertUntouched(s_library[..length]);
        }
    }

    [LinuxFact]
    public void Damaged_headers_are_refused_or_harmless()
    {
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = (byte[])s_library.Clone();
            int sectionTable = (int)BitConverter.ToInt64(s_library, 0x28);
            for (int hits = random.Next(1, 4); hits > 0; hits--)
            {
                int at = random.Next(2) == 0 ? random.Next(64) : sectionTable + random.Next(s_library.Length - sectionTable);
                damaged[at] = (byte)random.Next(256);
            }
            byte[] before = (byte[])damaged.Clone();
            bool applied = SymbolVersionFix.TryApply(damaged);
            Assert.Equal(applied ? 1 : 0, Enumerable.Range(0, damaged.Length).Count(j => damaged[j] != before[j]));
        }
    }

    [Fact]
    public void Garbage_is_left_alone()
    {
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            var garbage = new byte[random.Next(4000)];
            random.NextBytes(garbage);
            if (i % 2 == 1 && garbage.Length > 64) new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1 }.CopyTo(garbage, 0);
            AssertUntouched(garbage);
        }
        AssertUntouched("just a text"u8.ToArray());
    }

    [LinuxFact]
    public void A_copy_that_is_in_use_differs_from_the_original_by_one_byte()
    {
        if (NativeLibraries.FixedCopy is not { } copy) return; // this system loads the original
        byte[] used = File.ReadAllBytes(copy);
        Assert.Equal(s_library.Length, used.Length);
        Assert.Single(Enumerable.Range(0, used.Length), i => used[i] != s_library[i]);
    }

    private static void AssertUntouched(byte[] bytes)
    {
        byte[] copy = (byte[])bytes.Clone();
        Assert.False(SymbolVersionFix.TryApply(copy));
        Assert.True(bytes.AsSpan().SequenceEqual(copy));
    }

    private static int Find(byte[] bytes, ReadOnlySpan<byte> text)
    {
        int at = bytes.AsSpan().IndexOf(text);
        Assert.True(at > 0);
        return at;
    }

    /// <summary>The hash function of the System V ABI.</summary>
    private static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
    }

    private static string Beside(string name) =>
        ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Append(AppContext.BaseDirectory).Select(folder => Path.Combine(folder, name)).First(File.Exists);
}
