using System.CommandLine;
using System.Text;
using TorchLm.Core;
using TorchLm.Data.Building;
using TorchLm.Data.Cleaning;
using TorchLm.Data.Deduplication;
using TorchLm.Data.Reading;

namespace TorchLm.Train.Commands;

/// <summary>The options of <c>torchlm prepare</c> that say how documents are cleaned.</summary>
internal sealed class PreparationArguments : IDisposable
{
    private static readonly NearDuplicateOptions s_near = new();
    private static readonly string[] s_deduplication = [PreparationOptions.ExactDuplicatesName, PreparationOptions.NearDuplicatesName];

    private readonly Option<string> _clean = CommonOptions.Choice("--clean", "Set of steps, see --list-steps.",
        ["none", "basic", "web"], "basic");

    private readonly Option<string[]> _with = new("--with") { Description = "Steps to add.", HelpName = "STEP", AllowMultipleArgumentsPerToken = true };

    private readonly Option<string[]> _without = new("--without") { Description = "Steps to leave out.", HelpName = "STEP", AllowMultipleArgumentsPerToken = true };

    private readonly Option<string[]> _exclude = new("--exclude")
    {
        Description = "Texts to measure models on: removed from documents.",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int?> _common = new("--exclude-common")
    {
        Description = "Words of them in more than N documents stay.", HelpName = "N",
    };

    private readonly Option<string?> _language = new("--language-filter")
    {
        Description = "Reads a document a line (JSON), answers true or false.",
        HelpName = "CMD",
    };

    private readonly Option<string> _normalization = CommonOptions.Choice("--normalization", "For unicode.", ["nfc", "nfd", "nfkc", "nfkd"], "nfc");

    private readonly Option<int> _minimum = Number("--min-chars", "Fewest characters of a document.", new CleaningOptions().MinCharacters);
    private readonly Option<int?> _maximum = new("--max-chars") { Description = "Most characters. Default: no limit.", HelpName = "N" };

    private readonly Option<double> _threshold = new("--near-threshold")
    {
        Description = "Jaccard similarity of near-duplicates.",
        HelpName = "F",
        DefaultValueFactory = _ => s_near.Threshold,
    };

    private readonly Option<int> _shingle = Number("--near-shingle", "Words in a shingle.", s_near.ShingleSize);
    private readonly Option<int> _bands = Number("--near-bands", "More find less similar documents.", s_near.Bands);
    private readonly Option<int> _rows = Number("--near-rows", "More find only more similar ones.", s_near.Rows);

    private FilterProgram? _filter;

    /// <summary>All of them, for the command.</summary>
    public IEnumerable<Option> Options =>
        [_clean, _with, _without, _exclude, _common, _language, _normalization, _minimum, _maximum, _threshold, _shingle, _bands, _rows];

    /// <summary>What is done to documents.</summary>
    /// <exception cref="InputException">There is no step of a name, a limit is impossible, or a held-out text cannot be read.</exception>
    public PreparationOptions Preparation(ParseResult parsed, ReadingOptions reading, CancellationToken cancellation)
    {
        int least = parsed.GetValue(_minimum), most = parsed.GetValue(_maximum) ?? int.MaxValue;
        if (least < 0 || most < Math.Max(least, 1)) throw new InputException($"--min-chars is {least} and --max-chars {most}: documents of between 0 and that many characters can be asked for.");
        var options = new CleaningOptions
        {
            UnicodeForm = parsed.GetValue(_normalization) switch
            {
                "nfd" => NormalizationForm.FormD, "nfkc" => NormalizationForm.FormKC, "nfkd" => NormalizationForm.FormKD, _ => NormalizationForm.FormC,
            },
            HeldOutMaxDocuments = parsed.GetValue(_common) ?? int.MaxValue,
            HeldOutTexts = parsed.GetValue(_exclude) is { Length: > 0 } files ? [.. HeldOut(files, reading)] : [],
            LanguageFilter = parsed.GetValue(_language) is { } command ? (_filter = new FilterProgram(command, cancellation)).Takes : null,
            MinCharacters = least,
            MaxCharacters = parsed.GetValue(_maximum),
        };
        HashSet<string> names = Chosen(parsed);
        // An option of a step asks for the step.
        string[] without = parsed.GetValue(_without) ?? [];
        Ask("held-out", _exclude);
        Ask("language", _language);
        Ask("unicode", _normalization);
        Ask("length", _minimum, _maximum);
        Ask(PreparationOptions.NearDuplicatesName, _threshold, _shingle, _bands, _rows);
        bool exact = names.Remove(PreparationOptions.ExactDuplicatesName), near = names.Remove(PreparationOptions.NearDuplicatesName);
        var similar = new NearDuplicateOptions(parsed.GetValue(_shingle), parsed.GetValue(_bands), parsed.GetValue(_rows), parsed.GetValue(_threshold));
        return new PreparationOptions(CleaningSteps.Create(names, options), exact, near ? similar : null);

        void Ask(string step, params Option[] options)
        {
            if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is not { } given) return;
            if (without.Contains(step)) throw new InputException($"{given.Name} is given, and --without {step} as well: leave one of them out.");
            names.Add(step);
        }
    }

