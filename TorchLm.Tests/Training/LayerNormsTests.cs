using System.Text.Json.Nodes;
using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Core.Model;
using TorchLm.Core.Optimization;
using TorchLm.Core.Training;
using TorchLm.Reports.Pages;
using TorchLm.Reports.Plots;
using TorchLm.Reports.Runs;
using static TorchSharp.torch;

namespace TorchLm.Tests.Training;

/// <summary>Sizes of activations and gradients in the metrics.</summary>
public class LayerNormsTests
{
    private static readonly RunConfig s_config = TestRun.Config with
    {
        Model = TinyGpt.Config with { LayerCount = 3 },
        Training = TestRun.Config.Training with { Steps = 6, LogInterval = 2, EvalInterval = 3, SaveInterval = 0, LayerNorms = true },
    };

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public void Training_is_the_same_bit_for_bit_with_and_without(int accumulation, bool recomputes)
    {
        using TemporaryFolder with = new(), without = new();
        TrainingConfig training = s_config.Training with { GradientAccumulationSteps = accumulation, ActivationCheckpointing = recomputes };
        TestRun.RunIn(with.Path, s_config with { Training = training });
        TestRun.RunIn(without.Path, s_config with { Training = training with { LayerNorms = false } });
        foreach (string name in (string[])["model.safetensors", "optimizer.safetensors"])
        {
            byte[] Read(TemporaryFolder folder) => File.ReadAllBytes(Path.Combine(new RunFolder(folder.Path).StepPath(6), name));
            Assert.Equal(Read(without), Read(with));
        }
        Assert.Equal([false, false, false], Lines(without).Select(line => line.ContainsKey("layers")));
        Assert.Equal([true, true, true], Lines(with).Select(line => line.ContainsKey("layers")));
    }

    /// <summary>A batch of two sequences at once, and as two micro-batches, is a plain computation over both.</summary>
    [Theory]
    [InlineData(false, false, 1)]
    [InlineData(false, true, 2)]
    [InlineData(true, false, 2)]
    [InlineData(true, true, 1)]
    public void Values_are_those_of_a_plain_computation(bool recomputes, bool hasHead, int parts)
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(s_config.Model with { TiedHead = !hasHead });
        long[][] inputs = TinyGpt.RandomRows(2, 8, 11, 1), targets = TinyGpt.RandomRows(2, 8, 11, 2);
        double[] outputs;
        using (no_grad()) outputs = [.. model.ResidualStream(TinyGpt.Ids(inputs)).Skip(1).Select(x => Norm(TinyGpt.Values(x)) / Math.Sqrt(x.numel()))];

        using var probe = new LayerProbe(model, null);
        probe.Begin();
        for (int part = 0; part < parts; part++)
        {
            int rows = 2 / parts;
            Tensor share = full([], 1f / parts, ScalarType.Float32);
            model.AccumulateGradients(TinyGpt.Ids(inputs[(part * rows)..((part + 1) * rows)]), TinyGpt.Ids(targets[(part * rows)..((part + 1) * rows)]), share,
                checkpointActivations: recomputes).Dispose();
        }
        probe.TakeGradients();
        model.Loss(TinyGpt.Ids(targets), TinyGpt.Ids(inputs)).Dispose(); // is not looked at any more
        LayerNorms norms = probe.Read();

