namespace TorchLm.Tokenizers;

/// <summary>One rule of byte-pair encoding: two neighbouring tokens become one.</summary>
/// <param name="Left">Id of the first token.</param>
/// <param name="Right">Id of the second token.</param>
/// <param name="Result">Id of the token that they become; its bytes are those of both.</param>
public readonly record struct BpeMerge(int Left, int Right, int Result);
