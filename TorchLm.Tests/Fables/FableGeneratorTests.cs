using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using TorchLm.Data.Fables;

namespace TorchLm.Tests.Fables;

public class FableGeneratorTests
{
    [Fact]
    public void The_corpus_has_not_changed()
    {
        string text = string.Concat(new FableGenerator().Generate(100).Select(fable => fable.Text));
        Assert.Equal(
            "179b443c3933a61e5ef300e5518e4af9ff61f2d22dce5c4b4fc5a0392650ce4a",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text))));
    }

    [Fact]
    public void A_fable_depends_on_seed_and_index_alone()
    {
        var generator = new FableGenerator(42);
        Fable[] first = [.. generator.Generate(20)];
        Assert.Equal(first, Enumerable.Range(0, 20).Reverse().Select(i => new FableGenerator(42)[i]).Reverse());
        Assert.Equal(first, first.Select(_ => generator.Next()));
        Assert.Equal(first, generator.GenerateBytes(100_000).Take(20));
        Assert.Empty(first.Select(f => f.Text).Intersect(new FableGenerator(43).Generate(20).Select(f => f.Text)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50_000)]
    public void As_few_whole_fables_are_made_as_hold_the_bytes_asked_for(long bytes)
    {
        Fable[] fables = [.. new FableGenerator().GenerateBytes(bytes)];
        Assert.True(fables.Sum(fable => fable.Text.Length) >= bytes);
        Assert.True(bytes == 0 ? fables.Length == 0 : fables[..^1].Sum(fable => fable.Text.Length) < bytes);
    }

    [Fact]
    public void Sizes_and_indices_below_zero_are_refused_at_once()
    {
        var generator = new FableGenerator();
        Assert.Throws<ArgumentOutOfRangeException>(() => generator[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Generate(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.GenerateBytes(-1));
    }

    [Fact]
    public void Held_out_fables_are_not_among_the_others()
    {
        string[] texts = [.. new FableGenerator().Generate(10_000).Select(fable => fable.Text)];
        var training = texts.Where((_, i) => i % 10 != 9).ToHashSet();
        string[] validation = [.. texts.Where((_, i) => i % 10 == 9)];
        Assert.True(validation.Count(training.Contains) < 0.001 * validation.Length);
    }

    [Fact]
    public void The_rate_of_the_default_corpus_is_what_is_documented_and_below_gzip()
    {
        Fable[] fables = [.. new FableGenerator().GenerateBytes()];
        EntropyFloor floor = EntropyFloor.Measure(fables);
        Assert.InRange(floor.CharacterCount, FableGenerator.DefaultByteCount, FableGenerator.DefaultByteCount + 2000);
        Assert.InRange(floor.NatsPerCharacter, 0.14, 0.17);

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(Encoding.ASCII.GetBytes(string.Concat(fables.Select(fable => fable.Text))));
        Assert.True(floor.BitsPerByte < packed.Length * 8.0 / floor.CharacterCount);
    }

    [Fact]
    public void The_standard_error_of_the_rate_is_the_spread_that_repetition_shows()
    {
        EntropyFloor[] floors =
            [.. Enumerable.Range(0, 100).Select(i => EntropyFloor.Measure(new FableGenerator((ulong)i).Generate(50)))];
        double mean = floors.Average(floor => floor.NatsPerCharacter);
        double spread = Math.Sqrt(floors.Sum(floor => Math.Pow(floor.NatsPerCharacter - mean, 2)) / (floors.Length - 1));
        Assert.InRange(floors.Average(floor => floor.StandardError) / spread, 0.8, 1.25);
    }

    [Fact]
    public void A_models_excess_over_the_floor_is_its_own_loss_less_the_floor()
    {
        Fable[] fables = [.. new FableGenerator().Generate(40)];
        double characters = fables.Sum(fable => fable.Text.Length);
        var (excess, error) = EntropyFloor.Excess(fables, [.. fables.Select(fable => fable.Nats + 0.25 * fable.Text.Length)]);
        Assert.Equal(0.25, excess, 12);
        Assert.Equal(0, error, 12);
        var (uneven, unevenError) = EntropyFloor.Excess(fables, [.. fables.Select((fable, i) => fable.Nats + i)]);
        Assert.Equal(39 * 40 / 2 / characters, uneven, 12);
        Assert.True(unevenError > 0);
        Assert.Throws<ArgumentException>(() => EntropyFloor.Excess(fables, [1.0]));
        Assert.Throws<ArgumentException>(() => EntropyFloor.Measure(fables[..1]));
    }
}
