using TorchLm.Core;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;
using TorchSharp;

namespace TorchLm.Tests.Data;

public sealed class EvaluationWindowsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(8, 4), InlineData(7, 1), InlineData(99, 100), InlineData(1, 50), InlineData(500, 3)]
    public void The_whole_split_asks_for_every_token_but_the_first_of_each_shard_exactly_once(int contextLength, int batchSize)
    {
        using EvaluationWindows windows = Open(ShardFiles.Split(_folder, 100, 2, 1, 65, 9), contextLength);
        List<long> targets = [];
        foreach (Batch batch in windows.ReadAll(batchSize))
        {
            Assert.True(batch.Inputs.shape[0] <= batchSize && batch.Inputs.shape[1] <= contextLength);
            long[] inputs = batch.Inputs.data<long>().ToArray(), following = batch.Targets.data<long>().ToArray();
            Assert.Equal(inputs.Select(token => token + 1), following); // this data counts upwards
            targets.AddRange(following);
            batch.Dispose();
        }
        IEnumerable<long> expected = new[] { (0, 100), (1, 2), (2, 1), (3, 65), (4, 9) }
            .SelectMany(shard => Enumerable.Range(1000 * shard.Item1 + 1, shard.Item2 - 1)).Select(token => (long)token);
        Assert.Equal(expected, targets.Order());
        Assert.Equal(targets.Count, windows.TargetCount);
    }

    [Theory]
    [InlineData(8, 4, 3), InlineData(8, 2, 8), InlineData(7, 1, 1), InlineData(99, 100, 50), InlineData(500, 3, 100)]
    public void Overlapping_windows_ask_for_every_token_once_with_context_before_it(int contextLength, int batchSize, int stride)
    {
        using EvaluationWindows windows = Open(ShardFiles.Split(_folder, 100, 2, 1, 65, 9), contextLength);
        List<long> targets = [];
        foreach (Batch batch in windows.ReadOverlapping(batchSize, stride))
        {
            int rows = (int)batch.Inputs.shape[0], length = (int)batch.Inputs.shape[1], asked = (int)batch.Targets.shape[1];
            Assert.True(rows <= batchSize && length <= contextLength);
            long[] inputs = batch.Inputs.data<long>().ToArray(), following = batch.Targets.data<long>().ToArray();
            for (int row = 0; row < rows; row++)
            {
                Assert.Equal(inputs[(row * length)..((row + 1) * length)][^asked..].Select(token => token + 1), following[(row * asked)..((row + 1) * asked)]);
                Assert.True(inputs[row * length] % 1000 == 0 || (length == contextLength && asked <= stride)); // only a shard's beginning lacks context
            }
            targets.AddRange(following);
            batch.Dispose();
        }
        using EvaluationWindows same = Open(ShardFiles.Split(_folder, 100, 2, 1, 65, 9), contextLength);
        List<long> expected = [];
        foreach (Batch batch in same.ReadAll(batchSize))
        {
            expected.AddRange(batch.Targets.data<long>().ToArray());
            batch.Dispose();
        }
        Assert.Equal(expected.Order(), targets.Order());
    }

    [Fact]
    public void A_random_choice_is_fixed_by_its_seed()
    {
        using EvaluationWindows windows = Open(ShardFiles.Split(_folder, 900, 500), contextLength: 16);
        long[] first = Inputs(windows.RandomBatches(5, 4, seed: 1));
        Assert.Equal(5 * 4 * 16, first.Length);
        Assert.Equal(first, Inputs(windows.RandomBatches(5, 4, seed: 1)));
        Assert.NotEqual(first, Inputs(windows.RandomBatches(5, 4, seed: 2)));
    }

    [Fact]
    public void A_random_choice_takes_every_place_equally_often()
    {
        // Three places in the first shard, one in the last, none in the one between: 4000 draws give each about 1000 (deviation
        // 27).
        using EvaluationWindows windows = Open(ShardFiles.Split(_folder, 12, 9, 10), contextLength: 9);
        long[] starts = Inputs(windows.RandomBatches(40, 100, seed: 4)).Where((_, i) => i % 9 == 0).ToArray();
        Assert.Equal([0L, 1, 2, 2000], starts.Distinct().Order());
        foreach (IGrouping<long, long> start in starts.GroupBy(start => start)) Assert.InRange(start.Count(), 880, 1120);
    }

    [Fact]
    public void A_split_shorter_than_a_window_is_measured_whole_but_not_at_random()
    {
        using EvaluationWindows windows = Open(ShardFiles.Split(_folder, 20), contextLength: 64);
        Assert.Equal(19, Inputs(windows.ReadAll(8)).Length);
        Assert.Contains("has 20 tokens, but one window needs 65",
            Assert.Throws<InputException>(() => windows.RandomBatches(1, 1, 0)).Message);
    }

    [Fact]
    public void Batches_belong_to_the_reader_even_within_a_scope()
    {
        using EvaluationWindows windows = Open(ShardFiles.Split(_folder, 100), contextLength: 8);
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (Batch batch in windows.ReadAll(4)) batch.Dispose();
        Assert.Equal(0, scope.DisposablesCount);
    }

    private static EvaluationWindows Open(DatasetSplit split, int contextLength) =>
        new(split, contextLength, vocabularySize: 5000, torch.CPU);

    private static long[] Inputs(IEnumerable<Batch> batches)
    {
        List<long> inputs = [];
        foreach (Batch batch in batches)
        {
            inputs.AddRange(batch.Inputs.data<long>().ToArray());
            batch.Dispose();
        }
        return [.. inputs];
    }
}
