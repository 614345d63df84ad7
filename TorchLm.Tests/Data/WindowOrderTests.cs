using TorchLm.Data.Loading;

namespace TorchLm.Tests.Data;

public class WindowOrderTests
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(7), InlineData(16), InlineData(17)]
    [InlineData(64), InlineData(97), InlineData(128), InlineData(255), InlineData(1000), InlineData(4096), InlineData(7919)]
    public void Order_is_a_permutation_of_all_windows(int windows)
    {
        const int length = 8;
        long tokens = windows == 1 ? length + 1 : (windows + 1) * length + 1;
        WindowOrder order = new([tokens], length, seed: 42);
        Assert.Equal(windows, order.WindowsPerEpoch);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            long[] starts = [.. Epoch(order, epoch).Select(window => window.Start).Order()];
            // Side by side, none twice, none left out.
            for (int i = 1; i < windows; i++) Assert.Equal(starts[0] + i * length, starts[i]);
            Assert.InRange(starts[0], 0, tokens - 1 - windows * length);
        }
    }

    [Fact]
    public void Windows_never_cross_a_shard_and_short_shards_are_passed_over()
    {
        long[] tokens = [5, 100, 8, 1, 9, 33, 3];
        WindowOrder order = new(tokens, contextLength: 8, seed: 7);
        Assert.Equal(11 + 1 + 3, order.WindowsPerEpoch); // (12 - 1) + 1 + (4 - 1) of shards 1, 4 and 5
        for (int epoch = 0; epoch < 50; epoch++)
        {
            Window[] windows = [.. Epoch(order, epoch)];
            Assert.Equal(windows.Length, windows.Distinct().Count());
            Assert.Equal([1, 4, 5], windows.Select(window => window.Shard).Distinct().Order());
            Assert.All(windows, window => Assert.InRange(window.Start, 0, tokens[window.Shard] - 9));
        }
    }

    [Fact]
    public void Over_the_epochs_every_token_is_a_target()
    {
        WindowOrder order = new([75], contextLength: 8, seed: 3);
        HashSet<long> targets = [];
        for (int epoch = 0; epoch < 300; epoch++)
        {
            foreach (Window window in Epoch(order, epoch))
            {
                targets.UnionWith(Enumerable.Range((int)window.Start + 1, 8).Select(i => (long)i));
            }
        }
        Assert.Equal(Enumerable.Range(1, 74).Select(i => (long)i), targets.Order());
    }

    [Fact]
    public void Epochs_and_seeds_differ_in_order_and_in_borders()
    {
        WindowOrder order = new([10_000], 16, seed: 1), other = new([10_000], 16, seed: 2);
        Window[] first = [.. Epoch(order, 0)], second = [.. Epoch(order, 1)];
        Assert.NotEqual(first, second);
        Assert.NotEqual(first, Epoch(other, 0));
        Assert.True(Enumerable.Range(0, 40).Select(epoch => Epoch(order, epoch).First().Start % 16).Distinct().Count() > 8);

        // In a random order the neighbour in the text seldom follows (about once an epoch), and half of all steps go backwards.
        int followed = 0, backwards = 0;
        for (int i = 1; i < first.Length; i++)
        {
            if (first[i].Start == first[i - 1].Start + 16) followed++;
            if (first[i].Start < first[i - 1].Start) backwards++;
        }
        Assert.InRange(followed, 0, 8);
        Assert.InRange(backwards, first.Length * 0.42, first.Length * 0.58);
    }

    [Fact]
    public void Every_window_comes_equally_often_at_every_place()
    {
        // 5 windows, 4000 epochs: each place sees each window about 800 times (standard deviation 25).
        WindowOrder order = new([6 * 4 + 1], contextLength: 4, seed: 11);
        int[,] seen = new int[5, 5];
        for (int epoch = 0; epoch < 4000; epoch++)
        {
            Window[] windows = [.. Epoch(order, epoch)];
            long first = windows.Min(window => window.Start);
            for (int place = 0; place < 5; place++) seen[place, (windows[place].Start - first) / 4]++;
        }
        foreach (int count in seen) Assert.InRange(count, 650, 950);
    }

    [Fact]
    public void The_same_sample_is_the_same_window_whenever_it_is_asked_for()
    {
        long[] tokens = [3000, 500];
        WindowOrder order = new(tokens, 32, seed: 5);
        Window[] inOrder = [.. Enumerable.Range(0, 500).Select(sample => order.GetWindow(sample))];
        WindowOrder resumed = new(tokens, 32, seed: 5);
        for (int sample = 499; sample >= 0; sample--) Assert.Equal(inOrder[sample], resumed.GetWindow(sample));
    }

    [Fact]
    public void The_order_stays_what_it_is()
    {
        // A change here would make every resumed run continue on other data than it would have seen. The values were computed
        // with a second implementation, in Python, from the description.
        WindowOrder order = new([1000, 200], contextLength: 10, seed: 1337);
        IEnumerable<Window> windows = Enumerable.Range(0, 6).Select(sample => order.GetWindow(sample * 50L));
        Assert.Equal("0:137 0:957 0:627 0:148 0:368 0:826", string.Join(" ",
            windows.Select(window => $"{window.Shard}:{window.Start}")));
    }

    [Fact]
    public void A_huge_set_is_no_slower_and_stays_in_range()
    {
        WindowOrder order = new([.. Enumerable.Repeat(2_000_000_000L, 5000)], contextLength: 1024, seed: 9);
        for (long sample = 0; sample < 1000; sample++)
        {
            Window window = order.GetWindow(sample * 99_999_999_977);
            Assert.InRange(window.Start, 0, 2_000_000_000L - 1025);
            Assert.InRange(window.Shard, 0, 4999);
        }
    }

    [Fact]
    public void A_set_shorter_than_a_window_is_refused() => Assert.Throws<ArgumentException>(() => new WindowOrder([8, 3], 8, 0));

    private static IEnumerable<Window> Epoch(WindowOrder order, long epoch)
    {
        for (long i = 0; i < order.WindowsPerEpoch; i++) yield return order.GetWindow(epoch * order.WindowsPerEpoch + i);
    }
}
