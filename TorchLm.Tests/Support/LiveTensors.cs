using TorchSharp;

namespace TorchLm.Tests.Support;

/// <summary>How many tensors this thread has made and not disposed, other threads' tests not counted.</summary>
internal static class LiveTensors
{
    public static long OfThisThread => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
}
