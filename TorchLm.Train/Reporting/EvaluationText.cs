using TorchLm.Core.Training;

namespace TorchLm.Train.Reporting;

/// <summary>An evaluation in words.</summary>
internal static class EvaluationText
{
    public static string Of(Evaluation result) =>
        $"loss {result.Loss:0.0000} nats/token, perplexity {result.Perplexity:0.00}{BitsPerByte(result)} over {result.Tokens:N0} tokens";

    public static string BitsPerByte(Evaluation result) => result.BitsPerByte is { } bits ? $", {bits:0.000} bits/byte" : "";
}
