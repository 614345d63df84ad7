using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using static TorchSharp.torch;

namespace TorchLm.Tests.Checkpoints;

/// <summary>A header that promises what the file cannot hold is refused in one sentence, before anything is allocated for it.</summary>
public class HostileSafeTensorsTests
{
    public static TheoryData<string, string, int> Headers() => new()
    {
        { "range beyond the file", """{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}""", 8 },
        { "values that no tensor has", """{"a":{"dtype":"U8","shape":[7],"data_offsets":[0,7]}}""", 8 },
        { "no tensor at all but values", "{}", 8 },
        { "range backwards", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[8,4]}}""", 8 },
        { "negative range", """{"a":{"dtype":"U8","shape":[8],"data_offsets":[-4,4]}}""", 8 },
        { "range beyond 64 bits", """{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,18446744073709551615]}}""", 8 },
        { "three offsets", """{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,8]}}""", 8 },
        { "offsets as texts", """{"a":{"dtype":"U8","shape":[8],"data_offsets":["0","8"]}}""", 8 },
        { "fractional offsets", """{"a":{"dtype":"U8","shape":[8],"data_offsets":[0.5,8.5]}}""", 8 },
        { "overlap", """{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}}""", 8 },
        { "the same bytes twice", """{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""", 8 },
        { "gap", """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}}""", 8 },
        { "gap at the beginning", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8 },
        { "shape larger than the range", """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8 },
        { "shape smaller than the range", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", 8 },
        { "shape that overflows 64 bits to 8", """{"a":{"dtype":"U8","shape":[4294967297,4294967296,8],"data_offsets":[0,8]}}""", 8 },
        { "shape that overflows 64 bits to 0", """{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0 },
        { "negative dimensions", """{"a":{"dtype":"U8","shape":[-2,-4],"data_offsets":[0,8]}}""", 8 },
        { "hundred dimensions", """{"a":{"dtype":"U8","shape":[""" + string.Join(',', Enumerable.Repeat(1, 100)) + """],"data_offsets":[0,1]}}""", 1 },
        { "unknown type", """{"a":{"dtype":"F7","shape":[8],"data_offsets":[0,8]}}""", 8 },
        { "type in lower case", """{"a":{"dtype":"u8","shape":[8],"data_offsets":[0,8]}}""", 8 },
        { "type that is a number", """{"a":{"dtype":8,"shape":[8],"data_offsets":[0,8]}}""", 8 },
        { "no type", """{"a":{"shape":[8],"data_offsets":[0,8]}}""", 8 },
        { "no shape", """{"a":{"dtype":"U8","data_offsets":[0,8]}}""", 8 },
        { "no range", """{"a":{"dtype":"U8","shape":[8]}}""", 8 },
        { "tensor that is a number", """{"a":8}""", 8 },
        { "tensor that is null", """{"a":null}""", 8 },
        { "one name twice", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8 },
        { "array", "[]", 0 },
        { "text", "\"a\"", 0 },
        { "no JSON", "{\"a\":", 0 },
        { "comment", "{} // no", 0 },
        { "nothing", "", 0 },
        { "zero bytes", "\0\0\0\0", 0 },
        { "two objects", "{}{}", 0 },
        { "deep nesting", new string('[', 100_000), 0 },
        { "deep nesting in a tensor", """{"a":""" + new string('[', 5000) + new string(']', 5000) + "}", 0 },
        { "deep nesting in metadata", """{"__metadata__":""" + new string('[', 5000) + new string(']', 5000) + "}", 0 },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void A_header_with_a_lie_is_refused(string lie, string header, int valueBytes)
    {
        Assert.NotEmpty(lie);
        AssertRefused(SafeTensorsBytes.File(header, valueBytes));
    }

    /// <summary>JSON's grammar allows a lone surrogate to be written in escapes, and a header's bytes can be anything; no name can hold either.</summary>
    [Theory]
    [InlineData(@"{""\ud800"":{""dtype"":""U8"",""shape"":[8],""data_offsets"":[0,8]}}")]
    [InlineData(@"{""a"":{""dtype"":""\udc00"",""shape"":[8],""data_offsets"":[0,8]}}")]
    [InlineData(@"{""?"":{""dtype"":""U8"",""shape"":[8],""data_offsets"":[0,8]}}")]
    [InlineData(@"{""a"":{""dtype"":""?"",""shape"":[8],""data_offsets"":[0,8]}}")]
    public void A_text_that_is_not_Unicode_is_refused(string header)
    {
        byte[] bytes = [.. header.Select(c => c == '?' ? (byte)0xff : (byte)c)]; // 0xff is nowhere in UTF-8
        AssertRefused(SafeTensorsBytes.File(bytes, 8));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_file_without_a_whole_length_is_refused(int bytes) => AssertRefused(new byte[bytes]);

    [Theory]
    [InlineData(1UL)]
    [InlineData(1UL << 31)]
    [InlineData(1UL << 40)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 7)]
    public void A_header_longer_than_the_file_is_refused(ulong length) => AssertRefused([.. SafeTensorsBytes.Length(length + 2), (byte)'{', (byte)'}']);

    [Fact]
    public void Damage_is_read_or_refused()
    {
        const string Header = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[4],"data_offsets":[16,20]}}""";
        byte[] sound = SafeTensorsBytes.File(Header, 20);
        using var folder = new TemporaryFolder();
        Fuzzer.Run("safetensors", 3000, seed => seed % 2 == 0 ? Mutation.Of(sound, seed) : SafeTensorsMutation.Of(sound, seed), bytes =>
        {
            using var reader = new SafeTensorsReader(folder.Write("a", bytes));
            long values = 0;
            foreach (string name in reader.Names)
            {
                using Tensor value = reader.Read(name);
                Assert.Equal(reader.ShapeOf(name)!, value.shape);
                values += value.numel() * value.element_size();
            }
            Assert.Equal(bytes.Length - 8 - (long)BitConverter.ToUInt64(bytes), values); // every byte after the header is a value of one tensor
        });
    }

    internal static void AssertRefused(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("hostile.safetensors", bytes);
        var failure = Assert.Throws<InputException>(() => new SafeTensorsReader(path));
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        File.Delete(path); // the reader has let go of the file
    }
}
