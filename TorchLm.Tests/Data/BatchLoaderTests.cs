using TorchLm.Core;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;
using TorchSharp;

namespace TorchLm.Tests.Data;

public sealed class BatchLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Batches_equal_a_naive_read_of_the_file()
    {
        DatasetSplit split = ShardFiles.Split(_folder, 400, 90);
        long[][] tokens = [.. split.Shards.Select(shard => Naive(shard.Path))];
        WindowOrder order = new([400, 90], contextLength: 7, seed: 3);
        using BatchLoader loader = Open(split, batchSize: 5, contextLength: 7);
        for (long index = 0; index < 40; index++)
        {
            using Batch batch = loader.GetBatch(index);
            Assert.Equal([5L, 7], batch.Inputs.shape);
            Assert.Equal([5L, 7], batch.Targets.shape);
            Assert.Equal(torch.ScalarType.Int64, batch.Inputs.dtype);
            for (int row = 0; row < 5; row++)
            {
                Window window = order.GetWindow(index * 5 + row);
                long[] expected = tokens[window.Shard][(int)window.Start..((int)window.Start + 8)];
                Assert.Equal(expected[..7], batch.Inputs[row].data<long>().ToArray());
                Assert.Equal(expected[1..], batch.Targets[row].data<long>().ToArray());
            }
        }
    }

    [Fact]
    public void Jumping_gives_the_batch_that_reading_on_gives()
    {
        DatasetSplit split = ShardFiles.Split(_folder, 500);
        using BatchLoader loader = Open(split), jumping = Open(split);
        long[][] inOrder = [.. Enumerable.Range(0, 30).Select(index => Inputs(loader, index))];
        foreach (int index in new[] { 29, 3, 4, 5, 5, 17, 0, 29, 28, 1 }) Assert.Equal(inOrder[index], Inputs(jumping, index));
    }

    [Fact]
    public void A_batch_outlives_the_callers_scope_and_the_loader()
    {
        DatasetSplit split = ShardFiles.Split(_folder, 500);
        Batch batch, jumped;
        using (BatchLoader loader = Open(split))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            batch = loader.GetBatch(0);
            jumped = loader.GetBatch(9);
            Assert.Equal(0, scope.DisposablesCount);
        }
        Assert.False(batch.Inputs.IsInvalid);
        Assert.Equal(16, jumped.Targets.numel());
        batch.Dispose();
        jumped.Dispose();
        Assert.True(batch.Inputs.IsInvalid);
    }

    [Fact]
    public void A_token_beyond_the_vocabulary_is_found_before_training_in_a_small_set()
    {
        DatasetSplit split = ShardFiles.Split(_folder, 500);
        string message = Assert.Throws<InputException>(() => Open(split, vocabularySize: 400)).Message;
        Assert.Contains("position 400", message);
        Assert.Contains("set_train_000001.bin", message);
    }

    [Fact]
    public void An_error_met_in_the_background_surfaces_with_its_batch_and_not_before()
    {
        // Too large to be looked through at once: 5 million tokens, the last quarter of them beyond the vocabulary.
        int[] tokens = new int[5_000_000];
        tokens.AsSpan(3_750_000).Fill(300);
        string path = _folder.Write("set_train_000001.bin", ShardFiles.Shard(tokens));
        DatasetSplit split = new("train", _folder.Path, [new SplitShard(path, tokens.Length)], null, null, null);
        using BatchLoader loader = Open(split, batchSize: 1, contextLength: 1000, vocabularySize: 256);
        WindowOrder order = new([tokens.Length], 1000, seed: 3);
        int wrong = 0;
        for (long index = 0; index < 30; index++)
        {
            bool bad = order.GetWindow(index).Start + 1000 >= 3_750_000;
            if (!bad)
            {
                loader.GetBatch(index).Dispose();
                continue;
            }
            wrong++;
            for (int again = 0; again < 2; again++)
            {
                Assert.Contains("is 300, but the vocabulary has only 256 ids",
                    Assert.Throws<InputException>(() => loader.GetBatch(index)).Message);
            }
        }
        Assert.InRange(wrong, 1, 29);
    }

    [Fact]
    public void A_split_shorter_than_a_window_is_refused_in_a_sentence()
    {
        DatasetSplit split = ShardFiles.Split(_folder, 64);
        string message = Assert.Throws<InputException>(() => Open(split, contextLength: 64)).Message;
        Assert.Contains("The train split", message);
        Assert.Contains("has 64 tokens, but one window needs 65", message);
        Assert.Contains(_folder.Path, message);
        using BatchLoader fits = Open(split, contextLength: 63);
        Assert.Equal(0, Inputs(fits, 5)[0]);
    }

    [Fact]
    public void After_disposal_nothing_is_given()
    {
        BatchLoader loader = Open(ShardFiles.Split(_folder, 100));
        loader.Dispose();
        loader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loader.GetBatch(0));
    }

    private static BatchLoader Open(DatasetSplit split, int batchSize = 2, int contextLength = 8, int vocabularySize = 2000) =>
        new(split, batchSize, contextLength, vocabularySize, seed: 3, torch.CPU);

    private static long[] Inputs(BatchLoader loader, long index)
    {
        using Batch batch = loader.GetBatch(index);
        return batch.Inputs.data<long>().ToArray();
    }

    private static long[] Naive(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return [.. Enumerable.Range(0, (bytes.Length - 1024) / 2).Select(i =>
            (long)(bytes[1024 + 2 * i] | (bytes[1025 + 2 * i] << 8)))];
    }
}
