using TorchLm.Core;
using TorchLm.Core.Training;
using TorchLm.Data.Datasets;
using TorchLm.Data.Loading;
using TorchSharp;

namespace TorchLm.Tests.Data;

/// <summary>TorchSharp's count of living tensors is the process's, so nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TensorCount
{
    public const string Name = "Tensor count";
}

[Collection(TensorCount.Name)]
public sealed class BatchLoaderMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_tensor_made_is_disposed_in_the_end()
    {
        DatasetSplit split = ShardFiles.Split(_folder, 500);
        long before = torch.Tensor.TotalCount;
        using (BatchLoader loader = new(split, batchSize: 2, contextLength: 8, vocabularySize: 500, seed: 3, torch.CPU))
        {
            for (long index = 0; index < 200; index++) loader.GetBatch(index % 3 == 0 ? index * 7 : index).Dispose();
            Assert.InRange(torch.Tensor.TotalCount - before, 0, 2); // the batch in preparation
        }
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_batch_that_cannot_be_read_leaves_no_tensors()
    {
        int[] tokens = new int[5_000_000]; // too large to be looked through when it is opened
        Array.Fill(tokens, 300);
        string path = _folder.Write("set_train_000001.bin", ShardFiles.Shard(tokens));
        DatasetSplit split = new("train", _folder.Path, [new SplitShard(path, tokens.Length)], null, null, null);
        long before = torch.Tensor.TotalCount;
        using (BatchLoader loader = new(split, batchSize: 2, contextLength: 8, vocabularySize: 256, seed: 3, torch.CPU))
        {
            for (long index = 0; index < 10; index++) Assert.Throws<InputException>(() => loader.GetBatch(index));
        }
        Assert.Equal(before, torch.Tensor.TotalCount);
    }
}
