namespace TorchLm.Tests.Support;

/// <summary>Damage to a safetensors file: to its header, whose length stays right so that the header is met, or to the length and the values.</summary>
internal static class SafeTensorsMutation
{
    public static byte[] Of(byte[] file, int seed)
    {
        if (seed % 5 == 0) return BinaryMutation.Of(file, 8, seed);
        int end = 8 + (int)BitConverter.ToUInt64(file);
        byte[] header = JsonMutation.Of(file[8..end], seed);
        return [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. file[end..]];
    }
}
