using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchLm.Core.Native;

/// <summary>How the gradients of an operation of our own are computed: what was kept of the forward pass, and the rule.</summary>
internal interface IGradient : IDisposable
{
    /// <summary>
    /// The gradient with respect to each input, given that with respect to the output; null where there is none, or where it was added to the input's
    /// <c>grad</c> right away. The caller disposes the results. It is called at most once, and <see cref="IDisposable.Dispose"/> right after it.
    /// </summary>
    Tensor?[] Backward(Tensor outputGradient);
}

/// <summary>Puts an operation of our own into libtorch's autograd graph.</summary>
/// <remarks>
/// It stands on the same native entry points as TorchSharp's <c>autograd.Function</c> (LibTorchSharp 0.107, THSAutograd), which that class pays for with an
/// extra tensor of the output's size, kept as long as the graph, with reflection over the arguments, and with wrappers left to the finalizer.
/// Here nothing but what the operation itself keeps is held, and that only until its backward pass is done; its results until the next one's begins.
/// A graph that is never run backward lets go of it when the graph is disposed.
/// </remarks>
internal static unsafe partial class GradientNode
{
    private const string Library = "LibTorchSharp";

    /// <summary>
    /// LibTorchSharp's callbacks carry no state, so each live node needs function pointers of its own; making them is slow, so they are used again.
    /// </summary>
    private static readonly Stack<Slot> s_free = new();

    /// <summary>Keeps those in use alive: libtorch's pointers to them are nothing that the garbage collector sees.</summary>
    private static readonly List<Slot> s_all = [];

    /// <summary>Makes <paramref name="output"/>, computed without autograd, the result of an operation on <paramref name="inputs"/>.</summary>
    /// <param name="output">The fresh result; this call takes it over.</param>
    /// <param name="inputs">What gradients flow to.</param>
    /// <param name="gradient">The rule; this call takes it over.</param>
    /// <returns>The tensor to go on with.</returns>
    public static Tensor Attach(Tensor output, ReadOnlySpan<Tensor> inputs, IGradient gradient)
    {
        bool needed = false;
        if (IsGradEnabled() != 0) foreach (Tensor input in inputs) needed |= input.requires_grad;
        if (!needed)
        {
            gradient.Dispose();
            return output;
        }

        Slot slot;
        lock (s_free)
        {
            if (!s_free.TryPop(out slot!)) s_all.Add(slot = new Slot());
        }
        slot.Gradient = gradient;
        slot.InputCount = inputs.Length;
        NodePointers node = NewNode(slot.Apply, slot.Delete);
        IntPtr* handles = stackalloc IntPtr[inputs.Length];
        for (int i = 0; i < inputs.Length; i++) handles[i] = inputs[i].Handle;
        var vars = new TensorArray(handles, inputs.Length);
        SetNextEdges(node, vars, 1);
        ClearInputMetadata(node);
        IntPtr raw = output.Handle, wrapped = 0;
        s_result = &wrapped;
        WrapOutputs(vars, default, default, new TensorArray(&raw, 1), node, &Result);
        s_result = null;
        DisposeShared(node); // from here on the graph alone keeps the node
        DisposeWeak(node);
        foreach (Tensor input in inputs) GC.KeepAlive(input);
        output.Dispose();
        if (wrapped == 0) throw new InvalidOperationException("libtorch refused an operation's result; a tensor that needs gradients itself cannot be one.");
        return Tensor.UnsafeCreateTensor(wrapped);
    }

    [ThreadStatic]
    private static IntPtr* s_result;

    /// <summary>Where WrapOutputs puts its one result.</summary>
    [UnmanagedCallersOnly]
    private static IntPtr* Result(nuint length) => s_result;

    /// <summary>Goes back through the graph from a tensor with the gradient given for it. What an operation of our own throws on the way comes out here.</summary>
    public static void Backward(Tensor output, Tensor gradient)
    {
        bool outer = s_goesBack;
        s_goesBack = true;
        try
        {
            output.backward([gradient]);
        }
        catch (ExternalException)
        {
            Exception? own = s_error ?? Interlocked.Exchange(ref s_errorElsewhere, null);
            s_error = null;
            if (own is not null) ExceptionDispatchInfo.Throw(own);
            throw;
        }
        finally
        {
            s_goesBack = outer;
            ReleaseReturned();
        }
    }

