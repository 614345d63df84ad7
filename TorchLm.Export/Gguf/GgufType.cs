namespace TorchLm.Export.Gguf;

/// <summary>
/// What the matrices of a GGUF file are stored in; vectors (norms, biases) are float32 always, because llama.cpp computes with them directly.
/// </summary>
public enum GgufType
{
    /// <summary>32 bits a weight, exactly as trained.</summary>
    F32,

    /// <summary>IEEE half precision, 16 bits a weight.</summary>
    F16,

    /// <summary>bfloat16, 16 bits a weight.</summary>
    BF16,

    /// <summary>ggml's Q8_0: 8-bit integers in blocks of 32 with a scale: 8.5 bits a weight.</summary>
    Q8,

    /// <summary>ggml's Q4_0: 4-bit integers in blocks of 32 with a scale, 4.5 bits a weight; embeddings stay Q8_0.</summary>
    Q4,
}

/// <summary>The numbers and sizes that the format gives to types (ggml.h, enum ggml_type; llama.h, enum llama_ftype).</summary>
internal static class GgufTypes
{
    /// <summary>Weights in a block of a quantised type.</summary>
    public const int BlockSize = 32;

    /// <summary>The number of a tensor's type.</summary>
    public static uint Number(GgufType type) => type switch
    {
        GgufType.F32 => 0,
        GgufType.F16 => 1,
        GgufType.Q4 => 2,
        GgufType.Q8 => 8,
        _ => 30,
    };

    /// <summary>The number that <c>general.file_type</c> has for a file of mostly this type.</summary>
    public static uint FileType(GgufType type) => type switch
    {
        GgufType.F32 => 0,
        GgufType.F16 => 1,
        GgufType.Q4 => 2,
        GgufType.Q8 => 7,
        _ => 32,
    };

    /// <summary>The type with that number, or null where TorchLm does not read it.</summary>
    public static GgufType? Find(uint number) => Enum.GetValues<GgufType>().Cast<GgufType?>().FirstOrDefault(type => Number(type!.Value) == number);

    /// <summary>What a type that TorchLm does not read is called; files are named after it (Q4_K_M).</summary>
    public static string NameOf(uint number) => s_others.GetValueOrDefault(number) ?? $"ggml's type number {number}";

    private static readonly Dictionary<uint, string> s_others = new()
    {
        [3] = "q4_1", [6] = "q5_0", [7] = "q5_1", [9] = "q8_1",
        [10] = "q2_K", [11] = "q3_K", [12] = "q4_K", [13] = "q5_K", [14] = "q6_K", [15] = "q8_K",
        [16] = "iq2_xxs", [17] = "iq2_xs", [18] = "iq3_xxs", [19] = "iq1_s", [20] = "iq4_nl", [21] = "iq3_s", [22] = "iq2_s", [23] = "iq4_xs",
        [24] = "8-bit integers", [25] = "16-bit integers", [26] = "32-bit integers", [27] = "64-bit integers", [28] = "double precision",
        [29] = "iq1_m", [34] = "tq1_0", [35] = "tq2_0", [39] = "mxfp4",
    };

    /// <summary>Whether weights are stored in blocks.</summary>
    public static bool IsQuantized(GgufType type) => type is GgufType.Q8 or GgufType.Q4;

    /// <summary>The largest magnitude that a type's blocks can hold: their scales are in half precision, which ends at 65,504.</summary>
    public static float Largest(GgufType type) => (float)Half.MaxValue * (type == GgufType.Q8 ? 127 : 8);

    /// <summary>Bytes of so many weights, which for a quantised type are whole blocks.</summary>
    public static long Bytes(GgufType type, long weights) => type switch
    {
        GgufType.F32 => 4 * weights,
        GgufType.F16 or GgufType.BF16 => 2 * weights,
        GgufType.Q8 => weights / BlockSize * QuantizedBlocks.Q8Bytes,
        _ => weights / BlockSize * QuantizedBlocks.Q4Bytes,
    };
}
