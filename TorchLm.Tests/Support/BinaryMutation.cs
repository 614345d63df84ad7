namespace TorchLm.Tests.Support;

/// <summary>Damage to a file that begins with numbers: counts and lengths at which arithmetic goes wrong, a file that is shorter or longer than they say.</summary>
internal static class BinaryMutation
{
    /// <summary>A copy of the file with one or two damages, a quarter of the time one of <see cref="Mutation"/>'s besides.</summary>
    /// <param name="file">The sound file.</param>
    /// <param name="head">How many of its bytes are such numbers.</param>
    /// <param name="seed">Decides the damage.</param>
    public static byte[] Of(byte[] file, int head, int seed)
    {
        var random = new Random(seed);
        var result = (byte[])file.Clone();
        for (int i = random.Next(2); i >= 0; i--) result = Damage(result, Math.Min(head, result.Length), random);
        return seed % 4 == 3 ? Mutation.Of(result, seed) : result;
    }

    private static byte[] Damage(byte[] file, int head, Random random)
    {
        switch (random.Next(6))
        {
            case 0: return file[..random.Next(file.Length + 1)];
            case 1: return [.. file, .. new byte[1 + random.Next(random.Next(2) == 0 ? 8 : 3000)]];
            case 2: return [.. file, .. file];
        }
        int size = random.Next(2) == 0 ? 4 : 8;
        if (head < size) return file;
        int at = random.Next(head / 4) * 4;
        if (at + size > file.Length) return file;
        ulong value = size == 4 ? BitConverter.ToUInt32(file, at) : BitConverter.ToUInt64(file, at);
        ulong[] values = [0, 1, value + 1, value - 1, 2 * value, value << 31, value << 32, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, long.MaxValue, 1UL << 63, ulong.MaxValue];
        BitConverter.GetBytes(values[random.Next(values.Length)])[..size].CopyTo(file, at);
        return file;
    }
}
