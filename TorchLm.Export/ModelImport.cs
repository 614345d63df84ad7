using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Export.Gguf;
using TorchLm.Export.HuggingFace;
using TorchLm.Tokenizers;
using static TorchSharp.torch;

namespace TorchLm.Export;

/// <summary>What an import found.</summary>
/// <param name="Config">The model's shape.</param>
/// <param name="Tokenizer">Its tokenizer; null where it came without one.</param>
/// <param name="UnusedRows">Rows of the token embedding that no token has, which were left out.</param>
public sealed record ImportReport(ModelConfig Config, ITokenizer? Tokenizer, int UnusedRows);

/// <summary>Makes a model of another program's files one of TorchLm's: a run's folder with a checkpoint at step 0, in float32.</summary>
public static class ModelImport
{
    /// <summary>Whether a path is something that <see cref="Run"/> reads, and not a model of TorchLm's.</summary>
    public static bool IsForeign(string path) => Directory.Exists(path) ? ModelConfigFile.IsIn(path) : IsGguf(path);

    /// <summary>Reads the model one tensor at a time, checks everything, and writes the folder.</summary>
    /// <param name="from">A folder in Hugging Face's layout, or a .gguf file.</param>
    /// <param name="output">The new folder, which appears whole or not at all.</param>
    /// <param name="progress">Told the share that is written.</param>
    /// <param name="cancel">Stops between two tensors; nothing is left then.</param>
    /// <exception cref="InputException">The files are missing, damaged, not supported or dangerous, or the folder cannot be made.</exception>
    /// <exception cref="TokenizerException">The tokenizer is damaged or not supported.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static ImportReport Run(string from, string output, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        using IForeignModel model = Open(from);
        ModelConfig config = model.Config with { Bias = HasBiases(model) };
        int unused = 0;
        if (model.Tokenizer is { } tokenizer)
        {
            unused = config.VocabularySize - tokenizer.VocabularySize;
            if (unused < 0)
            {
                throw new InputException($"The tokenizer in '{from}' has {tokenizer.VocabularySize} ids, but the model only {config.VocabularySize}: they do not belong together.");
            }
            config = config with { VocabularySize = tokenizer.VocabularySize };
        }

        using ExportFolder folder = ExportFolder.Begin(output);
        var run = new RunFolder(folder.Temporary);
        List<TensorToWrite> tensors = [.. ModelWeights.Describe(config).Select(t => new TensorToWrite(t.Name, ScalarType.Float32, t.Shape, () => Read(t.Name, t.Shape)))];
        long bytes = 4 * tensors.Sum(t => t.Elements);
        Checkpoint.SaveWeights(run, tensors, Share.Of(bytes, progress), cancel);
        model.Tokenizer?.Save(run.TokenizerPath);
        DurableFile.WriteText(run.ConfigPath, new RunConfig { Model = config, Data = new DataConfig { Path = DataConfig.Required } }.ToJson() + "\n");
        folder.Complete();
        return new ImportReport(config, model.Tokenizer, unused);

        Tensor Read(string name, long[] shape)
        {
            Tensor value = model.Weights.Read(name).to(ScalarType.Float32);
            bool hasRowOfEachToken = name == ModelWeights.Tokens(config) || name == Gpt2Names.Head; // which Llama's head is called, too
            return hasRowOfEachToken ? value.narrow(0, 0, shape[0]) : value;
        }
    }

    private static IForeignModel Open(string from)
    {
        if (SafeTensorsFolder.IsPickle(from)) throw SafeTensorsFolder.RefusePickle(from);
        if (Directory.Exists(from)) return HuggingFaceModel.Open(from);
        if (IsGguf(from)) return GgufModel.Open(from);
        throw new InputException($"{(File.Exists(from) ? $"'{from}' is a file that cannot be imported" : $"There is no '{from}' to import")}: name a folder in Hugging " +
            "Face's layout or a .gguf file.");
    }

    private static bool IsGguf(string path) => File.Exists(path) && Path.GetExtension(path).Equals(".gguf", StringComparison.OrdinalIgnoreCase);

    /// <summary>GPT-2 has biases always; a model that was trained without them comes with zeros, and goes on without them.</summary>
    private static bool HasBiases(IForeignModel model)
    {
        foreach (string name in model.Weights.Names.Where(ModelWeights.IsBias))
        {
            using Tensor value = model.Weights.Read(name), count = value.count_nonzero();
            if (count.item<long>() != 0) return true;
        }
        return false;
    }
}
