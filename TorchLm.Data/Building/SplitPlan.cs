using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>A <see cref="SplitRule"/> applied to the documents that a <see cref="CorpusSurvey"/> saw.</summary>
internal sealed class SplitPlan
{
    private readonly Func<long, Document, IEnumerable<DocumentPart>> _partsOf;

    private SplitPlan(SplitRuleEntry entry, Func<long, Document, IEnumerable<DocumentPart>> partsOf) =>
        (Entry, _partsOf) = (entry, partsOf);

    /// <summary>How <c>dataset.json</c> describes the division.</summary>
    public SplitRuleEntry Entry { get; }

    /// <summary>Makes the plan.</summary>
    public static SplitPlan Make(SplitRule rule, CorpusSurvey survey)
    {
        if (rule.SplitOf is { } splitOf)
        {
            return new SplitPlan(new SplitRuleEntry("explicit", null, null), (number, document) => [Whole(document, splitOf(number))]);
        }
        double fraction = rule.ValFraction!.Value;
        return survey.Documents == 1 && fraction > 0
            ? ByPosition(fraction, survey.Characters)
            : ByDocument(fraction, rule.Seed!.Value, survey);
    }

    /// <summary>The parts of a document.</summary>
    /// <param name="number">The document's number, from 0, empty ones counted.</param>
    /// <param name="document">The document.</param>
    public IEnumerable<DocumentPart> PartsOf(long number, Document document) => _partsOf(number, document);

    private static DocumentPart Whole(Document document, string split) =>
        new(split, document.Name, document.ReadPieces(), document.Nats);

    private static SplitPlan ByPosition(double fraction, long characters)
    {
        long train = (long)Math.Floor((1 - fraction) * characters); // nanoGPT: data[:int(n*0.9)]
        return new SplitPlan(new SplitRuleEntry("position", fraction, null), (_, document) =>
        [
            new DocumentPart(SplitNames.Train, document.Name, TextPieces.Take(document.ReadPieces(), train), Nats: null),
            new DocumentPart(SplitNames.Val, document.Name, TextPieces.Skip(document.ReadPieces(), train), Nats: null),
        ]);
    }

    private static SplitPlan ByDocument(double fraction, long seed, CorpusSurvey survey)
    {
        // Hashes are evenly spread over [0, 2^64). With few documents chance may leave one side empty: then the document nearest to
        // the border crosses it.
        ulong valBelow = (ulong)(fraction * Math.Pow(2, 64));
        if (fraction > 0 && survey.SmallestHash >= valBelow) valBelow = survey.SmallestHash + 1;
        if (survey.LargestHash < valBelow) valBelow = survey.LargestHash;
        return new SplitPlan(new SplitRuleEntry("document", fraction, seed), (number, document) =>
            [Whole(document, survey.Hashes[(int)number] < valBelow ? SplitNames.Val : SplitNames.Train)]);
    }
}
