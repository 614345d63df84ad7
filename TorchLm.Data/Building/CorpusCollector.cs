using System.Text;
using TorchLm.Data.Cleaning;
using TorchLm.Data.Deduplication;
using TorchLm.Data.Reading;

namespace TorchLm.Data.Building;

/// <summary>
/// Reads and cleans documents, drops those that were seen before, and stores what is left. Where a step must know the whole corpus first, what the steps
/// before it made is stored in between.
/// </summary>
/// <remarks>
/// Documents are worked on by several threads, and judged in their order by one, so that the first of several equal ones is kept whatever the number of
/// threads. What judges whole documents judges one that comes in sections by its first; equal ones are found by all of their sections.
/// </remarks>
internal sealed class CorpusCollector(PreparationOptions options, string observed, long seed, int threads, Action<long> report, CancellationToken cancellation)
{
    private readonly PreparationCount _count = new(NamesOf(options));
    private readonly ExactDuplicates _exact = new();
    private readonly NearDuplicates? _near = options.NearDuplicates is { } near ? new NearDuplicates(near) : null;
    private readonly MinHash? _minHash = options.NearDuplicates is { } near ? new MinHash(near) : null;
    private readonly CorpusSum _sum = new(seed);
    private readonly HashSet<long> _broken = []; // long documents a section of which could not be used
    private readonly List<long> _removed = [];   // documents in the store that are not to be read from it
    private readonly bool _cleansWhiteSpace = options.Steps.Any(step => step is WhitespaceStep), _cleansLineEnds = options.Steps.Any(step => step is ControlsStep);
    private OpenDocument? _open;
    private long _dropped = -1;
    private string _droppedBy = "";

    /// <summary>What was skipped and removed, for a sentence.</summary>
    public string Summary => _count.Summary();

    /// <summary>Collects the documents into a store.</summary>
    public CollectedCorpus Collect(IEnumerable<Document> documents, string store)
    {
        int first = options.Steps.Index().FirstOrDefault(step => step.Item is ICorpusStep, (-1, null!)).Index;
        if (first < 0)
        {
            Store(InParallel(Numbered(documents), Draft.Size, draft => Finish(Clean(Read(draft), options.Steps))), store);
        }
        else
        {
            ICorpusStep[] observers = [.. options.Steps.OfType<ICorpusStep>()];
            ICleaningStep[] before = [.. options.Steps.Take(first)], after = [.. options.Steps.Skip(first)];
            Observe(InParallel(Numbered(documents), Draft.Size, draft => Digest(Clean(Read(draft), before), observers)), observers, observed);
            Store(InParallel(DocumentStore.Read(observed).Select(Draft.Of), Draft.Size, draft => Finish(Clean(draft, after))), store);
            File.Delete(observed);
        }
        return _sum.ToCorpus(_count.ToEntry(), _removed);
    }

    private static IEnumerable<string> NamesOf(PreparationOptions options)
    {
        foreach (ICleaningStep step in options.Steps) yield return step.Name;
        if (options.ExactDuplicates) yield return PreparationOptions.ExactDuplicatesName;
        if (options.NearDuplicates is not null) yield return PreparationOptions.NearDuplicatesName;
    }

    private IEnumerable<Draft> InParallel(IEnumerable<Draft> drafts, Func<Draft, int> sizeOf, Action<Draft> work) =>
        OrderedParallel.Select(OrderedParallel.Batches(drafts, sizeOf), batch =>
        {
            batch.ForEach(work);
            return batch;
        }, threads, cancellation).SelectMany(batch => batch);

    private static IEnumerable<Draft> Numbered(IEnumerable<Document> documents)
    {
        long number = -1;
        foreach (Document document in documents)
        {
            if (document.Joint is null) number++;
            yield return new Draft(document, number);
        }
    }

    private static Draft Read(Draft draft)
    {
        try
        {
            (draft.Text, draft.InvalidSequences) = draft.Document!.Read();
            draft.BytesRead = Encoding.UTF8.GetByteCount(draft.Text);
            if (draft.Text.Length == 0 && draft.Joint is null) throw new SkippedDocumentException(SkipReason.Empty, "there is no text in it");
        }
        catch (SkippedDocumentException skipped)
        {
            (draft.Skipped, draft.Text) = (skipped, null);
        }
        return draft;
    }

