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
    private static readonly (string Own, string Foreign)[] s_block =
    [
        ("attentionNorm", "ln_1"), ("attention.qkv", "attn.c_attn"), ("attention.output", "attn.c_proj"),
        ("mlpNorm", "ln_2"), ("mlp.expand", "mlp.c_fc"), ("mlp.project", "mlp.c_proj"),
    ];

    private readonly record struct Weight(string Name, Tensor? Own, long[] Shape, bool Transposed);

    /// <summary>Writes a model's weights as safetensors.</summary>
    public static void Save(Stream stream, Gpt model)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        SafeTensors.Write(stream, [.. Weights(model).Select(w => (w.Name, w.Own is null ? zeros(w.Shape)
            : w.Transposed ? w.Own.t() : w.Own.narrow(0, 0, w.Shape[0])))]);
    }

    /// <summary>Copies the weights of a file into a model of the same shape.</summary>
    /// <exception cref="InputException">A tensor is missing, surplus or misshapen.</exception>
    public static void Load(SafeTensorsReader file, Gpt model)
    {
        using var noGradient = no_grad();
        var surplus = file.Names.ToHashSet();
        foreach (Weight weight in Weights(model))
        {
            using var scope = NewDisposeScope();
            surplus.Remove(weight.Name);
            IReadOnlyList<long> shape = file.ShapeOf(weight.Name)
                ?? throw new InputException($"The weights '{file.Path}' lack the tensor '{weight.Name}', which the model's configuration asks for.");
            if (!shape.SequenceEqual(weight.Shape))
            {
                throw new InputException($"The weights '{file.Path}' hold '{weight.Name}' with the shape ({string.Join(", ", shape)}), but the model's " +
                    $"configuration asks for ({string.Join(", ", weight.Shape)}).");
            }
            Tensor value = file.Read(weight.Name);
            if (weight.Own is not null)
            {
                weight.Own.narrow(0, 0, weight.Transposed ? weight.Shape[1] : weight.Shape[0]).copy_(weight.Transposed ? value.t() : value);
            }
            else if (value.count_nonzero().item<long>() != 0)
            {
                throw new InputException($"The weights '{file.Path}' hold a bias '{weight.Name}', but the model's configuration has model.bias = false.");
            }
        }
        if (surplus.Count > 0)
        {
            throw new InputException($"The weights '{file.Path}' hold '{surplus.Min(StringComparer.Ordinal)}', which the model's configuration has no place for.");
        }
    }

    private static IEnumerable<Weight> Weights(Gpt model)
    {
        ModelConfig config = model.Config;
        Dictionary<string, Tensor> own = model.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        Weight Plain(string name, string foreign, long rows) =>
            new($"transformer.{foreign}.weight", own[name + ".weight"], [rows, config.EmbeddingSize], false);

        yield return Plain("tokens", "wte", config.VocabularySize);
        yield return Plain("positions", "wpe", config.ContextLength);
        for (int i = 0; i < config.LayerCount; i++)
        {
            foreach ((string name, string foreign) in s_block)
            {
                foreach (Weight weight in Pair($"blocks.{i}.{name}", $"transformer.h.{i}.{foreign}")) yield return weight;
            }
        }
        foreach (Weight weight in Pair("finalNorm", "transformer.ln_f")) yield return weight;

        IEnumerable<Weight> Pair(string name, string foreign)
        {
            Tensor value = own[name + ".weight"];
            bool isMatrix = value.dim() == 2;
            yield return new Weight(foreign + ".weight", value, isMatrix ? [value.shape[1], value.shape[0]] : value.shape, isMatrix);
            yield return new Weight(foreign + ".bias", own.GetValueOrDefault(name + ".bias"), [value.shape[0]], false);
        }
    }
}