    /// <summary>Whether this thread is in <see cref="Backward"/>; on CUDA the operations' backward passes run on threads of libtorch's.</summary>
    [ThreadStatic]
    private static bool s_goesBack;

    /// <summary>What an operation's backward pass threw on this thread.</summary>
    [ThreadStatic]
    private static Exception? s_error;

    /// <summary>What one threw on a thread of libtorch's.</summary>
    private static Exception? s_errorElsewhere;

    /// <summary>
    /// The gradients that the last backward pass on this thread gave to libtorch. It takes references of its own right after, so that these can go as soon as
    /// anything else happens here; kept longer they would hold all activations' gradients at once.
    /// </summary>
    [ThreadStatic]
    private static Tensor?[]? s_returned;

    private static void ReleaseReturned()
    {
        foreach (Tensor? tensor in s_returned ?? []) tensor?.Dispose();
        s_returned = null;
    }

    private sealed class Slot
    {
        private readonly ApplyCallback _apply;
        private readonly DeleteCallback _delete;
        private readonly IntPtr* _returned = (IntPtr*)NativeMemory.Alloc(MaximumInputs, (nuint)sizeof(IntPtr));

        private const int MaximumInputs = 8;

        public Slot()
        {
            _apply = OnApply;
            _delete = OnDelete;
            Apply = Marshal.GetFunctionPointerForDelegate(_apply);
            Delete = Marshal.GetFunctionPointerForDelegate(_delete);
        }

        public IntPtr Apply { get; }

        public IntPtr Delete { get; }

        public IGradient? Gradient { get; set; }

        public int InputCount { get; set; }

        private TensorArray OnApply(IntPtr* gradients, int count)
        {
            ReleaseReturned();
            IGradient? gradient = Gradient;
            Gradient = null;
            try
            {
                using var scope = NewDisposeScope();
                using var noGradient = no_grad();
                Tensor outputGradient = Tensor.UnsafeCreateTensor(gradients[0]);
                if (gradient is null) throw new InvalidOperationException("A graph with operations of TorchLm's own can be run backward once only.");
                Tensor?[] results = gradient.Backward(outputGradient);
                if (results.Length != InputCount) throw new InvalidOperationException($"{gradient.GetType().Name} gave {results.Length} gradients for {InputCount} inputs.");
                for (int i = 0; i < results.Length; i++)
                {
                    results[i]?.DetachFromDisposeScope();
                    _returned[i] = results[i]?.Handle ?? 0;
                }
                s_returned = results;
                return new TensorArray(_returned, results.Length);
            }
            catch (Exception exception)
            {
                // It must not leave a native frame; libtorch fails on the missing gradients.
                if (s_goesBack) s_error = exception;
                else s_errorElsewhere = exception;
                return default;
            }
            finally
            {
                gradient?.Dispose();
            }
        }

        /// <summary>The graph has let go of the node.</summary>
        private void OnDelete()
        {
            Gradient?.Dispose();
            Gradient = null;
            lock (s_free) s_free.Push(this);
        }
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate TensorArray ApplyCallback(IntPtr* gradients, int count);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void DeleteCallback();

    /// <summary>THSAutograd.h's CSharpNodePtr.</summary>
    private readonly record struct NodePointers(IntPtr Shared, IntPtr Weak);

    /// <summary>Utils.h's TensorArray.</summary>
    private readonly struct TensorArray(IntPtr* array, long size)
    {
        public readonly IntPtr* Array = array;
        public readonly long Size = size;
    }

    [LibraryImport(Library, EntryPoint = "THSAutograd_isGradEnabled")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial byte IsGradEnabled();

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_ctor")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial NodePointers NewNode(IntPtr apply, IntPtr delete);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_setNextEdges")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial void SetNextEdges(NodePointers node, TensorArray inputs, byte isExecutable);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_clearInputMetadata")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial void ClearInputMetadata(NodePointers node);

    [LibraryImport(Library, EntryPoint = "THSAutograd_Function_wrapOutputs")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial void WrapOutputs(TensorArray inputs, TensorArray notDifferentiable, TensorArray dirty, TensorArray outputs, NodePointers node,
        delegate* unmanaged<nuint, IntPtr*> allocate);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeSharedPtr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial void DisposeShared(NodePointers node);

    [LibraryImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeWeakPtr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial void DisposeWeak(NodePointers node);
}
