namespace TorchLm.Core.Distributed;

/// <summary>An operation that goes on beside its caller.</summary>
public interface IPendingCollective
{
    /// <summary>
    /// Returns when the result may be used: by the caller where the tensors lie on a CPU, by what the caller starts on the device from now on where
    /// they lie there. It may be called again.
    /// </summary>
    /// <exception cref="CollectiveException">The engine reports an error.</exception>
    /// <exception cref="CollectiveTimeoutException">It took longer than <see cref="ICollective.Patience"/>.</exception>
    void Wait();
}
