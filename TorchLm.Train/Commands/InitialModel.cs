using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;

namespace TorchLm.Train.Commands;

/// <summary>The model that a run begins with (<c>--init-from</c>) instead of random weights.</summary>
internal static class InitialModel
{
    /// <summary>The preset that is used when a model is trained further and nothing else is said.</summary>
    public const string Preset = "finetune";

    /// <summary>A configuration whose model is the one in a folder, with the settings on top.</summary>
    /// <exception cref="InputException">There is no model, or a setting changes what belongs to it.</exception>
    public static RunConfig Configure(string json, string source, IReadOnlyList<string> settings, string folder)
    {
        if (settings.Any(s => s.StartsWith("data.tokenizer", StringComparison.Ordinal)))
        {
            throw new InputException("--init-from keeps the model's tokenizer: leave data.tokenizer out.");
        }
        SavedModel saved = ModelFolder.Find(folder);
        RunConfig before = RunConfig.Parse(json, source);
        before = before with { Model = saved.Config.Model, Training = before.Training with { InitFrom = saved.CheckpointPath } };
        return RunConfig.Parse(before.ToJson(), source, settings);
    }

    /// <summary>The model that a configuration begins with, or null where that is random weights.</summary>
    /// <exception cref="InputException">It is not there, or has another shape than the configuration's model.</exception>
    public static SavedModel? Find(RunConfig config)
    {
        if (config.Training.InitFrom is not { } path) return null;
        SavedModel saved = ModelFolder.Find(path);
        ModelConfig theirs = saved.Config.Model, ours = config.Model;
        if (ours with { ContextLength = theirs.ContextLength, Dropout = theirs.Dropout, VocabularyMultiple = theirs.VocabularyMultiple } != theirs)
        {
            throw new InputException($"The run begins with the model in '{path}', which keeps its shape: of the settings model.*, only model.contextLength, " +
                "model.dropout and model.vocabularyMultiple can be changed.");
        }
        if (ours.ContextLength > theirs.ContextLength)
        {
            throw new InputException($"model.contextLength is {ours.ContextLength}, but the model in '{path}' has {theirs.ContextLength} positions, and only fewer can be used.");
        }
        return saved;
    }
}
