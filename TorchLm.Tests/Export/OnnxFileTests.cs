using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using TorchLm.Export;
using TorchLm.Export.Onnx;
using TorchLm.Export.Onnx.Proto;
using static TorchSharp.torch;

namespace TorchLm.Tests.Export;

public class OnnxFileTests
{
    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    public void Inputs_and_outputs_are_those_that_transformers_js_asks_for(bool cache, bool mask, bool positions)
    {
        using var model = new SmallModel();
        using var session = new OnnxSession(model, new OnnxOptions { KeyValueCache = cache, AttentionMask = mask, PositionIds = positions });

        List<string> inputs = ["input_ids int64 (batch_size, sequence_length)"], outputs = ["logits float32 (batch_size, sequence_length, 29)"];
        if (mask) inputs.Add("attention_mask int64 (batch_size, total_sequence_length)");
        if (positions) inputs.Add("position_ids int64 (batch_size, sequence_length)");
        foreach (string name in cache ? new[] { "0.key", "0.value", "1.key", "1.value" } : [])
        {
            inputs.Add($"past_key_values.{name} float32 (batch_size, 4, past_sequence_length, 8)");
            outputs.Add($"present.{name} float32 (batch_size, 4, total_sequence_length, 8)");
        }
        Assert.Equal(inputs.Order(), Describe(session.Session.InputMetadata));
        Assert.Equal(outputs.Order(), Describe(session.Session.OutputMetadata));
        Assert.Empty(session.Session.OverridableInitializerMetadata); // ONNX Runtime warns of them
    }

