using TorchLm.Core;

namespace TorchLm.Data.Cleaning;

/// <summary>A step that can be asked for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Source">The paper or specification that it follows; null where there is none.</param>
/// <param name="InBasic">Whether it is done unless told otherwise.</param>
/// <param name="InWeb">Whether it is done to text from the web.</param>
public sealed record CleaningStepInfo(string Name, string Description, string? Source, bool InBasic, bool InWeb);

/// <summary>The cleaning steps that there are, in the order in which they are done.</summary>
public static class CleaningSteps
{
    // Whether a step is in basic and in web, and how it is made; null where the options give it nothing to do.
    private static readonly (bool Basic, bool Web, Func<CleaningOptions, ICleaningStep?> Make)[] s_steps =
    [
        (true, true, options => new UnicodeStep(options.Normalization)),
        (true, true, _ => new ControlsStep()),
        (false, true, _ => new WhitespaceStep()),
        (false, true, options => new BoilerplateStep(options)),
        (true, true, options => options.HeldOutTexts.Count > 0 ? new HeldOutStep(options) : null),
        (false, false, _ => new EmailsStep()),
        (false, false, _ => new CardsStep()),
        (false, false, _ => new PhonesStep()),
        (false, false, _ => new LinesStep()),
        (false, true, options => new LengthStep(options)),
        .. QualityRule.All.Select(rule => (false, true, (Func<CleaningOptions, ICleaningStep?>)(_ => rule))),
        (true, true, options => options.LanguageFilter is { } filter ? new LanguageStep(filter) : null),
    ];

    /// <summary>All steps, with their descriptions for these options.</summary>
    public static IReadOnlyList<CleaningStepInfo> Describe(CleaningOptions? options = null)
    {
        options ??= new CleaningOptions();
        var complete = options with { HeldOutTexts = [""], LanguageFilter = options.LanguageFilter ?? (_ => true) };
        return [.. s_steps.Select(step => (step, Made: step.Make(complete)!))
            .Select(pair => new CleaningStepInfo(pair.Made.Name, pair.Made.Description, pair.Made.Source, pair.step.Basic, pair.step.Web))];
    }

    /// <summary>The steps of these names, in their order.</summary>
    /// <param name="names">Names of steps; others are refused.</param>
    /// <param name="options">Their limits.</param>
    /// <exception cref="InputException">There is no step of a name.</exception>
    public static IReadOnlyList<ICleaningStep> Create(IReadOnlySet<string> names, CleaningOptions options)
    {
        List<ICleaningStep> steps = [];
        foreach ((_, _, Func<CleaningOptions, ICleaningStep?> make) in s_steps)
        {
            if (make(options) is { } step && names.Contains(step.Name)) steps.Add(step);
        }
        string[] known = [.. Describe(options).Select(step => step.Name)];
        if (names.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw new InputException($"There is no cleaning step '{unknown}': there are {string.Join(", ", known)}.");
        }
        return steps;
    }
}
