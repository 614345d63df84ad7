#pragma warning disable
namespace TorchLm.Data.Deduplication;
public static class NormalizedText { public static UInt128 Hash(string text) { var h = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))); return new UInt128(BitConverter.ToUInt64(h), BitConverter.ToUInt64(h, 8)); } }
public sealed class ExactDuplicates { readonly HashSet<UInt128> s = new(); public bool Add(UInt128 hash) => s.Add(hash); }
public sealed record NearDuplicateOptions(int ShingleSize = 5, int Bands = 14, int Rows = 8, double Threshold = 0.8);
public sealed class MinHash(NearDuplicateOptions options) { public byte[]? Sign(string text) => null; }
public sealed class NearDuplicates(NearDuplicateOptions options) { public bool Add(byte[] signature, out long earlier) { earlier = 0; return true; } }