    [Fact]
    public void The_file_is_of_IR_8_and_opset_17_and_holds_each_weight_once()
    {
        using var model = new SmallModel();
        OnnxFile file = OnnxExport.Write(model.Source, model.Target, new OnnxOptions());
        ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file.Path));
        OperatorSetIdProto operators = proto.OpsetImport.Single();
        Assert.Equal((8, "TorchLm", "", 17), (proto.IrVersion, proto.ProducerName, operators.Domain, operators.Version));
        Dictionary<string, TensorProto> weights = Weights(proto);
        Assert.Equal(weights.Count, weights.Values.Select(w => w.RawData).Distinct().Count());
        Assert.Equal(2 + (2 * 12) + 2, weights.Count);
        Assert.Equal([29, 32], weights["transformer.wte.weight"].Dims); // no padding rows
        using Tensor expected = model.Source.Read("transformer.h.1.mlp.c_fc.weight");
        TensorProto matrix = weights["transformer.h.1.mlp.c_fc.weight"];
        Assert.Equal(expected.shape, matrix.Dims);
        Assert.Equal(TinyGpt.Values(expected), MemoryMarshal.Cast<byte, float>(matrix.RawData.Span).ToArray());
        Assert.Equal(new OnnxFile(Path.Combine(model.Target, "onnx", "model.onnx"), null, new FileInfo(file.Path).Length), file);
        Assert.False(file.IsDataExternal);
    }

    [Fact]
    public void A_model_without_biases_has_none_in_the_file()
    {
        using var model = new SmallModel(SmallModel.Config with { Bias = false });
        OnnxFile file = OnnxExport.Write(model.Source, model.Target, new OnnxOptions());
        ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file.Path));
        Assert.DoesNotContain(Weights(proto).Keys, name => name.EndsWith(".bias", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(OnnxWeightType.Float32, "model.onnx")]
    [InlineData(OnnxWeightType.Float16, "model_fp16.onnx")]
    public void Weights_that_are_too_large_are_in_a_file_beside_the_model(OnnxWeightType type, string name)
    {
        using var model = new SmallModel();
        var options = new OnnxOptions { WeightType = type };
        long[][] rows = model.Rows(2, 11);
        float[] inline;
        using (var session = new OnnxSession(model, options)) inline = session.Logits(rows);
        string target = Path.Combine(model.Target, "large");
        OnnxFile file = OnnxExport.Write(model.Source, target, options, inlineLimit: OnnxWeights.Bytes(model.Model.Config, type) - 1);
        Assert.True(file.IsDataExternal);
        string[] written = [.. Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        Assert.Equal([Path.Combine(target, "onnx", name), Path.Combine(target, "onnx", $"{name}_data")], written);
        Assert.Equal(new FileInfo(file.Path).Length + new FileInfo(file.DataPath!).Length, file.Bytes);
        using (var session = new OnnxSession(model, file)) Assert.Equal(inline, session.Logits(rows));

        ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file.Path));
        Assert.All(Weights(proto).Values, weight =>
        {
            Assert.Equal((0, TensorProto.Types.DataLocation.External), (weight.RawData.Length, weight.DataLocation));
            Dictionary<string, string> data = weight.ExternalData.ToDictionary(e => e.Key, e => e.Value);
            Assert.Equal($"{name}_data", data["location"]);
            Assert.Equal(0, long.Parse(data["offset"]) % 4096);
        });
        Assert.True(proto.Graph.Initializer.Where(i => !IsWeight(i)).Sum(i => i.RawData.Length) < 500);
    }

    [Fact]
    public void Weights_that_just_fit_stay_in_the_file()
    {
        using var model = new SmallModel();
        long bytes = OnnxWeights.Bytes(model.Model.Config, OnnxWeightType.Float32);
        OnnxFile file = OnnxExport.Write(model.Source, model.Target, new OnnxOptions(), inlineLimit: bytes);
        Assert.False(file.IsDataExternal);
        ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file.Path));
        Assert.Equal(bytes, Weights(proto).Values.Sum(w => (long)w.RawData.Length));
    }

    [Fact]
    public void Half_precision_halves_the_file_and_keeps_the_logits()
    {
        using var model = new SmallModel(SmallModel.Config with { EmbeddingSize = 128 });
        long full = OnnxExport.Write(model.Source, model.Target, new OnnxOptions()).Bytes;
        OnnxFile file = OnnxExport.Write(model.Source, model.Target, new OnnxOptions { WeightType = OnnxWeightType.Float16 });
        Assert.EndsWith("model_fp16.onnx", file.Path, StringComparison.Ordinal);
        Assert.InRange((double)file.Bytes / full, 0.5, 0.53);
        using var session = new OnnxSession(model, file);
        long[][] rows = model.Rows(2, 24);
        float[] expected = model.Logits(rows);
        double deviation = Deviation.Of(expected, session.Logits(rows)), size = expected.Max(Math.Abs);
        Assert.InRange(deviation / size, 1e-5, 1e-2);
    }

    /// <summary>A model whose matrices are halves already loses nothing: products, gains and biases are float32.</summary>
    [Fact]
    public void Half_precision_rounds_matrices_and_nothing_else()
    {
        using var model = new SmallModel(change: gpt =>
        {
            foreach ((_, TorchSharp.Modules.Parameter weight) in gpt.named_parameters().Where(p => p.parameter.dim() == 2))
            {
                using Tensor half = weight.to(ScalarType.Float16);
                weight.copy_(half);
            }
        });
        using var session = new OnnxSession(model, new OnnxOptions { WeightType = OnnxWeightType.Float16 });
        long[][] rows = model.Rows(2, 24);
        Deviation.AssertWithin(1e-4, model.Logits(rows), session.Logits(rows));
    }

    [Fact]
    public void A_weight_beyond_half_precision_is_said()
    {
        using var model = new SmallModel(change: gpt => SmallModel.Parameter(gpt, "positions.weight").narrow(0, 0, 1).fill_(70000));
        var half = new OnnxOptions { WeightType = OnnxWeightType.Float16 };
        var failure = Assert.Throws<InputException>(() => OnnxExport.Write(model.Source, model.Target, half));
        Assert.Contains("'transformer.wpe.weight' holds values up to 70000", failure.Message, StringComparison.Ordinal);
        OnnxExport.Write(model.Source, model.Target, new OnnxOptions());
    }

    /// <summary>A configuration that was edited after training, say.</summary>
    [Fact]
    public void Weights_of_another_shape_than_the_configurations_are_said()
    {
        using var model = new SmallModel();
        string path = model.Source.Saved.Run.ConfigPath;
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"contextLength\": 24", "\"contextLength\": 25", StringComparison.Ordinal));
        var failure = Assert.Throws<InputException>(() => ModelSource.Open(SavedModel.Find(model.Source.Saved.Run.Path)));
        Assert.Contains("'transformer.wpe.weight' with the shape (24, 32)", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OnnxWeightType.Float32)]
    [InlineData(OnnxWeightType.Float16)]
    public void Progress_ends_at_one_and_no_tensor_is_left(OnnxWeightType type)
    {
        using var model = new SmallModel();
        var reports = new Reports();
        long live = LiveTensors.OfThisThread;
        OnnxExport.Write(model.Source, model.Target, new OnnxOptions { WeightType = type }, reports);
        Assert.Equal(live, LiveTensors.OfThisThread);
        Assert.Equal(reports.Values.Order(), reports.Values);
        Assert.Equal((28, 1.0), (reports.Values.Count, reports.Values[^1]));
    }

    [Fact]
    public void A_cancelled_export_writes_no_model()
    {
        using var model = new SmallModel();
        using var stop = new CancellationTokenSource();
        var reports = new Reports { OnReport = value => { if (value > 0.5) stop.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => OnnxExport.Write(model.Source, model.Target, new OnnxOptions(), 0, reports, stop.Token));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(model.Target, "onnx")));
        Assert.InRange(reports.Values[^1], 0.5, 0.99);
    }

    private static bool IsWeight(TensorProto tensor) => tensor.Name.StartsWith("transformer.", StringComparison.Ordinal);

    private static Dictionary<string, TensorProto> Weights(ModelProto proto) => proto.Graph.Initializer.Where(IsWeight).ToDictionary(i => i.Name);

    private static IEnumerable<string> Describe(IReadOnlyDictionary<string, NodeMetadata> values) => values.Select(v =>
        $"{v.Key} {(v.Value.ElementType == typeof(long) ? "int64" : v.Value.ElementType == typeof(float) ? "float32" : "?")} " +
        $"({string.Join(", ", v.Value.Dimensions.Select((d, i) => d >= 0 ? $"{d}" : v.Value.SymbolicDimensions[i]))})").Order();
}
