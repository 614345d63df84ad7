using Microsoft.ML.OnnxRuntime;
using TorchLm.Export.Onnx;

namespace TorchLm.Tests.Export;

/// <summary>An exported model in ONNX Runtime, on one thread.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly int[] _cache; // the shape of keys and values, -1 where it may differ

    public OnnxSession(SmallModel model, OnnxOptions? options = null)
        : this(model, OnnxExport.Write(model.Source, model.Target, options ?? new OnnxOptions()))
    {
    }

    public OnnxSession(SmallModel model, OnnxFile file)
    {
        using var session = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        Session = new InferenceSession(file.Path, session);
        _cache = Session.InputMetadata.TryGetValue("past_key_values.0.key", out NodeMetadata? keys) ? keys.Dimensions : [];
    }

    public InferenceSession Session { get; }

    /// <summary>Keys and values after a call, by the names under which the next call takes them.</summary>
    public sealed record Cache(IReadOnlyDictionary<string, (float[] Values, long[] Shape)> Tensors);

    /// <summary>Logits of rows of equal length, in row-major order (B, T, V), that continue nothing.</summary>
    public float[] Logits(params long[][] rows) => Run(rows).Logits;

    /// <summary>Logits of rows of equal length, and the cache after them.</summary>
    /// <param name="rows">Ids.</param>
    /// <param name="past">The cache after what they continue.</param>
    /// <param name="mask">The attention mask's rows; all ones where nothing is said.</param>
    /// <param name="positions">Positions, where the graph takes them.</param>
    public (float[] Logits, Cache Cache) Run(long[][] rows, Cache? past = null, long[][]? mask = null, long[][]? positions = null)
    {
        long total = rows[0].Length + (past?.Tensors.Values.First().Shape[2] ?? 0);
        var values = new Dictionary<string, OrtValue>();
        try
        {
            foreach (string name in Session.InputNames)
            {
                values[name] = name switch
                {
                    "input_ids" => Ids(rows),
                    "attention_mask" => Ids(mask ?? [.. rows.Select(_ => Enumerable.Repeat(1L, (int)total).ToArray())]),
                    "position_ids" => Ids(positions!),
                    _ when past is not null => OrtValue.CreateTensorValueFromMemory(past.Tensors[name].Values, past.Tensors[name].Shape),
                    _ => OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), [rows.Length, _cache[1], 0, _cache[3]]),
                };
            }
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = Session.Run(run, values, Session.OutputNames);
            var results = Session.OutputNames.Zip(outputs).ToDictionary(o => o.First.Replace("present", "past_key_values", StringComparison.Ordinal),
                o => (o.Second.GetTensorDataAsSpan<float>().ToArray(), o.Second.GetTensorTypeAndShape().Shape));
            results.Remove("logits", out (float[] Values, long[]) logits);
            return (logits.Values, new Cache(results));
        }
        finally
        {
            foreach (OrtValue value in values.Values) value.Dispose();
        }
    }

    public void Dispose() => Session.Dispose();

    private static OrtValue Ids(long[][] rows) =>
        OrtValue.CreateTensorValueFromMemory(rows.SelectMany(r => r).ToArray(), [rows.Length, rows[0].Length]);
}
