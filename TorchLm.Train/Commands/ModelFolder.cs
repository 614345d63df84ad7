using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Data.Datasets;
using TorchLm.Export;
using TorchLm.Tokenizers;

namespace TorchLm.Train.Commands;

/// <summary>The model that a user's path means.</summary>
internal static class ModelFolder
{
    /// <summary>Finds a trained or imported model.</summary>
    /// <exception cref="InputException">There is none, or one of another program's that is to be imported first.</exception>
    public static SavedModel Find(string path)
    {
        if (ModelImport.IsForeign(path))
        {
            throw new InputException($"'{path}' holds a model of another program's: make it TorchLm's first, with torchlm import --from {Hint.Path(path)} --out DIR.");
        }
        return SavedModel.Find(path);
    }

    /// <summary>The tokenizer that a model was trained with.</summary>
    /// <exception cref="InputException">The run has none.</exception>
    public static ITokenizer Tokenizer(SavedModel saved)
    {
        if (File.Exists(saved.Run.TokenizerPath)) return TokenizerFile.Load(saved.Run.TokenizerPath);
        throw new InputException($"The run in '{saved.Run.Path}' has no tokenizer, because its shards came without one: put the tokenizer.json that they were " +
            "made with into that folder.");
    }

    /// <summary>Refuses data whose tokens mean something else than the model's.</summary>
    /// <exception cref="InputException">The data set came with another tokenizer.</exception>
    public static void RequireSameTokenizer(SavedModel saved, TokenDataset dataset)
    {
        if (dataset.TokenizerFile is not { } theirs || !File.Exists(saved.Run.TokenizerPath)
            || File.ReadAllText(theirs) == File.ReadAllText(saved.Run.TokenizerPath))
        {
            return;
        }
        throw new InputException($"The data set '{dataset.Folder}' was made with another tokenizer than the model's, so its tokens mean something else: prepare it " +
            $"with --tokenizer {Hint.Path(saved.Run.Path)}.");
    }
}