    /// <summary>Ends the user's filter.</summary>
    public void Dispose() => _filter?.Dispose();

    /// <summary>The files that <c>--exclude</c> names.</summary>
    public IEnumerable<string> HeldOutFiles(ParseResult parsed, ReadingOptions reading) =>
        parsed.GetValue(_exclude) is { Length: > 0 } files ? TextInput.Find(files, reading).Files.Select(file => file.Path) : [];

    /// <summary>The steps and what they do, for <c>--list-steps</c>.</summary>
    public static string Steps()
    {
        var text = new StringBuilder();
        foreach (CleaningStepInfo step in CleaningSteps.All)
        {
            string sets = step.InBasic ? "basic, web" : step.InWeb ? "web" : step.Name == "held-out" ? "--exclude" : step.Name == "language" ? "--language-filter" : "--with";
            text.Append($"  {step.Name,-18} {sets,-17} {step.Description}{(step.Source is null ? "" : $". {step.Source}")}\n");
        }
        text.Append($"  {PreparationOptions.ExactDuplicatesName,-18} {"basic, web",-17} no document twice (but for white space)\n");
        text.Append($"  {PreparationOptions.NearDuplicatesName,-18} {"web",-17} no document that is much like one before: MinHash (Broder 1997) with locality-sensitive hashing\n");
        return text.ToString();
    }

    private HashSet<string> Chosen(ParseResult parsed)
    {
        IReadOnlyList<CleaningStepInfo> all = CleaningSteps.All;
        HashSet<string> names = parsed.GetValue(_clean) switch
        {
            "basic" => [.. CleaningSteps.Basic, PreparationOptions.ExactDuplicatesName],
            "web" => [.. CleaningSteps.Web, .. s_deduplication],
            _ => [],
        };

        foreach ((Option<string[]> option, bool add) in new[] { (_with, true), (_without, false) })
        {
            foreach (string name in parsed.GetValue(option) ?? [])
            {
                if (!all.Any(step => step.Name == name) && !s_deduplication.Contains(name))
                {
                    string[] known = [.. all.Select(step => step.Name), .. s_deduplication];
                    throw new InputException($"{option.Name} names the step '{name}', but there are {string.Join(", ", known)}.{Nearest.Question(name, known)}");
                }
                if (add) names.Add(name);
                else names.Remove(name);
            }
        }
        return names;
    }

    private static IEnumerable<string> HeldOut(string[] files, ReadingOptions reading)
    {
        foreach (Document document in TextInput.Find(files, reading).Read())
        {
            string text;
            try
            {
                text = document.Read().Text;
            }
            catch (SkippedDocumentException skipped)
            {
                throw new InputException($"The held-out text '{document.Name}' cannot be used: {skipped.Message}; mend it, or leave it out of --exclude.", skipped);
            }
            yield return text;
        }
    }

    private static Option<int> Number(string name, string description, int first) =>
        new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => first };
}
