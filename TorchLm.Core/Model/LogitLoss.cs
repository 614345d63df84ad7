namespace TorchLm.Core.Model;

/// <summary>The loss of logits.</summary>
/// <param name="Vocabulary">How many columns take part; further ones are padding.</param>
/// <param name="SoftCap">Logits become cap·tanh(logit / cap) before anything else; 0 leaves them.</param>
/// <param name="ZLoss">What log² Σ exp of a row's logits weighs beside its cross-entropy, in gradients alone; 0 is nothing.</param>
internal readonly record struct LogitLoss(int Vocabulary, double SoftCap = 0, double ZLoss = 0);
