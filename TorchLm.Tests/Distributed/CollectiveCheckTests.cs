using TorchLm.Benchmarks;
using TorchLm.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchLm.Tests.Distributed;

/// <summary>The check that <c>torchlm bench collective</c> makes finds engines that compute wrong.</summary>
public class CollectiveCheckTests
{
    [Theory]
    [InlineData("all-reduce", "all-reduce")]
    [InlineData("reduce-scatter", "reduce-scatter")]
    [InlineData("all-gather", "all-gather")]
    [InlineData("broadcast", "broadcast")]
    public void One_wrong_element_is_found(string operation, string words)
    {
        using var faulty = new Faulty(operation);
        IReadOnlyList<string> failures = CollectiveCheck.Run(faulty, CPU).Failures;
        Assert.NotEmpty(failures);
        Assert.All(failures, failure => Assert.StartsWith($"rank 0: {words}", failure, StringComparison.Ordinal));
        Assert.Contains(failures, failure => failure.Contains("element 0 is 2, not 1", StringComparison.Ordinal));
    }

    /// <summary>Adds 1 to the first element of what one operation gives.</summary>
    private sealed class Faulty(string operation) : ICollective
    {
        private readonly AloneCollective _alone = new();

        public string Engine => "faulty";
        public int Rank => 0;
        public int WorldSize => 1;
        public int LocalRank => 0;
        public TimeSpan? Patience { get; set; }

        public void AllReduce(Tensor tensor) => Spoil("all-reduce", tensor);

        public IPendingCollective BeginAllReduce(Tensor tensor)
        {
            AllReduce(tensor);
            return DonePending.Instance;
        }

        public void ReduceScatter(Tensor whole, Tensor own)
        {
            _alone.ReduceScatter(whole, own);
            Spoil("reduce-scatter", own);
        }

        public IPendingCollective BeginReduceScatter(Tensor whole, Tensor own)
        {
            ReduceScatter(whole, own);
            return DonePending.Instance;
        }

        public void AllGather(Tensor own, Tensor whole)
        {
            _alone.AllGather(own, whole);
            Spoil("all-gather", whole);
        }

        public void Broadcast(Tensor tensor, int root) => Spoil("broadcast", tensor);

        public void Broadcast(byte[] bytes, int root) { }

        public void Watch(TimeSpan silence, Action<string> onLost) => _alone.Watch(silence, onLost);

        public void Barrier() { }

        public void Abort(int exitCode) { }

        public void Dispose() => _alone.Dispose();

        private void Spoil(string done, Tensor tensor)
        {
            if (done != operation) return;
            using Tensor first = tensor.narrow(0, 0, 1);
            using Scalar one = 1.ToScalar();
            first.add_(one);
        }
    }
}
