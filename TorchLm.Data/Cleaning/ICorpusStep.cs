namespace TorchLm.Data.Cleaning;

/// <summary>
/// A step that must see the whole corpus before it can clean a document: every document's <see cref="Digest"/> is observed, in the order
/// of the documents, then <see cref="EndObservation"/> is called, then <see cref="ICleaningStep.Apply"/> may be.
/// </summary>
public interface ICorpusStep : ICleaningStep
{
    /// <summary>What the step wants to know of a document: distinct 64-bit hashes. Safe to call from many threads at once.</summary>
    ulong[] Digest(string text);

    /// <summary>Takes in a document's digest; called in document order by one thread.</summary>
    void Observe(ReadOnlySpan<ulong> digest);

    /// <summary>Ends the observation; afterwards the step only cleans.</summary>
    void EndObservation();
}
