using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Tests.Model;

/// <summary>What holds for any model however it reads a text.</summary>
internal static class ReadingChecks
{
    /// <summary>Changing token <paramref name="t"/> changes no logit before it, to the last bit, and those after it.</summary>
    public static void AssertCausal(Gpt model, int t, Func<Gpt, Tensor, Tensor> read)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        int length = model.Config.ContextLength, v = model.Config.VocabularySize;
        long[][] before = TinyGpt.RandomRows(2, length, v, 1), after = [.. before.Select(row => (long[])row.Clone())];
        foreach (long[] row in after) row[t] = (row[t] + 1) % v;
        Tensor original = read(model, TinyGpt.Ids(before)), changed = read(model, TinyGpt.Ids(after));
        for (int position = 0; position <= t; position++)
        {
            bool same = TinyGpt.Values(original.select(1, position)).SequenceEqual(TinyGpt.Values(changed.select(1, position)));
            Assert.True(same == position < t, $"token {t} was changed, and the logits at {position} {(same ? "stayed" : "changed")}: {model.Config}");
        }
    }

    /// <summary>A text read in pieces, with a cache, has the logits that it has when read at once.</summary>
    public static void AssertCachedIsUncached(Gpt model, params int[] pieces)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor ids = TinyGpt.Ids(TinyGpt.RandomRows(3, model.Config.ContextLength, model.Config.VocabularySize, 2));
        float[] plain = TinyGpt.Values(model.forward(ids)), cached = TinyGpt.Values(InPieces(model, ids, pieces));
        float scale = plain.Max(Math.Abs);
        for (int i = 0; i < plain.Length; i++)
        {
            bool near = Math.Abs(plain[i] - cached[i]) <= 1e-5f * scale;
            Assert.True(near, $"logit {i} is {plain[i]}, from pieces of {string.Join(", ", pieces)} {cached[i]}: {model.Config}");
        }
    }

    /// <summary>Reads ids (B, T) piece after piece, the last length again and again; gives all logits.</summary>
    public static Tensor InPieces(Gpt model, Tensor ids, params int[] pieces)
    {
        using var cache = new KeyValueCache(model, (int)ids.shape[0]);
        var parts = new List<Tensor>();
        for (int i = 0; cache.Length < ids.shape[1]; i++)
        {
            long length = Math.Min(pieces[Math.Min(i, pieces.Length - 1)], ids.shape[1] - cache.Length);
            parts.Add(model.forward(ids.narrow(1, cache.Length, length), cache));
        }
        return cat(parts, 1);
    }
}
