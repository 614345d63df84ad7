using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>What goes on inside a model while it reads one text: where its heads look, and what it expects next after each of its layers.</summary>
public sealed record ModelInspection
{
    /// <summary>The text, T tokens.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>V.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>For each layer, where its heads look.</summary>
    public required IReadOnlyList<AttentionMap> Attention { get; init; }

    /// <summary>
    /// What the output head reads off the residual stream (the logit lens): first of the embeddings, then after each layer, each time for every
    /// position. The last is what the model says.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<LensReading>> Lens { get; init; }

    /// <summary>What the model says, for every position.</summary>
    public IReadOnlyList<LensReading> Predictions => Lens[^1];

    /// <summary>The mean loss in nats per token; the first token, which nothing precedes, has none.</summary>
    public double MeanLoss => Predictions.Where(reading => reading.Next is not null).Average(reading => reading.Next!.Loss);

    /// <summary>Reads a text with a model.</summary>
    /// <param name="model">Dropout takes no part, whatever mode the model is in.</param>
    /// <param name="ids">2 tokens at least, and no more than the context holds.</param>
    /// <param name="top">How many of the likeliest tokens are kept for each reading.</param>
    /// <exception cref="ArgumentException">There are too few or too many tokens.</exception>
    public static ModelInspection Of(Gpt model, IReadOnlyList<int> ids, int top)
    {
        if (ids.Count < 2 || ids.Count > model.Config.ContextLength)
        {
            throw new ArgumentException($"{ids.Count} tokens are not between 2 and the context's {model.Config.ContextLength}.", nameof(ids));
        }
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        bool wasTraining = model.training;
        model.eval();
        try
        {
            Tensor text = tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count], device: model.Device);
            Tensor[] stream = model.ResidualStream(text);
            return new ModelInspection
            {
                Ids = [.. ids],
                VocabularySize = model.Config.VocabularySize,
                Attention = [.. Enumerable.Range(0, model.Config.LayerCount).Select(layer => Look(model, layer, text, stream))],
                Lens = [.. stream.Select(x => Read(model.ReadOff(x), text, ids, top))],
            };
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    private static AttentionMap Look(Gpt model, int layer, Tensor ids, Tensor[] stream)
    {
        using var scope = NewDisposeScope();
        return new AttentionMap(model.Config.HeadCount, (int)ids.shape[1], Values<float>(model.AttentionWeights(layer, ids, stream)));
    }

    /// <summary>Logits (1, T, V), which are disposed: those of all layers together would fill a laptop's memory.</summary>
    private static LensReading[] Read(Tensor logits, Tensor text, IReadOnlyList<int> ids, int top)
    {
        using var scope = NewDisposeScope();
        using Tensor owned = logits;
        int t = ids.Count, kept = (int)Math.Min(top, logits.shape[2]);
        Tensor rows = logits.squeeze(0), logProbabilities = rows.log_softmax(1);               // (T, V)
        (Tensor highest, Tensor tokens) = logProbabilities.topk(kept, 1);                      // (T, top)
        Tensor following = text.narrow(1, 1, t - 1).view(t - 1, 1);
        Tensor known = logProbabilities.narrow(0, 0, t - 1), real = known.gather(1, following);
        float[] best = Values<float>(highest), chosen = Values<float>(real);
        long[] bestIds = Values<long>(tokens), likelier = Values<long>(known.gt(real).sum(1));

        return [.. Enumerable.Range(0, t).Select(i => new LensReading(
            [.. Enumerable.Range(i * kept, kept).Select(j => new TokenChance((int)bestIds[j], Math.Exp(best[j])))],
            i + 1 < t ? new FollowingToken(ids[i + 1], -(double)chosen[i], (int)likelier[i] + 1) : null))];
    }

    private static T[] Values<T>(Tensor tensor) where T : unmanaged => tensor.cpu().contiguous().data<T>().ToArray();
}