    private Draft Clean(Draft draft, IReadOnlyList<ICleaningStep> steps)
    {
        if (draft.Text is null) return draft;
        if (draft.Joint is { } joint) draft.Joint = CleanJoint(joint);
        foreach (ICleaningStep step in steps)
        {
            CleaningResult result = step.Apply(draft.Text);
            if (result.Text is null && draft.Joint is not null)
            {
                if (step.JudgesDocuments) continue; // the first section decides
                result = result with { Text = "" }; // nothing is left of this one
            }
            if (result.Text is not null && result.Count == 0 && ReferenceEquals(result.Text, draft.Text)) continue;
            int before = Encoding.UTF8.GetByteCount(draft.Text), after = result.Text is null ? 0 : Encoding.UTF8.GetByteCount(result.Text);
            draft.Outcomes.Add((step.Name, result, before - after));
            draft.Text = result.Text;
            if (string.IsNullOrEmpty(draft.Text)) break;
        }
        return draft;
    }

    // What parts two sections is cleaned as the steps clean the text.
    private string CleanJoint(string joint)
    {
        if (_cleansLineEnds) joint = joint.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (!_cleansWhiteSpace || joint.Length == 0) return joint;
        int lines = joint.AsSpan().Count('\n');
        return lines > 1 ? "\n\n" : lines == 1 ? "\n" : " ";
    }

    private static void Digest(Draft draft, ICorpusStep[] observers)
    {
        if (draft.Text is null) return;
        draft.Digests = [.. observers.Select(observer => observer.Digest(draft.Text))];
    }

    private void Finish(Draft draft)
    {
        if (string.IsNullOrEmpty(draft.Text)) return;
        draft.Utf8 = Encoding.UTF8.GetBytes(draft.Text);
        draft.Hash = NormalizedText.Hash(draft.Text);
        if (draft.Joint is not null) return;
        draft.Signature = _minHash?.Sign(draft.Text);
    }

    private void Observe(IEnumerable<Draft> drafts, ICorpusStep[] observers, string store)
    {
        // A line that several sections of a document hold is in one document.
        HashSet<ulong>[] seen = [.. observers.Select(_ => new HashSet<ulong>())];
        using (var writer = new DocumentStore.Writer(store))
        {
            foreach ((Draft draft, bool last) in WithLast(drafts))
            {
                if (!Account(draft, last)) continue;
                for (int i = 0; i < observers.Length; i++)
                {
                    bool alone = draft.Joint is null && last;
                    if (draft.Joint is null) seen[i].Clear();
                    observers[i].Observe(alone ? draft.Digests![i] : [.. draft.Digests![i].Where(seen[i].Add)]);
                }
                writer.Write(new StoredDocument(draft.Number, draft.Name, draft.Source, draft.Joint, default, draft.Nats, Encoding.UTF8.GetBytes(draft.Text!)));
            }
        }
        foreach (ICorpusStep observer in observers) observer.EndObservation();
        _dropped = -1;
    }

    private void Store(IEnumerable<Draft> drafts, string store)
    {
        using var writer = new DocumentStore.Writer(store);
        foreach ((Draft draft, bool last) in WithLast(drafts))
        {
            if (Account(draft, last) && !_broken.Contains(draft.Number)) Write(draft, last, writer);
            if (last && _open?.Number == draft.Number) End(_open, draft.Name);
        }
        writer.Complete();
    }

    private void Write(Draft draft, bool last, DocumentStore.Writer writer)
    {
        if (_open?.Number != draft.Number)
        {
            if (last && IsDuplicate(draft)) return;
            _open = new OpenDocument(draft.Number, draft.Source, draft.Hash);
            draft.Joint = null; // perhaps a further section, where nothing was left of the first
        }
        writer.Write(new StoredDocument(draft.Number, draft.Name, draft.Source, draft.Joint, _open.Hash, draft.Nats, draft.Utf8!));
        int bytes = draft.Utf8!.Length + Encoding.UTF8.GetByteCount(draft.Joint ?? "");
        _open.Add(bytes, TextPieces.CountCharacters(draft.Joint) + TextPieces.CountCharacters(draft.Text), draft.Hash);
    }

