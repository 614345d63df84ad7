using FsCheck;
using FsCheck.Fluent;
using TorchLm.Core.Checkpoints;
using static TorchSharp.torch;

namespace TorchLm.Tests.Properties;

public class SafeTensorsProperties
{
    private sealed record Entry(string Name, ScalarType Type, long[] Shape)
    {
        public override string ToString() => $"{string.Join(' ', Name.Select(c => $"{(int)c:x4}"))}: {Type} ({string.Join(", ", Shape)})";
    }

    private static Gen<Entry[]> Files =>
        (from name in Generators.Texts(12)
         from type in Gen.Elements(ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Byte, ScalarType.Bool)
         from shape in Gen.Choose(0, 4).UpTo(5)
         select new Entry(name, type, [.. shape.Select(d => (long)d)]))
        .UpTo(5).Select(entries => entries.Where(e => e.Name != "__metadata__").DistinctBy(e => e.Name).ToArray());

    [Fact]
    public void Names_types_shapes_and_bytes_come_back() => PropertyCheck.Holds(Files, entries =>
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var random = new Random(1);
        (string Name, Tensor Value)[] written = [.. entries.Select(e => (e.Name, Noise(e, random)))];
        using (FileStream stream = File.Create(folder["x"])) SafeTensors.Write(stream, written);
        using var reader = new SafeTensorsReader(folder["x"]);
        Assert.Equal(entries.Select(e => e.Name), reader.Names);
        foreach ((string name, Tensor value) in written)
        {
            Tensor read = reader.Read(name);
            Assert.Equal(value.dtype, read.dtype);
            Assert.Equal(value.shape, read.shape);
            Assert.Equal(value.shape, reader.ShapeOf(name)!);
            Assert.Equal(value.bytes.ToArray(), read.bytes.ToArray());
        }
    });

    /// <summary>A tensor whose bytes are anything: a float may be a NaN of any kind.</summary>
    private static Tensor Noise(Entry entry, Random random)
    {
        Tensor value = zeros(entry.Shape, entry.Type);
        if (entry.Type == ScalarType.Bool) return value.bernoulli_(0.5);
        if (value.numel() > 0) random.NextBytes(value.bytes);
        return value;
    }
}
