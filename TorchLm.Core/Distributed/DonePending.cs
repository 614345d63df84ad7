namespace TorchLm.Core.Distributed;

/// <summary>An operation that was done when it began.</summary>
internal sealed class DonePending : IPendingCollective
{
    public static DonePending Instance { get; } = new();

    public void Wait() { }
}
