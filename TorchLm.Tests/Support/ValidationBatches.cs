using TorchLm.Core.Training;

namespace TorchLm.Tests.Support;

/// <summary>A validation split whose batches are chosen at each reading, so that a test can decide which losses come out higher and lower.</summary>
internal sealed class ValidationBatches(Func<int, IEnumerable<Batch>> read) : IEvaluationSource
{
    private int _readings;

    /// <summary>The same two batches each time.</summary>
    public static ValidationBatches Fixed => new(_ => [RandomBatches.Make(9001, 2, 8, 11), RandomBatches.Make(9002, 1, 5, 11)]);

    public double? BytesPerToken { get; init; } = 2;

    public IEnumerable<Batch> ReadAll() => read(_readings++);
}
