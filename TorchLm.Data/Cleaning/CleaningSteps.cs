using TorchLm.Core;
using TorchLm.Data.Cleaning.Quality;

namespace TorchLm.Data.Cleaning;

/// <summary>The cleaning steps by name, in the one order in which they run.</summary>
public static class CleaningSteps
{
    private const string HeldOut = "held-out", Language = "language";

    // What a step is called and says of itself, it says in one place: All asks a step that is made with the default options.
    private static readonly (bool InBasic, bool InWeb, Func<CleaningOptions, ICleaningStep> Create)[] Ordered =
    [
        (true, true, options => new UnicodeStep(options.UnicodeForm)),
        (true, true, _ => new ControlsStep()),
        (false, true, _ => new WhitespaceStep()),
        (false, true, options => new BoilerplateStep(options)),
        (false, false, options => new HeldOutStep(options)),
        (false, false, _ => new EmailStep()),
        (false, false, _ => new PhoneStep()),
        (false, false, _ => new CardStep()),
        (false, true, options => new LengthStep(options)),
        (false, false, options => new C4LinesStep(options)), // before the rules, which judge what it leaves
        (false, true, GopherRules.WordCount),
        (false, true, GopherRules.MeanWordLength),
        (false, true, GopherRules.SymbolRatio),
        (false, true, GopherRules.BulletLines),
        (false, true, GopherRules.EllipsisLines),
        (false, true, GopherRules.AlphabeticWords),
        (false, true, GopherRules.StopWordRule),
        (false, true, GopherRules.RepeatedLines),
        (false, true, GopherRules.RepeatedGrams),
        (false, true, WebRules.LinePunctuation),
        (false, true, WebRules.ShortLines),
        (false, true, WebRules.LoremIpsum),
        (false, true, WebRules.CurlyBrackets),
        (false, true, WebRules.FewSentences),
        (false, false, options => new LanguageStep(options.LanguageFilter ?? (_ => true))),
    ];

    /// <summary>All steps, in the order in which they run.</summary>
    public static IReadOnlyList<CleaningStepInfo> All { get; } = [.. Ordered.Select(entry =>
    {
        ICleaningStep step = entry.Create(new CleaningOptions());
        return new CleaningStepInfo(step.Name, step.Description, step.Source, entry.InBasic, entry.InWeb);
    })];

    /// <summary>The steps that every text can bear: one way to write a character, no control characters.</summary>
    public static IReadOnlySet<string> Basic { get; } = All.Where(step => step.InBasic).Select(step => step.Name).ToHashSet();

    /// <summary>The steps for pages of the web: the basic ones, and the filters of Gopher, C4 and FineWeb.</summary>
    public static IReadOnlySet<string> Web { get; } = All.Where(step => step.InWeb).Select(step => step.Name).ToHashSet();

    /// <summary>
    /// Makes the steps of the names, in the fixed order. "held-out" is on if there are held-out texts, "language" if there is a filter,
    /// whether or not they are named.
    /// </summary>
    /// <exception cref="InputException">A name is unknown, an option is out of its range, or what a named step needs is missing.</exception>
    public static IReadOnlyList<ICleaningStep> Create(IReadOnlySet<string> names, CleaningOptions options)
    {
        options.Validate();
        foreach (string name in names)
        {
            if (!All.Any(step => step.Name == name))
                throw new InputException($"There is no cleaning step '{name}'; known are {string.Join(", ", All.Select(step => step.Name))}.");
        }
        bool heldOut = options.HeldOutTexts.Count > 0, language = options.LanguageFilter is not null;
        if (names.Contains(HeldOut) && !heldOut)
            throw new InputException("The cleaning step 'held-out' needs held-out texts: name them, or leave it out.");
        if (names.Contains(Language) && !language)
            throw new InputException("The cleaning step 'language' needs a filter: set one, or leave it out.");

        List<ICleaningStep> steps = [];
        for (int i = 0; i < Ordered.Length; i++)
        {
            string name = All[i].Name;
            if (names.Contains(name) || (name == HeldOut && heldOut) || (name == Language && language)) steps.Add(Ordered[i].Create(options));
        }
        return steps;
    }
}
