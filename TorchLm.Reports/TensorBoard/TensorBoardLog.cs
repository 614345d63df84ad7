using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchLm.Reports.TensorBoard;

/// <summary>Writes a run's metrics as event files that TensorBoard reads: scalars, samples as text, and histograms where they are wanted.</summary>
/// <remarks>
/// TorchSharp's writer opens the file anew for each value, which is why it is closed whenever nothing is being written. A disk that refuses ends these files, not the run.
/// </remarks>
public sealed class TensorBoardLog : ITrainingObserver
{
    private readonly SummaryWriter _writer;
    private readonly bool _histograms;
    private readonly Action<string> _report;
    private bool _ended;

    /// <summary>Begins an event file; earlier ones in the folder stay, and TensorBoard shows them together.</summary>
    /// <param name="folder">The files' folder.</param>
    /// <param name="histograms">Whether weights and gradients are written as histograms, too, at each evaluation.</param>
    /// <param name="report">Told in a sentence when nothing can be written any more.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public TensorBoardLog(string folder, bool histograms, Action<string> report)
    {
        (_histograms, _report) = (histograms, report);
        _writer = utils.tensorboard.SummaryWriter(folder);
    }

    /// <inheritdoc/>
    public void OnStep(StepMetrics metrics) => Write(() =>
    {
        Scalar("loss/train", metrics.TrainLoss, metrics.Step);
        Scalar("optimizer/learning_rate", metrics.LearningRate, metrics.Step);
        Scalar("optimizer/gradient_norm", metrics.GradientNorm, metrics.Step);
        Scalar("speed/tokens_per_second", metrics.TokensPerSecond, metrics.Step);
        if (metrics.ModelFlopsUtilization is { } mfu) Scalar("speed/mfu", mfu, metrics.Step);
        Scalar("memory/process_mb", metrics.ResidentBytes >> 20, metrics.Step);
        if (metrics.DeviceBytes is { } bytes) Scalar("memory/device_mb", bytes >> 20, metrics.Step);
    });

    /// <inheritdoc/>
    public void OnEvaluation(EvaluationMetrics metrics, Gpt model) => Write(() =>
    {
        Scalar("loss/validation", metrics.Result.Loss, metrics.Step);
        if (metrics.Result.BitsPerByte is { } bits) Scalar("loss/bits_per_byte", bits, metrics.Step);
        if (metrics.Sample is { } sample) _writer.add_text("sample", sample, (int)metrics.Step);
        if (_histograms) Histograms("weights", model, parameter => parameter, metrics.Step);
    });

    /// <inheritdoc/>
    public void OnGradients(long step, Gpt model)
    {
        if (_histograms) Write(() => Histograms("gradients", model, parameter => parameter.grad, step));
    }

    /// <inheritdoc/>
    public void OnCheckpoint(long step, string path)
    {
        // No measurement.
    }

    /// <inheritdoc/>
    public void OnIncident(TrainingIncident incident) => Write(() => _writer.add_text("incidents", incident.Message, (int)incident.Step));

    private void Scalar(string tag, double value, long step) => _writer.add_scalar(tag, (float)value, (int)step);

    private void Histograms(string group, Gpt model, Func<Tensor, Tensor?> values, long step)
    {
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            if (values(parameter) is not { } tensor) continue;
            Tensor finite = tensor.detach().to(ScalarType.Float32).cpu().flatten();
            if (finite.isfinite().all().item<bool>()) _writer.add_histogram($"{group}/{name}", finite, (int)step);
        }
    }

    private void Write(Action write)
    {
        if (_ended) return;
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _ended = true;
            _report($"TensorBoard's files in '{_writer.LogDir}' end here: {e.Message}");
        }
    }
}
