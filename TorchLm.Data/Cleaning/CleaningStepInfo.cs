namespace TorchLm.Data.Cleaning;

/// <summary>A step as a help text or a configuration lists it.</summary>
/// <param name="Name">The name by which it is switched.</param>
/// <param name="Description">What it does, in one line.</param>
/// <param name="Source">The paper or specification that it follows, or null.</param>
/// <param name="InBasic">Whether the set "basic" holds it.</param>
/// <param name="InWeb">Whether the set "web" holds it.</param>
public sealed record CleaningStepInfo(string Name, string Description, string? Source, bool InBasic, bool InWeb);
