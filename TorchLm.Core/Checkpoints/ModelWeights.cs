using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using static TorchSharp.torch;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// The weights of a <see cref="Gpt"/> under Hugging Face's names and in its orientation, so that the file of a checkpoint is what other programs read:
/// GPT-2's or Llama's, by the model's family. Settings that the family does not have bring tensors of TorchLm's own names.
/// </summary>
/// <remarks>Padding rows of the vocabulary are not written; they are zero always.</remarks>
public static class ModelWeights
{
    /// <summary>Names and shapes of all tensors of a model of this shape, in the order in which they are written.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Describe(ModelConfig config) => Weights(config).Select(w => (w.Name, w.Shape));

    /// <summary>The name of the token embedding, (V, C).</summary>
    public static string Tokens(ModelConfig config) => config.Family == ModelConfig.Llama ? LlamaNames.Tokens : Gpt2Names.Tokens;

    /// <summary>Whether a name is a bias's: absent from a model that has <c>model.bias</c> false, and zero in GPT-2's files.</summary>
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
                return own.TryGetValue(w.Own, out Tensor? value) ? w.PartOf(value) : zeros(w.Shape);
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
            bool longer = morePositions && name == Gpt2Names.Positions && shape.Count == 2 && shape[1] == expected[1] && shape[0] > expected[0];
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
        foreach (StoredWeight weight in Weights(model.Config))
        {
            using var scope = NewDisposeScope();
            Tensor value = file.Read(weight.Name);
            if (own.TryGetValue(weight.Own, out Tensor? parameter))
            {
                Tensor part = weight.PartOf(parameter);
                part.copy_(value.shape[0] > part.shape[0] ? value.narrow(0, 0, part.shape[0]) : value);
            }
            else if (value.count_nonzero().item<long>() != 0)
            {
                throw new InputException($"The weights '{file.Path}' hold a bias '{weight.Name}', but the model's configuration has model.bias = false.");
            }
        }
    }

    private static Dictionary<string, Tensor> Parameters(Gpt model) => model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);

    internal static IEnumerable<StoredWeight> Weights(ModelConfig config) => config.Family == ModelConfig.Llama ? LlamaNames.Of(config) : Gpt2Names.Of(config);
}
