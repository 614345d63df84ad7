namespace TorchLm.Data.Loading;

/// <summary>Which window of tokens the n-th sample of a run is.</summary>
public interface ISampleOrder
{
    /// <summary>The window that is a run's sample number <paramref name="sample"/>, counted from 0 over all epochs.</summary>
    Window GetWindow(long sample);
}
