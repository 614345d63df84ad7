using System.Buffers.Binary;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Export.Architectures;
using static TorchSharp.torch;

namespace TorchLm.Export.Gguf;

/// <summary>What an export wrote.</summary>
/// <param name="Bytes">The file's size.</param>
/// <param name="FallenBack">Matrices that are in F16 because their rows are no multiple of a quantised block's 32 weights.</param>
/// <param name="NeedsOwnCharacters">Whether llama.cpp must not be given characters that the vocabulary lacks.</param>
public sealed record GgufFile(long Bytes, int FallenBack, bool NeedsOwnCharacters);

/// <summary>
/// One file with weights and tokenizer that llama.cpp, and what is built on it, loads: as its architecture <c>gpt2</c>, <c>llama</c> or <c>qwen3</c>.
/// </summary>
public static class GgufExport
{
    /// <summary>Writes the file. Weights are read and written one tensor at a time.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file, which appears whole or not at all.</param>
    /// <param name="type">What matrices are stored in.</param>
    /// <param name="overwrite">Whether a GGUF file in that place is replaced.</param>
    /// <param name="progress">Told the share that is written.</param>
    /// <param name="cancel">Stops between two tensors; nothing is left then.</param>
    /// <exception cref="InputException">
    /// The model cannot be said in this format, a value does not fit the type, or the file cannot be made.
    /// </exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static GgufFile Write(ModelSource model, string path, GgufType type, bool overwrite = false, IProgress<double>? progress = null,
        CancellationToken cancel = default)
    {
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new InputException($"--out is '{path}', but that is a folder; name a file.");
        }
        if (File.Exists(path)) RefuseUsed(path, overwrite);
        Architecture architecture = Target.LlamaCpp.Require(model.Config);
        var weights = new ExpressedWeights(model, architecture);
        List<Matrix> tensors = [.. weights.Tensors.Select(t => new Matrix(t.Name, t.Shape, type))];
        MakeFolderOf(path);
        try
        {
            DurableFile.Write(path, stream => Write(stream, model, architecture, weights, tensors, type, progress, cancel));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"Cannot write to '{path}': {e.Message} Choose another --out.", e);
        }
        return new GgufFile(new FileInfo(path).Length, tensors.Count(t => t.FellBack), GgufVocabulary.NeedsOwnCharacters(model.Tokenizer));
    }

    private static void MakeFolderOf(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot make the folder of '{path}': {e.Message} Choose another --out.", e);
        }
    }

    /// <summary>Only a GGUF file is replaced: a mistyped --out may name a text, or the weights that are being exported.</summary>
    private static void RefuseUsed(string path, bool overwrite)
    {
        if (!overwrite) throw new InputException($"'{path}' exists already: replace it with --overwrite, or name another --out.");
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] magic = new byte[4];
            if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length
                && BinaryPrimitives.ReadUInt32LittleEndian(magic) == GgufWriter.Magic) return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read '{path}', which --overwrite would replace: {e.Message} Name another --out.", e);
        }
        throw new InputException($"'{path}' is no GGUF file, and nothing else may be replaced: name another --out.");
    }

    private static void Write(Stream stream, ModelSource model, Architecture architecture, ExpressedWeights weights, List<Matrix> tensors,
        GgufType type, IProgress<double>? progress, CancellationToken cancel)
    {
        var file = new GgufWriter(stream);
        file.Add("general.architecture", architecture.Name);
        file.Add("general.name", model.Name);
        file.Add("general.file_type", GgufTypes.FileType(type));
        if (GgufTypes.IsQuantized(type)) file.Add("general.quantization_version", 2);
        GgufShape.Add(file, model.Config, architecture);
        GgufVocabulary.Add(file, model.Tokenizer);
        GgufNames names = GgufNames.Of(architecture.Family);
        file.WriteHeader([.. tensors.Select(t => (names.ToGguf(t.Name), t.Type, t.Shape))]);
        bool isPermuted = architecture.Name == "llama"; // llama.cpp's qwen3 turns halves as Hugging Face does
        double total = tensors.Sum(t => t.Bytes);
        long written = 0;
        foreach (Matrix tensor in tensors)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor value = weights.Read(tensor.Name);
            if (GgufNames.IsTransposed(tensor.Name)) value = value.t().contiguous();
            if (isPermuted && RotaryRows.Heads(tensor.Name, model.Config) is > 0 and var heads) value = RotaryRows.ToNeighbours(value, heads);
            file.WriteValues(Values(value, tensor));
            progress?.Report((written += tensor.Bytes) / total);
        }
    }

    private static Span<byte> Values(Tensor value, Matrix tensor)
    {
        if (!GgufTypes.IsQuantized(tensor.Type))
        {
            return TensorCast.To(value, tensor.Type switch
            {
                GgufType.F16 => ScalarType.Float16,
                GgufType.BF16 => ScalarType.BFloat16,
                _ => ScalarType.Float32,
            }, tensor.Name).bytes;
        }
        RequireScale(value, tensor);
        byte[] blocks = new byte[tensor.Bytes];
        ReadOnlySpan<float> weights = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(value.bytes);
        if (tensor.Type == GgufType.Q8) QuantizedBlocks.ToQ8(weights, blocks);
        else QuantizedBlocks.ToQ4(weights, blocks);
        return blocks;
    }

    /// <summary>One weight that is not finite, or whose block's scale would not be, would spoil the 31 others of its block.</summary>
    private static void RequireScale(Tensor value, Matrix tensor)
    {
        using Tensor highest = value.max(), lowest = value.min(); // no copy of what may be large
        float found = Math.Max(highest.item<float>(), -lowest.item<float>()), largest = GgufTypes.Largest(tensor.Type);
        if (!(found <= largest)) // so that NaN is refused too
        {
            throw new InputException($"The tensor '{tensor.Name}' holds values up to {found:0.#}, and blocks of " +
                $"{(tensor.Type == GgufType.Q8 ? "q8_0" : "q4_0")} end at {largest:0}: export in bf16 or fp32.");
        }
    }

    /// <summary>A tensor as it will be in the file: its orientation there, and what it is stored in.</summary>
    private sealed class Matrix
    {
        public Matrix(string name, long[] shape, GgufType wanted)
        {
            Name = name;
            Shape = GgufNames.IsTransposed(name) ? [.. shape.Reverse()] : shape;
            bool isEmbedding = name is Gpt2Names.Tokens or Gpt2Names.Positions or Gpt2Names.Head or LlamaNames.Tokens or LlamaNames.Head;
            GgufType type = shape.Length == 1 ? GgufType.F32 : wanted == GgufType.Q4 && isEmbedding ? GgufType.Q8 : wanted;
            FellBack = GgufTypes.IsQuantized(type) && Shape[^1] % GgufTypes.BlockSize != 0;
            Type = FellBack ? GgufType.F16 : type;
            Bytes = GgufTypes.Bytes(Type, shape.Aggregate(1L, (product, dimension) => product * dimension));
        }

        public string Name { get; }

        /// <summary>Outermost dimension first.</summary>
        public long[] Shape { get; }

        public GgufType Type { get; }

        public bool FellBack { get; }

        public long Bytes { get; }
    }
}
