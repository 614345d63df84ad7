namespace TorchLm.Core.Training;

public sealed partial class Trainer
{
    private readonly LayerProbe? _layers;

    /// <summary>What is done when the gradients of a step are complete; null is nothing. Layers are measured from here on where the step is logged.</summary>
    private Action? OnGradients(long step, bool evaluates, bool logs)
    {
        LayerProbe? probe = logs ? _layers : null;
        probe?.Begin();
        if (_exchange?.Shards is not null) evaluates = false; // no rank has whole gradients
        if (probe is null && !evaluates) return null;
        return () =>
        {
            probe?.TakeGradients();
            if (!evaluates) return;
            foreach (ITrainingObserver observer in Observers) observer.OnGradients(step, _model);
        };
    }
}
