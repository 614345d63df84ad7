using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using LLama;
using LLama.Common;
using LLama.Native;
using LLama.Sampling;

namespace TorchLm.Tests.Export;

/// <summary>llama.cpp, by way of LLamaSharp, on one thread of the CPU.</summary>
internal sealed class LlamaCpp : IDisposable
{
    private readonly ModelParams _parameters;
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    // It is loud: every load is a page. What goes wrong is an exception as well.
    static LlamaCpp() => NativeLibraryConfig.All.WithLogCallback((_, _) => { });

    /// <param name="path">The file.</param>
    /// <param name="isExact">Whether keys and values are kept in float32; llama.cpp's own choice is float16.</param>
    public LlamaCpp(string path, bool isExact = false)
    {
        _parameters = new ModelParams(path) { ContextSize = 256, GpuLayerCount = 0, Threads = 1, BatchThreads = 1 };
        if (isExact) (_parameters.TypeK, _parameters.TypeV, _parameters.FlashAttention) = (GGMLType.GGML_TYPE_F32, GGMLType.GGML_TYPE_F32, false);
        _weights = LLamaWeights.LoadFromFile(_parameters);
        _context = _weights.CreateContext(_parameters);
    }

    /// <summary>A function of the ggml that llama.cpp runs on, as it was loaded for this processor.</summary>
    public static T Ggml<T>(string name) where T : Delegate
    {
        NativeApi.llama_empty_call();
        string library = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.FileName)
            .First(file => Path.GetFileName(file).Contains("ggml-base", StringComparison.Ordinal));
        return Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(NativeLibrary.Load(library), name));
    }

    /// <summary>The end-of-text token's id, or null where llama.cpp knows of none.</summary>
    public int? EndOfText => _weights.Vocab.EOS is { } end ? (int)end : null;

    /// <summary>The ids of a text that is ordinary text, whatever it spells.</summary>
    public int[] Encode(string text) => [.. _context.Tokenize(text, addBos: false, special: false).Select(id => (int)id)];

    /// <summary>The logits (V) of what follows each of the ids, which are read one by one after each other.</summary>
    public IEnumerable<float[]> Logits(IReadOnlyList<int> ids)
    {
        _context.NativeHandle.MemoryClear();
        for (int i = 0; i < ids.Count; i++)
        {
            var batch = new LLamaBatch();
            batch.Add((LLamaToken)ids[i], i, LLamaSeqId.Zero, logits: true);
            DecodeResult result = _context.NativeHandle.Decode(batch);
            if (result != DecodeResult.Ok) throw new InvalidOperationException($"llama.cpp could not read token {i}: {result}.");
            yield return _context.NativeHandle.GetLogitsIth(0).ToArray();
        }
    }

    /// <summary>What the model finds likeliest after a text, token by token, in the way of a program that uses it.</summary>
    public async Task<string> ContinueGreedily(string prompt, int tokens)
    {
        var executor = new StatelessExecutor(_weights, _parameters);
        var text = new StringBuilder();
        using var greedy = new GreedySamplingPipeline();
        await foreach (string piece in executor.InferAsync(prompt, new InferenceParams { MaxTokens = tokens, SamplingPipeline = greedy })) text.Append(piece);
        return text.ToString();
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }
}
