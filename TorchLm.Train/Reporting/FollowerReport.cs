using TorchLm.Core.Model;
using TorchLm.Core.Training;
using TorchLm.Train.Commands;

namespace TorchLm.Train.Reporting;

/// <summary>Says of a rank other than 0 what rank 0 cannot know: that its memory ran out.</summary>
internal sealed class FollowerReport(Job job) : ITrainingObserver
{
    public void OnStep(StepMetrics metrics)
    {
        // Rank 0 shows it.
    }

    public void OnEvaluation(EvaluationMetrics metrics, Gpt model)
    {
        // Rank 0 shows it.
    }

    public void OnCheckpoint(long step, string path)
    {
        // Rank 0 alone saves.
    }

    public void OnIncident(TrainingIncident incident)
    {
        if (incident.Kind == IncidentKind.OutOfMemory) Console.Error.WriteLine($"{Job.Name(job.Ranks)}: {Program.OneLine(incident.Message)}");
    }
}
