using TorchLm.Core;
using TorchLm.Core.Configuration;

namespace TorchLm.Export.Architectures;

/// <summary>
/// Convolutions before attention and the MLP remember inputs from one generated token to the next, for which no format has a place beside keys and values.
/// </summary>
internal static class ShortConvolutions
{
    /// <summary>Refuses a model that has them.</summary>
    /// <exception cref="InputException">It has.</exception>
    public static void Refuse(ModelConfig model)
    {
        if (model.ConvolutionWidth == 0) return;
        throw new InputException($"model.convolutionWidth is {model.ConvolutionWidth}, which no format of other software has a place for: sample the model with " +
            "TorchLm, or train one with model.convolutionWidth = 0.");
    }
}