    // A document of several sections is stored as it comes, so that what is found out later only marks it.
    private void End(OpenDocument document, string name)
    {
        _open = null;
        bool duplicate = !_broken.Contains(document.Number) && document.Sections > 1 && options.ExactDuplicates && !_exact.Add(document.WholeHash);
        if (duplicate) _count.Count(PreparationOptions.ExactDuplicatesName, name, new CleaningResult(null, 1, $"{document.Bytes:N0} bytes"), document.Bytes, continues: false);
        if (duplicate || _broken.Contains(document.Number)) _removed.Add(document.Number);
        else _sum.Add(document);
    }

    private static IEnumerable<(Draft Draft, bool Last)> WithLast(IEnumerable<Draft> drafts)
    {
        Draft? held = null;
        foreach (Draft draft in drafts)
        {
            if (held is not null) yield return (held, held.Number != draft.Number);
            held = draft;
        }
        if (held is not null) yield return (held, true);
    }

    // Counts what was done to a document; false where nothing of it is left.
    private bool Account(Draft draft, bool last)
    {
        bool continues = draft.Joint is not null;
        if (draft.Document is not null) // just read, rather than between two passes
        {
            _count.BytesRead += draft.BytesRead;
            _count.InvalidSequences += draft.InvalidSequences;
            if (draft.Skipped is { } skipped)
            {
                _count.Skip(draft.Name, skipped);
                if (continues || !last) _broken.Add(draft.Number); // a long document is left out whole
            }
            else if (!continues) _count.DocumentsRead++;
            report(_count.BytesRead);
        }
        if (continues && draft.Number == _dropped)
        {
            _count.Count(_droppedBy, draft.Name, new CleaningResult(null, 1, null), Encoding.UTF8.GetByteCount(draft.Text ?? ""), continues);
            return false;
        }
        foreach ((string step, CleaningResult result, int bytes) in draft.Outcomes)
        {
            _count.Count(step, draft.Name, result, bytes, continues);
            if (result.Text is null) (_dropped, _droppedBy) = (draft.Number, step);
        }
        if (draft.Text?.Length == 0 && !continues) _count.Skip(draft.Name, new SkippedDocumentException(SkipReason.Empty, "nothing is left of it after cleaning"));
        return !string.IsNullOrEmpty(draft.Text);
    }

    private bool IsDuplicate(Draft draft)
    {
        string? by = options.ExactDuplicates && !_exact.Add(draft.Hash) ? PreparationOptions.ExactDuplicatesName
            : draft.Signature is { } signature && !_near!.Add(signature, out _) ? PreparationOptions.NearDuplicatesName
            : null;
        if (by is null) return false;
        _count.Count(by, draft.Name, new CleaningResult(null, 0, Excerpt.Of(draft.Text!)), draft.Utf8!.Length, continues: false);
        (_dropped, _droppedBy) = (draft.Number, by);
        return true;
    }

    /// <summary>A document on its way.</summary>
    private sealed class Draft(Document? document, long number)
    {
        public Document? Document { get; } = document;

        public long Number { get; } = number;

        public string Name { get; private init; } = document?.Name ?? "";

        public string Source { get; private init; } = document?.Source ?? "";

        public double? Nats { get; private init; } = document?.Nats;

        public string? Joint { get; set; } = document?.Joint;

        public string? Text { get; set; }

        public int InvalidSequences { get; set; }

        public int BytesRead { get; set; }

        public SkippedDocumentException? Skipped { get; set; }

        public List<(string Step, CleaningResult Result, int BytesRemoved)> Outcomes { get; } = [];

        public ulong[][]? Digests { get; set; }

        public byte[]? Utf8 { get; set; }

        public UInt128 Hash { get; set; }

        public byte[]? Signature { get; set; }

        public static int Size(Draft draft) => draft.Document?.Size ?? draft.Text!.Length;

        public static Draft Of(StoredDocument stored) => new(null, stored.Number)
        {
            Name = stored.Name, Source = stored.Source, Nats = stored.Nats, Joint = stored.Joint, Text = Encoding.UTF8.GetString(stored.Utf8),
        };
    }
}
