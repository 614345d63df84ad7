using TorchLm.Data.Fables;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Lessons.Pages;

/// <summary>The built-in corpus as characters, in memory: what the lessons' sequence models train on and are measured on.</summary>
internal sealed class CharacterCorpus
{
    private const int TrainingBytes = 500_000, ValidationFables = 40;
    private readonly long[] _training, _validation;

    /// <summary>Writes the corpus; it is the same always.</summary>
    public CharacterCorpus()
    {
        var generator = new FableGenerator();
        Fable[] training = [.. generator.GenerateBytes(TrainingBytes)],
            held = [.. Enumerable.Range(training.Length, ValidationFables).Select(i => generator[i])];
        string text = string.Concat(training.Select(f => f.Text)), heldText = string.Concat(held.Select(f => f.Text));
        CharTokenizer tokenizer = CharTokenizer.FromCharacters((text + heldText).EnumerateRunes());
        (_training, _validation) = (Ids(tokenizer, text), Ids(tokenizer, heldText));
        Vocabulary = tokenizer.VocabularySize;
        CharacterEntropy = -_training.CountBy(id => id).Select(c => (double)c.Value / _training.Length).Sum(p => p * Math.Log(p));
        EntropyFloor = Data.Fables.EntropyFloor.Measure(held).NatsPerCharacter;
    }

    /// <summary>Different characters.</summary>
    public int Vocabulary { get; }

    /// <summary>The loss of a model that knows how often each character occurs, and no more, in nats.</summary>
    public double CharacterEntropy { get; }

    /// <summary>The loss of the process that wrote the held-out text, in nats per character: no model can do better.</summary>
    public double EntropyFloor { get; }

    /// <summary>Random rows to train on: inputs and targets (B, T) int64. The dispose scope owns both.</summary>
    public (Tensor Inputs, Tensor Targets) Batch(NumPyRandom random, int rows, int length) =>
        Rows(_training, Enumerable.Range(0, rows).Select(_ => random.Below(_training.Length - length)), length);

    /// <summary>Rows of the held-out text that follow each other, the same at each call.</summary>
    public (Tensor Inputs, Tensor Targets) Validation(int rows, int length) =>
        Rows(_validation, Enumerable.Range(0, rows).Select(i => i * ((_validation.Length - length - 1) / rows)), length);

    private static (Tensor Inputs, Tensor Targets) Rows(long[] text, IEnumerable<int> starts, int length)
    {
        int[] at = [.. starts];
        Tensor Of(int shift) => tensor([.. at.SelectMany(s => text.AsSpan(s + shift, length).ToArray())], [at.Length, length]);
        return (Of(0), Of(1));
    }

    private static long[] Ids(CharTokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(id => (long)id)];
}
