using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>A <see cref="SplitRule"/> applied to the documents that a <see cref="CorpusSurvey"/> saw.</summary>
internal sealed class SplitPlan
{
    private readonly Func<long, Document, IEnumerable<(string Split, IEnumerable<string> Pieces)>> _parts;

    private SplitPlan(
        SplitRuleEntry entry, bool partsAreWhole, Func<long, Document, IEnumerable<(string Split, IEnumerable<string> Pieces)>> parts) =>
        (Entry, PartsAreWhole, _parts) = (entry, partsAreWhole, parts);

    /// <summary>How <c>dataset.json</c> describes the division.</summary>
    public SplitRuleEntry Entry { get; }

    /// <summary>Whether no document is divided: only then is what is known about a document known about its part.</summary>
    public bool PartsAreWhole { get; }

    /// <summary>Makes the plan.</summary>
    public static SplitPlan Make(SplitRule rule, CorpusSurvey survey)
    {
        if (rule.SplitOf is { } splitOf)
        {
            return new SplitPlan(new SplitRuleEntry("explicit", null, null), partsAreWhole: true,
                (number, document) => [(splitOf(number), document.ReadPieces())]);
        }
        double fraction = rule.ValFraction!.Value;
        return survey.Documents == 1 ? ByPosition(fraction, survey) : ByDocument(fraction, rule.Seed!.Value, survey);
    }

    /// <summary>The parts of a document with the split that each belongs to.</summary>
    /// <param name="number">The document's number, from 0, empty ones counted.</param>
    /// <param name="document">The document.</param>
    public IEnumerable<(string Split, IEnumerable<string> Pieces)> PartsOf(long number, Document document) => _parts(number, document);

    private static SplitPlan ByPosition(double fraction, CorpusSurvey survey)
    {
        long train = (long)Math.Floor((1 - fraction) * survey.Characters); // nanoGPT: data[:int(n*0.9)]
        return new SplitPlan(new SplitRuleEntry("position", fraction, null), partsAreWhole: train == survey.Characters, (_, document) =>
        [
            (SplitNames.Train, TextPieces.Take(document.ReadPieces(), train)),
            (SplitNames.Val, TextPieces.Skip(document.ReadPieces(), train)),
        ]);
    }

    private static SplitPlan ByDocument(double fraction, long seed, CorpusSurvey survey)
    {
        // Hashes are evenly spread over [0, 2^64). With few documents chance may leave one side empty: then the one nearest to it goes there.
        ulong valBelow = (ulong)(fraction * Math.Pow(2, 64));
        if (fraction > 0 && survey.SmallestHash >= valBelow) valBelow = survey.SmallestHash + 1;
        if (survey.LargestHash < valBelow) valBelow = survey.LargestHash;
        return new SplitPlan(new SplitRuleEntry("document", fraction, seed), partsAreWhole: true, (number, document) =>
            [(survey.Hashes[(int)number] < valBelow ? SplitNames.Val : SplitNames.Train, document.ReadPieces())]);
    }
}
