using TorchLm.Core.Model;
using TorchLm.Core.Training;

namespace TorchLm.Tests.Support;

/// <summary>Writes down what a trainer reports.</summary>
internal sealed class RecordingObserver : ITrainingObserver
{
    public List<StepMetrics> Steps { get; } = [];

    public List<EvaluationMetrics> Evaluations { get; } = [];

    public List<long> Checkpoints { get; } = [];

    public List<TrainingIncident> Incidents { get; } = [];

    public void OnStep(StepMetrics metrics) => Steps.Add(metrics);

    public void OnEvaluation(EvaluationMetrics metrics, Gpt model) => Evaluations.Add(metrics);

    public void OnCheckpoint(long step, string path) => Checkpoints.Add(step);

    public void OnIncident(TrainingIncident incident) => Incidents.Add(incident);
}
