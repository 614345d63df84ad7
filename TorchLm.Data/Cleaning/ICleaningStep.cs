namespace TorchLm.Data.Cleaning;

/// <summary>Something that is done to documents, one at a time. Safe to use from several threads.</summary>
public interface ICleaningStep
{
    /// <summary>What options and reports call it.</summary>
    string Name { get; }

    /// <summary>What it does, in one line.</summary>
    string Description { get; }

    /// <summary>The paper or specification that it follows; null where there is none.</summary>
    string? Source { get; }

    /// <summary>Does it to one document.</summary>
    CleaningResult Apply(string text);
}

/// <summary>A step that must see the whole corpus before it can judge a document.</summary>
public interface ICorpusStep : ICleaningStep
{
    /// <summary>What the step wants to know of a document. Safe to call from several threads.</summary>
    ulong[] Digest(string text);

    /// <summary>Takes in a digest; one thread, in the documents' order.</summary>
    void Observe(ReadOnlySpan<ulong> digest);

    /// <summary>The corpus has been seen.</summary>
    void EndObservation();
}

/// <summary>What a step made of a document.</summary>
/// <param name="Text">The text that is left; null where the document is removed.</param>
/// <param name="Count">Things that were removed or replaced in it; 0 where it is unchanged.</param>
/// <param name="Sample">An excerpt of what was removed or replaced, one line of up to 200 characters; null where nothing was.</param>
/// <param name="Rule">The name of the rule that struck, where one step holds several; null is the step's own.</param>
public readonly record struct CleaningResult(string? Text, long Count = 0, string? Sample = null, string? Rule = null);
