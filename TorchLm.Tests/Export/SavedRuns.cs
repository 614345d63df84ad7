using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using TorchLm.Export;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Export;

/// <summary>Folders of runs as training leaves them, with weights that no part of a computation can be wrong about unseen.</summary>
internal static class SavedRuns
{
    public static readonly ModelConfig Shape = new() { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, ContextLength = 24, Bias = true };

    /// <summary>A run's folder with one checkpoint at step 7 of a model with wide weights; its vocabulary is the tokenizer's.</summary>
    public static RunFolder Make(TemporaryFolder folder, string name, ModelConfig shape, ITokenizer tokenizer, Action<Gpt>? change = null)
    {
        using Gpt model = TinyGpt.WithWideWeights(shape with { VocabularySize = tokenizer.VocabularySize });
        change?.Invoke(model);
        return Save(folder[name], model, tokenizer);
    }

    /// <summary>A run's folder with one checkpoint at step 7.</summary>
    public static RunFolder Save(string path, Gpt model, ITokenizer tokenizer)
    {
        var run = new RunFolder(path);
        Directory.CreateDirectory(path);
        var config = new RunConfig { Model = model.Config };
        using var optimizer = new Optimizer(model, config.Optimizer);
        Checkpoint.Save(run, model, optimizer, new TrainingState { Step = 7, Tokens = 700, TrainingSeconds = 3, BestLoss = 2.5 }, isBest: true, keep: 1);
        tokenizer.Save(run.TokenizerPath);
        File.WriteAllText(run.ConfigPath, config.ToJson());
        File.WriteAllText(run.MetricsPath, """{"step":7,"val_loss":2.5,"val_bpb":1.25,"val_tokens":99}""" + "\n" + """{"step":7,"half""");
        return run;
    }

    public static ModelSource Open(RunFolder run) => ModelSource.Open(SavedModel.Find(run.Path));

    public static string WeightsOf(RunFolder run) => Path.Combine(run.StepPath(run.LatestStep!.Value), "model.safetensors");

    /// <summary>Byte-level BPE with GPT-2's way of splitting.</summary>
    public static ByteLevelBpeTokenizer Bpe { get; } = BpeTrainer.Train(
        Enumerable.Repeat("The fox said to the crow: what a fine voice you have, and what fine feathers! Don't trust 123 flatterers.", 3),
        new BpeTrainerOptions(280)).Tokenizer;

    public static CharTokenizer Characters { get; } = CharTokenizer.FromCharacters("abcdefgh ,.\nüß日🦊".EnumerateRunes());
}
