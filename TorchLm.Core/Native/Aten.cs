using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchLm.Core.Native;

/// <summary>
/// Calls those ATen operators that TorchSharp does not wrap, through libtorch's stable C interface (torch/csrc/stable/c/shim.h, 2.10).
/// </summary>
/// <remarks>
/// An operator takes its arguments from a stack of 8-byte slots and leaves its results there: a tensor's handle, a list's handle, an integer, the
/// bits of a double, or a boolean; an optional value is null or a pointer to a heap-allocated slot. The callee consumes every handle it is given, so
/// each tensor is passed as a new handle to the same tensor. Autograd records these calls like any other.
/// </remarks>
internal static unsafe partial class Aten
{
    /// <summary>The interface's version that these calls are written against: libtorch 2.10, major and minor in the two upper bytes.</summary>
    private const ulong AbiVersion = 0x020a_0000_0000_0000;

    private const string Library = "torch_cpu";

    /// <summary>Looks rows up: <paramref name="weight"/> (V, C) and <paramref name="ids"/> (B, T) give (B, T, C). The caller owns the result.</summary>
    public static Tensor Embedding(Tensor weight, Tensor ids)
    {
        ulong* stack = stackalloc ulong[5] { Slot(weight), Slot(ids), unchecked((ulong)-1L), 0, 0 };
        Call("aten::embedding", "", stack);
        return Tensor.UnsafeCreateTensor((IntPtr)stack[0]);
    }

    /// <summary>
    /// One AdamW update of all tensors of a group in one operator, in place (Loshchilov and Hutter 2019; PyTorch's <c>fused=True</c>).
    /// </summary>
    /// <param name="parameters">What is updated.</param>
    /// <param name="gradients">Their gradients; divided by <paramref name="gradientScale"/> in place.</param>
    /// <param name="firstMoments">Running means of the gradients.</param>
    /// <param name="secondMoments">Running means of their squares.</param>
    /// <param name="steps">Update counts, one float32 scalar for each parameter, already incremented.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="weightDecay">Decoupled decay, multiplied by the rate.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="gradientScale">A float32 scalar that gradients are divided by, or null.</param>
    /// <param name="foundInfinite">A float32 scalar; where it is 1 nothing is updated. Null updates always.</param>
    public static void FusedAdamW(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> firstMoments,
        IReadOnlyList<Tensor> secondMoments, IReadOnlyList<Tensor> steps, double learningRate, double beta1, double beta2, double weightDecay,
        double epsilon, Tensor? gradientScale, Tensor? foundInfinite = null)
    {
        ulong* stack = stackalloc ulong[15]
        {
            Slot(parameters), Slot(gradients), Slot(firstMoments), Slot(secondMoments), Slot([]), Slot(steps),
            Slot(learningRate), Slot(beta1), Slot(beta2), Slot(weightDecay), Slot(epsilon), Slot(false), Slot(false),
            OptionalSlot(gradientScale), OptionalSlot(foundInfinite),
        };
        Call("aten::_fused_adamw_", "", stack);
    }

    /// <summary>
    /// One update by gradient descent of all tensors of a group in one operator, in place: g += decay · p; v = momentum · v + g; p -= rate · v, or
    /// with Nesterov's momentum p -= rate · (g + momentum · v).
    /// </summary>
    /// <param name="parameters">What is updated.</param>
    /// <param name="gradients">Their gradients; divided by <paramref name="gradientScale"/> in place.</param>
    /// <param name="velocities">What momentum carries over; unused without momentum.</param>
    /// <param name="weightDecay">What of a parameter is added to its gradient.</param>
    /// <param name="momentum">Decay of the velocity.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="nesterov">Whether the update looks one step ahead.</param>
    /// <param name="gradientScale">A float32 scalar that gradients are divided by, or null.</param>
    /// <param name="foundInfinite">A float32 scalar; where it is 1 nothing is changed. Null updates always.</param>
    public static void FusedSgd(IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> velocities, double weightDecay,
        double momentum, double learningRate, bool nesterov, Tensor? gradientScale, Tensor? foundInfinite)
    {
        ulong* stack = stackalloc ulong[12]
        {
            Slot(parameters), Slot(gradients), Slot(momentum > 0 ? velocities : []), Slot(weightDecay), Slot(momentum), Slot(learningRate),
            Slot(0.0), Slot(nesterov), Slot(false), Slot(false), OptionalSlot(gradientScale), OptionalSlot(foundInfinite),
        };
        Call("aten::_fused_sgd_", "", stack);
    }

