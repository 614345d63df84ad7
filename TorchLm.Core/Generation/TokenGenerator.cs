using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Generation;

/// <summary>Continues token sequences with a model.</summary>
/// <remarks>
/// The model sees a window of at most its context length. When the window is full, its oldest eighth is dropped and the rest is read again, because
/// learned positions cannot slide; so a token costs one position's forward pass, plus on average seven positions' of an efficient batched one. Without
/// the cache the same windows are read from their beginning each time: the tokens are the same, only slower.
/// </remarks>
public sealed class TokenGenerator
{
    private readonly Gpt _model;
    private readonly bool _useCache;

    /// <summary>Makes a generator.</summary>
    /// <param name="model">The model; the generator puts it into evaluation mode.</param>
    /// <param name="useCache">Whether keys and values are kept between tokens.</param>
    public TokenGenerator(Gpt model, bool useCache = true)
    {
        _model = model;
        _useCache = useCache;
    }

    /// <summary>Yields tokens for ever, one for each sequence at a time; the caller takes as many as it wants.</summary>
    /// <param name="prompt">At least one token, which all sequences begin with; of a longer one the last part that leaves room is read.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="count">Sequences side by side.</param>
    /// <exception cref="InputException">An option is impossible, or the prompt is empty or holds an unknown token.</exception>
    public IEnumerable<int[]> Generate(IReadOnlyList<int> prompt, SamplingOptions options, int count = 1)
    {
        options.Validate();
        Rule.AtLeast("count", count, 1);
        if (prompt.Count == 0) throw new InputException("The prompt is empty: a model needs at least one token to continue.");
        if (prompt.Any(t => t < 0 || t >= _model.Config.VocabularySize))
        {
            throw new InputException($"The prompt holds a token outside of the model's vocabulary of {_model.Config.VocabularySize}.");
        }
        return Continue(prompt, options, count);
    }

    private IEnumerable<int[]> Continue(IReadOnlyList<int> prompt, SamplingOptions options, int count)
    {
        int context = _model.Config.ContextLength, shortened = Math.Max(1, context - Math.Max(1, context / 8));
        bool wasTraining = _model.training;
        _model.eval();
        using KeyValueCache? cache = _useCache ? new KeyValueCache(_model, count) : null;
        try
        {
            TokenSampler[] samplers = [.. Enumerable.Range(0, count).Select(i => new TokenSampler(options, i))];
            List<int>[] windows = [.. Enumerable.Range(0, count).Select(_ => prompt.TakeLast(prompt.Count > context ? shortened : context).ToList())];
            int unread = windows[0].Count;
            while (true)
            {
                if (windows[0].Count > context)
                {
                    foreach (List<int> window in windows) window.RemoveRange(0, window.Count - shortened);
                    unread = shortened;
                    cache?.Clear();
                }
                float[] logits = NextLogits(windows, cache is null ? windows[0].Count : unread, cache);
                int v = _model.Config.VocabularySize;
                int[] next = [.. samplers.Select((sampler, i) => sampler.Next(logits.AsSpan(i * v, v), windows[i]))];
                for (int i = 0; i < count; i++) windows[i].Add(next[i]);
                unread = 1;
                yield return next;
            }
        }
        finally
        {
            _model.train(wasTraining);
        }
    }

    /// <summary>Reads the last <paramref name="unread"/> tokens of each window; gives the logits (B · V) of what follows.</summary>
    private float[] NextLogits(List<int>[] windows, int unread, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        long[] ids = [.. windows.SelectMany(w => w.TakeLast(unread)).Select(id => (long)id)];
        Tensor input = tensor(ids, [windows.Length, unread]).to(_model.Device);
        return _model.NextTokenLogits(input, cache).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }
}
