using TorchLm.Core.Distributed;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Training;

/// <summary>A fixed part of a data set to measure a model on.</summary>
public interface IEvaluationSource
{
    /// <summary>UTF-8 bytes of text that a token stands for on average, or null where it is not known.</summary>
    double? BytesPerToken { get; }

    /// <summary>The same batches each time, on the model's device; shapes may differ between them. The consumer disposes them.</summary>
    IEnumerable<Batch> ReadAll();
}

/// <summary>What a model's predictions are worth on some text.</summary>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Loss">Mean cross-entropy in nats per token.</param>
/// <param name="BytesPerToken">UTF-8 bytes per token, where known.</param>
public sealed record Evaluation(long Tokens, double Loss, double? BytesPerToken)
{
    /// <summary>e to the loss: among how many equally likely tokens the model wavers.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>The loss in bits per byte of text, which compares models of different vocabularies; null where bytes are not known.</summary>
    public double? BitsPerByte => Loss / Math.Log(2) / BytesPerToken;
}

/// <summary>Measures a model on text without changing it.</summary>
public static class Evaluator
{
    /// <summary>The mean loss over all tokens of the source, each weighing the same.</summary>
    /// <param name="model">The model; it is in its earlier mode again afterwards.</param>
    /// <param name="source">The text.</param>
    /// <param name="rows">The most sequences of a batch that are computed at once, where memory does not suffice for all.</param>
    /// <param name="progress">Told the tokens evaluated so far; null tells nobody.</param>
    /// <param name="ranks">Those who share the work: each takes the batches whose number, divided by theirs, leaves its own. Null is this process alone.</param>
    /// <param name="cancel">Asks to stop between batches.</param>
    public static Evaluation Evaluate(Gpt model, IEvaluationSource source, int rows = int.MaxValue, IProgress<long>? progress = null,
        ICollective? ranks = null, CancellationToken cancel = default)
    {
        bool training = model.training;
        model.eval();
        try
        {
            using var noGradient = no_grad();
            double nats = 0;
            long tokens = 0;
            long number = 0;
            foreach (Batch batch in source.ReadAll())
            {
                using (batch)
                {
                    if (ranks is not null && number++ % ranks.WorldSize != ranks.Rank) continue;
                    for (long first = 0, all = batch.Inputs.shape[0]; first < all; first += rows)
                    {
                        cancel.ThrowIfCancellationRequested();
                        using var scope = NewDisposeScope();
                        long part = Math.Min(rows, all - first);
                        Tensor loss = model.Loss(batch.Inputs.narrow(0, first, part), batch.Targets.narrow(0, first, part));
                        long count = part * batch.Targets.shape[1];
                        nats += loss.item<float>() * (double)count;
                        tokens += count;
                        progress?.Report(tokens);
                    }
                }
            }
            if (ranks is not null && new Consensus(ranks, model.Device).Sum(nats, tokens) is [double allNats, double allTokens])
            {
                (nats, tokens) = (allNats, (long)allTokens);
            }
            if (tokens == 0) throw new InputException("There is nothing to evaluate: the split has no tokens.");
            return new Evaluation(tokens, nats / tokens, source.BytesPerToken);
        }
        finally
        {
            model.train(training);
        }
    }
}