    /// <summary>
    /// Sets a loss scale for the next step, in place: times <paramref name="backoff"/> where <paramref name="foundInfinite"/> is 1, times
    /// <paramref name="growth"/> after <paramref name="interval"/> steps without that.
    /// </summary>
    public static void UpdateLossScale(Tensor scale, Tensor goodSteps, Tensor foundInfinite, double growth, double backoff, long interval)
    {
        ulong* stack = stackalloc ulong[6] { Slot(scale), Slot(goodSteps), Slot(foundInfinite), Slot(growth), Slot(backoff), (ulong)interval };
        Call("aten::_amp_update_scale_", "", stack);
        using Tensor result = Tensor.UnsafeCreateTensor((IntPtr)stack[0]);
    }

    /// <summary>How often a tensor was changed in place; views and detached aliases of it count as one with it.</summary>
    public static long Version(Tensor tensor)
    {
        ulong* stack = stackalloc ulong[1] { Slot(tensor) };
        Call("aten::_version", "", stack);
        return (long)stack[0];
    }

    /// <summary>Where a tensor's first element lies in memory; valid while the tensor lives.</summary>
    public static void* Data(Tensor tensor)
    {
        Check(GetDataPointer(tensor.Handle, out void* data), "aoti_torch_get_data_ptr");
        return data;
    }

    /// <summary>
    /// Which kernel libtorch takes for causal attention of these tensors (B, H, T, D): the choice that scaled_dot_product_attention makes for itself.
    /// It depends on type, shape, device and on whether gradients are wanted.
    /// </summary>
    public static AttentionKernel ChosenAttention(Tensor queries, Tensor keys, Tensor values)
    {
        ulong* stack = stackalloc ulong[8]
        {
            Slot(queries), Slot(keys), Slot(values), OptionalSlot(null), Slot(0.0), Slot(true), OptionalSlot(null), Slot(false),
        };
        Call("aten::_fused_sdp_choice", "", stack);
        return (AttentionKernel)(long)stack[0];
    }

    private static ulong Slot(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static ulong Slot(bool value) => value ? 1UL : 0UL;

    private static ulong Slot(Tensor tensor)
    {
        Check(NewTensorHandle(tensor.Handle, out IntPtr handle), "aoti_torch_new_tensor_handle");
        return (ulong)handle;
    }

    private static ulong Slot(IReadOnlyList<Tensor> tensors)
    {
        Check(NewList((nuint)tensors.Count, out IntPtr list), "torch_new_list_reserve_size");
        for (int i = 0; i < tensors.Count; i++) Check(PushBack(list, Slot(tensors[i])), "torch_list_push_back");
        return (ulong)list;
    }

    private static ulong OptionalSlot(Tensor? tensor)
    {
        if (tensor is null) return 0;
        // The callee frees it with `delete`; NativeMemory's heap is the C runtime's, which `new` and `delete` use as well.
        ulong* boxed = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *boxed = Slot(tensor);
        return (ulong)boxed;
    }

    private static void Call(string name, string overload, ulong* stack) => Check(CallDispatcher(name, overload, stack, AbiVersion), name);

    private static void Check(int error, string what)
    {
        if (error != 0) throw new InvalidOperationException($"libtorch reported an error in {what}; it is printed above.");
    }

    [LibraryImport(Library, EntryPoint = "torch_call_dispatcher", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int CallDispatcher(string name, string overload, ulong* stack, ulong abiVersion);

    [LibraryImport(Library, EntryPoint = "aoti_torch_new_tensor_handle")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int NewTensorHandle(IntPtr original, out IntPtr copy);

    [LibraryImport(Library, EntryPoint = "aoti_torch_get_data_ptr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int GetDataPointer(IntPtr tensor, out void* data);

    [LibraryImport(Library, EntryPoint = "torch_new_list_reserve_size")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int NewList(nuint size, out IntPtr list);

    [LibraryImport(Library, EntryPoint = "torch_list_push_back")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int PushBack(IntPtr list, ulong element);
}
