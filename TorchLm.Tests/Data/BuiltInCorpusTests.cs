using TorchLm.Core;
using TorchLm.Core.Configuration;
using TorchLm.Data;
using TorchLm.Data.Datasets;
using TorchLm.Data.Fables;
using TorchLm.Data.Shards;

namespace TorchLm.Tests.Data;

public sealed class BuiltInCorpusTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_usual_amount_is_the_generators() => Assert.Equal(FableGenerator.DefaultByteCount, new DataConfig().BuiltInBytes);

    [Fact]
    public void More_of_it_has_more_to_train_on_and_the_same_held_out()
    {
        TokenDataset usual = Open("usual", 1_500_000), more = Open("more", 1_600_000);
        Assert.Equal(Held(usual), Held(more));
        Assert.Equal(100_000, more.Train.Tokens - usual.Train.Tokens, 4000.0); // whole fables
        Assert.Equal(usual.Val!.EntropyNats, more.Val!.EntropyNats);
    }

    [Fact]
    public void Less_of_it_holds_out_a_tenth_of_what_there_is()
    {
        TokenDataset less = Open("less", 100_000);
        Assert.Equal(100_000, less.Train.Tokens + less.Val!.Tokens, 4000.0);
        Assert.InRange(less.Val.Tokens, 5_000, 15_000);
        Assert.StartsWith(Held(less)[..1000], Held(Open("usual", 1_500_000)));
    }

    [Theory]
    [InlineData("9999")]
    [InlineData("10000000001")]
    public void Impossible_amounts_are_refused(string bytes) => Assert.Contains(
        "data.builtInBytes", Assert.Throws<InputException>(() => RunConfig.Parse("{}", "test.json", [$"data.builtInBytes={bytes}"])).Message);

    private TokenDataset Open(string name, long bytes) =>
        RunData.Open(new RunConfig { Data = new DataConfig { BuiltInBytes = bytes } }, _folder[name], _ => { });

    private static string Held(TokenDataset dataset)
    {
        using TokenShard shard = TokenShard.Open(Assert.Single(dataset.Val!.Shards).Path);
        long[] ids = new long[shard.Tokens];
        shard.Read(0, ids, ushort.MaxValue);
        return RunData.Tokenizer(dataset)!.Decode([.. ids.Select(id => (int)id)]);
    }
}