        Dictionary<string, float[]> gradients = TinyGpt.Gradients(model);
        double Of(Func<string, bool> isMeant) => Norm(gradients.Where(g => isMeant(g.Key)).SelectMany(g => g.Value));
        bool IsOfHead(string name) => name.StartsWith("head", StringComparison.Ordinal) || name.StartsWith("finalNorm", StringComparison.Ordinal);
        bool IsOfBlock(string name) => name.StartsWith("blocks", StringComparison.Ordinal);
        AssertClose(outputs, norms.Outputs);
        AssertClose([.. Enumerable.Range(0, 3).Select(i => Of(name => name.StartsWith($"blocks.{i}.", StringComparison.Ordinal)))], norms.Gradients);
        AssertClose([Of(name => !IsOfHead(name) && !IsOfBlock(name)), Of(IsOfHead)], [norms.EmbeddingGradient, norms.HeadGradient!.Value]);
    }

    [Fact]
    public void Parts_norms_make_up_the_norm_of_the_whole_gradient()
    {
        using var folder = new TemporaryFolder();
        TestRun.RunIn(folder.Path, s_config);
        foreach (JsonObject line in Lines(folder))
        {
            JsonNode layers = line["layers"]!;
            Assert.Equal(3, layers["rms"]!.AsArray().Count);
            double[] parts = [.. layers["grad_norm"]!.AsArray().Select(v => (double)v!), (double)layers["embedding_grad_norm"]!, (double)layers["head_grad_norm"]!];
            Assert.Equal(5, parts.Length);
            Assert.Equal((double)line["grad_norm"]!, Math.Sqrt(parts.Sum(p => p * p)), 1e-5 * (double)line["grad_norm"]!);
        }
    }

    [Fact]
    public void In_fp16_the_loss_scale_is_taken_out()
    {
        using var scope = NewDisposeScope();
        using Gpt model = TinyGpt.WithWideWeights(s_config.Model);
        using var scaler = new LossScaler(CPU);
        using LayerProbe scaled = new(model, scaler), plain = new(model, null);
        model.AccumulateGradients(TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, 1)), TinyGpt.Ids(TinyGpt.RandomRows(2, 8, 11, 2))).Dispose();
        scaled.TakeGradients();
        plain.TakeGradients();
        float scale = scaler.Scale.item<float>();
        Assert.True(scale > 1);
        AssertClose([.. plain.Read().Gradients.Select(v => (double)v / scale)], scaled.Read().Gradients);
    }

    [Fact]
    public void The_report_and_the_table_show_them()
    {
        using var folder = new TemporaryFolder();
        string path = folder.In("run");
        RunConfig config = s_config with { Model = s_config.Model with { LayerCount = 8 } };
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "config.json"), config.ToJson());
        TestRun.RunIn(path, config);
        RunRecord run = RunRecord.Load(path);
        IReadOnlyList<RunPlot> plots = RunPlots.Of([run]);
        string[] blocks = ["block 0", "block 1", "block 3", "block 4", "block 6", "block 7"];
        Assert.Equal(blocks, plots.Single(p => p.Id == "layer-outputs").Curves.Select(c => c.Name));
        Assert.Equal(["embeddings", .. blocks, "head"], plots.Single(p => p.Id == "layer-gradients").Curves.Select(c => c.Name));
        JsonObject last = Lines(path)[^1];
        Assert.Equal((double)last["layers"]!["rms"]![7]!, plots.Single(p => p.Id == "layer-outputs").Curves[^1].Values[^1]!.Value, 1e-9);
        string page = ReportPage.Of([run]);
        Assert.Contains("id=\"plot-layer-outputs\"", page, StringComparison.Ordinal);
        Assert.Contains("id=\"plot-layer-gradients\"", page, StringComparison.Ordinal);

        using var table = new StringWriter();
        MetricsTable.WriteCsv([run], table);
        string[] heading = table.ToString().Split('\n')[0].TrimEnd().Split(',');
        Assert.Equal(2 + MetricsPoint.Fields.Count + 2 + (2 * 8), heading.Length);
        Assert.Equal("layers.grad_norm.7", heading[^1]);
    }

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static void AssertClose(double[] expected, IReadOnlyList<float> actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5 * expected[i]);
    }

    private static JsonObject[] Lines(TemporaryFolder folder) => Lines(folder.Path);

    private static JsonObject[] Lines(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject()).Where(line => line.ContainsKey("train_loss"))];
}
