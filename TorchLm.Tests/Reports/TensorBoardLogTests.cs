using Tensorboard;
using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Reports.TensorBoard;
using static TorchSharp.torch;

namespace TorchLm.Tests.Reports;

public sealed class TensorBoardLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Scalars_samples_and_histograms_are_in_files_whose_checksums_hold()
    {
        using var model = new Gpt(TinyGpt.Config, seed: 3);
        List<string> said = [];
        var log = new TensorBoardLog(_folder["tensorboard"], histograms: true, said.Add);
        log.OnStep(new StepMetrics(7, 70, 2.5, 1e-3, 0.5, null, 0, 1234, 0.25, 300 << 20) { DeviceBytes = 2L << 30 });
        Tensor ids = TinyGpt.Ids([1, 2, 3]);
        model.AccumulateGradients(ids, ids).Dispose();
        log.OnGradients(8, model);
        log.OnEvaluation(new EvaluationMetrics(8, new Evaluation(10, Math.Log(2), 0.5), true) { Sample = "Once upon a time." }, model);

        Event[] events = [.. EventFile.Read(Assert.Single(Directory.GetFiles(_folder["tensorboard"])))];
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Summary.Types.Value[] values = [.. events.Skip(1).SelectMany(e => e.Summary.Value)];
        float Scalar(string tag) => Assert.Single(values, v => v.Tag == tag).SimpleValue;
        Assert.Equal(2.5f, Scalar("loss/train"));
        Assert.Equal(1e-3f, Scalar("optimizer/learning_rate"));
        Assert.Equal(0.5f, Scalar("optimizer/gradient_norm"));
        Assert.Equal(1234, Scalar("speed/tokens_per_second"));
        Assert.Equal(0.25f, Scalar("speed/mfu"));
        Assert.Equal(300, Scalar("memory/process_mb"));
        Assert.Equal(2048, Scalar("memory/device_mb"));
        Assert.Equal((float)Math.Log(2), Scalar("loss/validation"));
        Assert.Equal(2, Scalar("loss/bits_per_byte"), 1e-6);
        Assert.All(events.Where(e => e.Summary?.Value.Any(v => v.Tag == "loss/train") == true), e => Assert.Equal(7, e.Step));
        Summary.Types.Value text = Assert.Single(values, v => v.Tag.StartsWith("sample", StringComparison.Ordinal));
        Assert.Equal("Once upon a time.", Assert.Single(text.Tensor.StringVal).ToStringUtf8());

        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            HistogramProto weights = Assert.Single(values, v => v.Tag == $"weights/{name}").Histo, gradients = Assert.Single(values, v => v.Tag == $"gradients/{name}").Histo;
            Assert.Equal(parameter.numel(), weights.Num);
            Assert.Equal(parameter.numel(), weights.Bucket.Sum());
            Assert.Equal(parameter.sum().item<float>(), weights.Sum, 1e-3);
            Assert.Equal(parameter.grad!.abs().max().item<float>(), Math.Max(Math.Abs(gradients.Min), Math.Abs(gradients.Max)), 1e-6);
        }
        Assert.Empty(said);
        ids.Dispose();
    }

    [Fact]
    public void A_disk_that_refuses_ends_the_files_and_not_the_run()
    {
        List<string> said = [];
        var log = new TensorBoardLog(_folder["tensorboard"], histograms: false, said.Add);
        Directory.Delete(_folder["tensorboard"], recursive: true);
        for (int step = 1; step <= 3; step++) log.OnStep(new StepMetrics(step, 70, 2.5, 1e-3, 0.5, null, 0, 1234, null, 1));
        Assert.Contains("end here", Assert.Single(said), StringComparison.Ordinal);
    }
}
