using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>What blocks know of the sequences that they read, besides the residual stream.</summary>
/// <param name="Ids">(B, T) int64.</param>
/// <param name="Embedded">What the first block is given, (B, T, C), for blocks that mix it in again.</param>
/// <param name="Angles">Cosines and sines of these tokens' rotary positions, (T, D/2) each, where there are any.</param>
internal sealed record SequenceContext(Tensor Ids, Tensor Embedded, (Tensor Cosines, Tensor Sines)? Angles);
