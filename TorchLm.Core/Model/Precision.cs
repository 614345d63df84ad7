using TorchLm.Core.Configuration;
using static TorchSharp.torch;

namespace TorchLm.Core.Model;

/// <summary>What matrix products and attention compute in. Weights, residual stream, norms, softmax and loss are float32 always.</summary>
public enum Precision
{
    /// <summary>IEEE binary32.</summary>
    Float32,

    /// <summary>float32 in memory, products on CUDA's matrix units with 10 bits of mantissa.</summary>
    TensorFloat32,

    /// <summary>bfloat16: float32's range, 8 bits of mantissa.</summary>
    BFloat16,

    /// <summary>IEEE binary16: 11 bits of mantissa, but gradients below 6e-8 vanish, so that the loss is scaled.</summary>
    Float16,
}

/// <summary>Names and types of precisions.</summary>
public static class PrecisionNames
{
    private static readonly string[] s_names = ["fp32", "tf32", "bf16", "fp16"];

    /// <summary>What the setting training.precision and the option --precision can be.</summary>
    internal static string[] Choices { get; } = [.. ConfigSetting.Words("training.precision")!];

    /// <summary>As it is written on the command line and in config.json.</summary>
    public static string Name(this Precision precision) => s_names[(int)precision];

    /// <summary>The precision of a name.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    public static Precision Parse(string name)
    {
        Rule.OneOf("training.precision", name, s_names);
        return (Precision)Array.IndexOf(s_names, name);
    }

    /// <summary>Sets what CUDA does with products of float32, a switch of the whole process, before a model of this precision computes.</summary>
    internal static void Switch(this Precision precision, Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA) backends.cuda.matmul.allow_tf32 = precision == Precision.TensorFloat32;
    }

    /// <summary>The type of tensors that products take.</summary>
    internal static ScalarType ComputeType(this Precision precision) => precision switch
    {
        Precision.BFloat16 => ScalarType.BFloat16,
        Precision.Float16 => ScalarType.Float16,
        _ => ScalarType.Float32,
    };
}
