using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;

namespace TorchLm.Tests.Data;

public class MixtureOrderTests
{
    private const int Context = 8;

    [Fact]
    public void Each_source_has_its_share_of_the_samples_exactly_and_without_drift()
    {
        double[] shares = [0.6, 0.2517, 0.1473, 0.001];
        MixtureOrder order = new(Split([1000, 3000, 500, 200], shares), Context, seed: 5);
        long[] counts = new long[4];
        for (long sample = 0; sample < 50 * MixtureOrder.RoundLength; sample++)
        {
            counts[order.GetWindow(sample).Shard]++;
            if ((sample + 1) % MixtureOrder.RoundLength != 0) continue;
            for (int source = 0; source < 4; source++) Assert.InRange(counts[source] - shares[source] * (sample + 1), -1.001, 1.001);
        }
    }

    [Fact]
    public void Sources_are_mixed_within_a_round()
    {
        MixtureOrder order = new(Split([1000, 1000], [0.5, 0.5]), Context, seed: 1);
        for (int start = 0; start < MixtureOrder.RoundLength; start += 256)
        {
            // 128 on average, standard deviation 8
            Assert.InRange(Enumerable.Range(start, 256).Count(sample => order.GetWindow(sample).Shard == 0), 88, 168);
        }
    }

    [Fact]
    public void A_source_is_read_without_replacement_within_each_epoch_of_its_own()
    {
        MixtureOrder order = new(Split([801, 9001], [0.5, 0.5]), Context, seed: 3);
        const int Windows = 99; // (801 - 1) / 8 - 1

        // Over 99 rounds of 2048 samples of the source, 2048 epochs of it are read. Where an epoch begins is drawn, within the first nine places: so what lies
        // behind them is read once in each.
        int[] read = new int[801];
        for (long sample = 0; sample < Windows * MixtureOrder.RoundLength; sample++)
        {
            Window window = order.GetWindow(sample);
            if (window.Shard != 0) continue;
            for (long place = window.Start; place < window.Start + Context; place++) read[place]++;
        }
        Assert.All(read[8..792], times => Assert.Equal(2048, times));
    }

    [Fact]
    public void Ranks_read_disjoint_parts_and_the_order_is_a_function_of_the_seed()
    {
        DatasetSplit split = Split([1000, 3000], [0.3, 0.7]);
        MixtureOrder one = new(split, Context, seed: 9), same = new(split, Context, seed: 9), other = new(split, Context, seed: 10);
        Window[] windows = [.. Enumerable.Range(0, 500).Select(sample => one.GetWindow(sample))];
        Assert.Equal(windows, Enumerable.Range(0, 500).Select(sample => same.GetWindow(sample)));
        Assert.NotEqual(windows, Enumerable.Range(0, 500).Select(sample => other.GetWindow(sample)));
        Assert.All(windows, window => Assert.InRange(window.Start, 0, split.Shards[window.Shard].Tokens - Context - 1));
    }

    [Fact]
    public void A_source_shorter_than_a_window_is_refused_by_name() =>
        Assert.Contains("The source 'source 1' of 'folder' has at most 8 tokens",
            Assert.Throws<InputException>(() => new MixtureOrder(Split([1000, 8], [0.5, 0.5]), Context, 0)).Message);

    private static DatasetSplit Split(long[] tokens, double[] shares) => new("train", "folder",
        [.. tokens.Select((count, i) => new SplitShard($"shard {i}", count))], null, null, null,
        [.. shares.Select((share, i) => new SplitSource($"source {i}", share, i, 1))]);
}
