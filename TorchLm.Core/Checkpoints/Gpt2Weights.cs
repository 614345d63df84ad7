using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// The weights of a <see cref="Gpt"/> under Hugging Face's GPT-2 names and in its orientation, so that the file of a checkpoint is what other programs
/// read. This is the only place where the two kinds of names meet.
/// </summary>
/// <remarks>
/// Hugging Face keeps the four linear layers of a block as "Conv1D", [in, out]: transposed here. A model without biases is written with zero ones,
/// because the architecture has them. Padding rows of the vocabulary are not written; they are zero always.
/// </remarks>
public static class Gpt2Weights
{
    /// <summary>The token embedding, (V, C), which is the output head too.</summary>
    public const string Tokens = "transformer.wte.weight";

    /// <summary>The learned positions, (T, C).</summary>
    public const string Positions = "transformer.wpe.weight";

    /// <summary>A tensor of the file: its name and shape there, the parameter it is, and whether that is its transpose.</summary>
    private readonly record struct Weight(string Name, long[] Shape, string Own, bool Transposed);

    /// <summary>Names and shapes of all tensors of a model of this shape, in the order in which they are written.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Describe(ModelConfig config) => Weights(config).Select(w => (w.Name, w.Shape));

    /// <summary>Whether a name is a bias's: absent from a model that has <c>model.bias</c> false, and zero in its files.</summary>
    public static bool IsBias(string name) => name.EndsWith(".bias", StringComparison.Ordinal);

    /// <summary>A model's weights as they are to be written; the values are read when they are.</summary>
    /// <param name="model">The model.</param>
    /// <param name="values">Other values in place of its parameters', by the parameters' names; null writes its own.</param>
    internal static IReadOnlyList<TensorToWrite> ToWrite(Gpt model, IReadOnlyDictionary<string, Tensor>? values = null)
    {
        IReadOnlyDictionary<string, Tensor> own = values ?? Parameters(model);
        return
        [
            .. Weights(model.Config).Select(w => new TensorToWrite(w.Name, ScalarType.Float32, w.Shape, () =>
            {
                using var noGradient = no_grad();
                return !own.TryGetValue(w.Own, out Tensor? value) ? zeros(w.Shape) : w.Transposed ? value.t() : value.narrow(0, 0, w.Shape[0]);
            })),
        ];
    }

    /// <summary>Writes a model's weights as safetensors.</summary>
    public static void Save(Stream stream, Gpt model) => SafeTensors.Write(stream, ToWrite(model));

    /// <summary>Refuses a file that does not hold exactly the tensors of a model of this shape.</summary>
    /// <param name="file">The file.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="morePositions">Whether the file may hold more positions than the model has.</param>
    /// <exception cref="InputException">A tensor is missing, surplus or misshapen.</exception>
    public static void Check(ITensorSource file, ModelConfig config, bool morePositions = false)
    {
        var surplus = file.Names.ToHashSet();
        foreach ((string name, long[] expected) in Describe(config))
        {
            surplus.Remove(name);
            IReadOnlyList<long> shape = file.ShapeOf(name)
                ?? throw new InputException($"The weights '{file.Path}' lack the tensor '{name}', which the model's configuration asks for.");
            bool longer = morePositions && name == Positions && shape.Count == 2 && shape[1] == expected[1] && shape[0] > expected[0];
            if (!longer && !shape.SequenceEqual(expected))
            {
                throw new InputException($"The weights '{file.Path}' hold '{name}' with the shape ({string.Join(", ", shape)}), but the model's " +
                    $"configuration asks for ({string.Join(", ", expected)}).");
            }
        }
        if (surplus.Count > 0)
        {
            throw new InputException($"The weights '{file.Path}' hold '{surplus.Min(StringComparer.Ordinal)}', which the model's configuration has no place for.");
        }
    }

    /// <summary>Copies the weights of a file into a model of the same shape.</summary>
    /// <param name="file">The file.</param>
    /// <param name="model">Receives the weights.</param>
    /// <param name="morePositions">Whether the file may hold more positions than the model has; the first ones are taken.</param>
    /// <exception cref="InputException">A tensor is missing, surplus or misshapen.</exception>
    public static void Load(ITensorSource file, Gpt model, bool morePositions = false)
    {
        Check(file, model.Config, morePositions);
        using var noGradient = no_grad();
        Dictionary<string, Tensor> own = Parameters(model);
        foreach (Weight weight in Weights(model.Config))
        {
            using var scope = NewDisposeScope();
            Tensor value = file.Read(weight.Name);
            if (own.TryGetValue(weight.Own, out Tensor? parameter))
            {
                Tensor from = weight.Transposed ? value.t() : value.narrow(0, 0, weight.Shape[0]);
                parameter.narrow(0, 0, from.shape[0]).copy_(from);
            }
            else if (value.count_nonzero().item<long>() != 0)
            {
                throw new InputException($"The weights '{file.Path}' hold a bias '{weight.Name}', but the model's configuration has model.bias = false.");
            }
        }
    }

    private static Dictionary<string, Tensor> Parameters(Gpt model) => model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);

    private static IEnumerable<Weight> Weights(ModelConfig config)
    {
        long c = config.EmbeddingSize;
        yield return new Weight(Tokens, [config.VocabularySize, c], "tokens.weight", false);
        yield return new Weight(Positions, [config.ContextLength, c], "positions.weight", false);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string own = $"blocks.{i}", foreign = $"transformer.h.{i}";
            foreach (Weight weight in Norm($"{own}.attentionNorm", $"{foreign}.ln_1")) yield return weight;
            foreach (Weight weight in Linear($"{own}.attention.qkv", $"{foreign}.attn.c_attn", c, 3 * c)) yield return weight;
            foreach (Weight weight in Linear($"{own}.attention.output", $"{foreign}.attn.c_proj", c, c)) yield return weight;
            foreach (Weight weight in Norm($"{own}.mlpNorm", $"{foreign}.ln_2")) yield return weight;
            foreach (Weight weight in Linear($"{own}.mlp.expand", $"{foreign}.mlp.c_fc", c, 4 * c)) yield return weight;
            foreach (Weight weight in Linear($"{own}.mlp.project", $"{foreign}.mlp.c_proj", 4 * c, c)) yield return weight;
        }
        foreach (Weight weight in Norm("finalNorm", "transformer.ln_f")) yield return weight;

        Weight[] Norm(string own, string foreign) =>
            [new(foreign + ".weight", [c], own + ".weight", false), new(foreign + ".bias", [c], own + ".bias", false)];

        Weight[] Linear(string own, string foreign, long inputs, long outputs) =>
            [new(foreign + ".weight", [inputs, outputs], own + ".weight", true), new(foreign + ".bias", [outputs], own + ".bias", false)];
    }
}
