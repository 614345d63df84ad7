using System.Text;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using static TorchSharp.torch;

namespace TorchLm.Tests.Checkpoints;

public class SafeTensorsTests
{
    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Values_of_every_type_come_back_bit_for_bit(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor matrix = tensor(new double[] { 0, 1, 2, 3.5, 100, 1e-3 }, [2, 3]).to(type);
        (string, Tensor)[] saved = [("matrix", matrix), ("transposed", matrix.t()), ("rows", matrix.narrow(0, 1, 1)), ("scalar", matrix[1, 1]),
            ("nothing", matrix.narrow(0, 0, 0))];
        using (FileStream stream = File.Create(folder.In("a"))) SafeTensors.Write(stream, saved);

        using var reader = new SafeTensorsReader(folder.In("a"));
        Assert.Equal(saved.Select(s => s.Item1), reader.Names);
        foreach ((string name, Tensor value) in saved)
        {
            Tensor read = reader.Read(name);
            Assert.Equal(type, read.dtype);
            Assert.Equal(value.shape, read.shape);
            Assert.Equal(value.shape, reader.ShapeOf(name));
            Assert.Equal(value.contiguous().bytes.ToArray(), read.bytes.ToArray());
        }
    }

    [Fact]
    public void Values_that_are_no_numbers_come_back_too()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor value = tensor(new[] { float.NaN, float.NegativeInfinity, -0f, float.Epsilon });
        using (FileStream stream = File.Create(folder.In("a"))) SafeTensors.Write(stream, [("x", value)]);
        using var reader = new SafeTensorsReader(folder.In("a"));
        Assert.Equal(value.bytes.ToArray(), reader.Read("x").bytes.ToArray());
    }

    [Fact]
    public void A_small_file_has_exactly_these_bytes()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        SafeTensors.Write(stream, [("a", tensor(new[] { 1f, -2f }, [1, 2])), ("b.c", tensor(new long[] { 258 }))]);
        const string Header = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}""" +
            ""","b.c":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}""";
        int padding = (8 - Header.Length % 8) % 8; // values start aligned
        byte[] expected =
        [
            .. SafeTensorsBytes.Length((ulong)(Header.Length + padding)), .. Encoding.ASCII.GetBytes(Header + new string(' ', padding)),
            0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, // 1 and -2 as IEEE 754, little-endian
            2, 1, 0, 0, 0, 0, 0, 0,
        ];
        Assert.Equal(expected, stream.ToArray());
    }

    [Fact]
    public void A_file_from_elsewhere_is_read_whatever_the_order_of_its_header()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = folder.Write("a", SafeTensorsBytes.File(
            """{ "b": {"data_offsets":[2,4], "shape":[2], "dtype":"U8", "extra":1}, "a": {"dtype":"U8","shape":[2,1],"data_offsets":[0,2]} }""", 4));
        using var reader = new SafeTensorsReader(path);
        Assert.Equal([0, 1], reader.Read("a").bytes.ToArray());
        Assert.Equal([2, 3], reader.Read("b").bytes.ToArray());
        Assert.Null(reader.ShapeOf("c"));
        Assert.Throws<InputException>(() => reader.Read("c"));
    }

    [Fact]
    public void A_missing_file_is_said()
    {
        using var folder = new TemporaryFolder();
        var failure = Assert.Throws<InputException>(() => new SafeTensorsReader(folder.In("none")));
        Assert.Contains(folder.In("none"), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_shrinks_while_it_is_open_is_said()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a", SafeTensorsBytes.File("""{"a":{"dtype":"U8","shape":[100000],"data_offsets":[0,100000]}}""", 100000));
        using var reader = new SafeTensorsReader(path);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(90000);
        Assert.Throws<InputException>(() => reader.Read("a"));
    }
}
