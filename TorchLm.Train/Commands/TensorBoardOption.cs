namespace TorchLm.Train.Commands;

/// <summary>What <c>--tensorboard</c> asks for.</summary>
/// <param name="Histograms">Whether weights and gradients are written as histograms, too.</param>
internal sealed record TensorBoardOption(bool Histograms)
{
    private const string Scalars = "scalars", WithHistograms = "histograms";

    public static string[] Words { get; } = [Scalars, WithHistograms];

    /// <summary>Null where the option was not given; without a word it means scalars.</summary>
    public static TensorBoardOption? Of(bool given, string? word) => given ? new TensorBoardOption(word == WithHistograms) : null;
}
