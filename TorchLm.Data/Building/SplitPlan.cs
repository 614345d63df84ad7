using TorchLm.Core;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Building;

/// <summary>A <see cref="SplitRule"/> applied to the documents that were collected.</summary>
internal sealed class SplitPlan
{
    private readonly Func<StoredDocument, IEnumerable<DocumentPart>> _partsOf;

    private SplitPlan(SplitRuleEntry entry, Func<StoredDocument, IEnumerable<DocumentPart>> partsOf) => (Entry, _partsOf) = (entry, partsOf);

    /// <summary>How <c>dataset.json</c> describes the division.</summary>
    public SplitRuleEntry Entry { get; }

    /// <summary>Makes the plan.</summary>
    public static SplitPlan Make(SplitRule rule, CollectedCorpus corpus)
    {
        if (rule.SplitOf is { } splitOf)
        {
            return new SplitPlan(new SplitRuleEntry("explicit", null, null), document => [Whole(document, splitOf(document.Number))]);
        }
        return corpus.Documents == 1 && rule.HeldOutFraction > 0 ? ByPosition(rule, corpus.Characters) : ByDocument(rule, corpus);
    }

    /// <summary>The parts of a document or section; asked for in the order in which they are stored, once.</summary>
    public IEnumerable<DocumentPart> PartsOf(StoredDocument document) => _partsOf(document);

    private static DocumentPart Whole(StoredDocument document, string split) =>
        new(split, document.Name, document.Source, document.Joint is null, document.Text, document.Joint is null ? document.Nats : 0);

    private static SplitPlan ByPosition(SplitRule rule, long characters)
    {
        // nanoGPT: data[:int(n*0.9)]
        long train = (long)Math.Floor((1 - rule.HeldOutFraction) * characters);
        if (train == 0) throw new InputException("Nothing is left for the train split: give more text, or ask for a smaller validation share.");
        long val = rule.TestFraction > 0 ? (long)Math.Floor((1 - rule.TestFraction!.Value) * characters) : characters;
        (string Split, long End)[] ends = [(SplitNames.Train, train), (SplitNames.Val, val), (SplitNames.Test, characters)];
        long position = 0;
        HashSet<string> begun = [];
        return new SplitPlan(new SplitRuleEntry("position", rule.ValFraction, null, rule.TestFraction), Divide);

        IEnumerable<DocumentPart> Divide(StoredDocument document)
        {
            string text = document.Text;
            foreach ((string split, long end) in ends)
            {
                long wanted = end - position, left = wanted;
                if (wanted <= 0) continue;
                int index = TextPieces.IndexOf(text, ref left);
                position += wanted - left;
                if (index > 0) yield return new DocumentPart(split, document.Name, document.Source, begun.Add(split), text[..index], null);
                text = text[index..];
                if (text.Length == 0) yield break;
            }
        }
    }

    private static SplitPlan ByDocument(SplitRule rule, CollectedCorpus corpus)
    {
        // Keys are evenly spread over [0, 2^64). With few documents chance may leave one side empty: then the document nearest to the border crosses it.
        long seed = rule.Seed!.Value;
        ulong valBelow = Border(rule.ValFraction!.Value), testBelow = Border(rule.HeldOutFraction);
        if (valBelow > 0 && corpus.SmallestKey >= valBelow) valBelow = corpus.SmallestKey + 1;
        valBelow = Math.Min(valBelow, corpus.LargestKey);
        testBelow = Math.Min(Math.Max(testBelow, valBelow), corpus.LargestKey);
        return new SplitPlan(new SplitRuleEntry("document", rule.ValFraction, seed, rule.TestFraction), document =>
        {
            ulong key = CollectedCorpus.KeyOf(document.Hash, seed);
            return [Whole(document, key < valBelow ? SplitNames.Val : key < testBelow ? SplitNames.Test : SplitNames.Train)];
        });
    }

    private static ulong Border(double fraction) => (ulong)(fraction * Math.Pow(2, 64));
}
