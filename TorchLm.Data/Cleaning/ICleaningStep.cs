namespace TorchLm.Data.Cleaning;

/// <summary>One step of cleaning: a pure function of a document's text, safe to call from many threads at once.</summary>
public interface ICleaningStep
{
    /// <summary>The name by which a configuration switches the step, such as "unicode".</summary>
    string Name { get; }

    /// <summary>What the step does, in one line.</summary>
    string Description { get; }

    /// <summary>The paper or specification that the step follows; null if it follows none.</summary>
    string? Source { get; }

    /// <summary>Cleans a document.</summary>
    CleaningResult Apply(string text);

    /// <summary>
    /// Whether the step judges documents as a whole, rather than taking something from them: then the first section of a long one decides.
    /// </summary>
    bool JudgesDocuments => false;
}
