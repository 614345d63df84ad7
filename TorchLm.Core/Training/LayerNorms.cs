namespace TorchLm.Core.Training;

/// <summary>How large activations and gradients were, part by part of the model, at a logged step.</summary>
/// <param name="Outputs">For each block the root mean square of the residual stream behind it.</param>
/// <param name="Gradients">For each block the L2 norm of the gradient of its parameters, before clipping.</param>
/// <param name="EmbeddingGradient">The same of the embeddings, a tied output head among them, and of their norm.</param>
/// <param name="HeadGradient">The same of the final norm and of an output head of its own; null where the model has neither.</param>
public sealed record LayerNorms(IReadOnlyList<float> Outputs, IReadOnlyList<float> Gradients, float EmbeddingGradient, float? HeadGradient);
