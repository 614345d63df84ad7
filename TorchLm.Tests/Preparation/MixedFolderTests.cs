using System.Text;
using System.Text.Json;
using TorchLm.Tests.Train;

namespace TorchLm.Tests.Preparation;

/// <summary>A folder of every format and every kind of dirt, prepared by one command: the fate of everything in it.</summary>
public sealed class MixedFolderTests : IDisposable
{
    private const string Boilerplate = "Subscribe to our newsletter for more stories like this one.";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _kept = []; // what the documents are to be after cleaning
    private int _seed;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_planted_item_meets_its_fate_and_the_tokens_are_the_cleaned_text()
    {
        PlantFormats();
        PlantBoilerplate();
        PlantDuplicates();
        PlantDamage();
        (string leaking, string passage) = PlantContamination();

        ProgramProcess run = ProgramProcess.Run(_folder.Path, "prepare", "in", "--out", "out", "--clean", "web", "--with", "emails", "--exclude", "held-out.txt",
            "--vocab-size", "700", "--test-fraction", "0.1");
        Assert.True(run.ExitCode == 0, run.Errors);
        PreparedSet set = new(_folder["out"]);

        // What was held out is gone from the document in which it stood, with 200 characters on both sides, and nothing else.
        string leaked = Assert.Single(set.Documents, document => document.Contains("leaky", StringComparison.Ordinal));
        Assert.DoesNotContain(passage[20..60], leaked);
        string[] pieces = leaked.Split("\n\n");
        Assert.Equal(2, pieces.Length);
        int at = leaking.IndexOf(passage, StringComparison.Ordinal);
        Assert.StartsWith(pieces[0], leaking);
        Assert.EndsWith(pieces[1], leaking);
        Assert.InRange(pieces[0].Length, at - 240, at - 200);
        Assert.InRange(pieces[1].Length, leaking.Length - at - passage.Length - 240, leaking.Length - at - passage.Length - 200);

        Assert.Equal(_kept.Order(StringComparer.Ordinal), set.Documents.Where(document => document != leaked).Order(StringComparer.Ordinal));
        Assert.Equal(["test", "train", "val"], set.Splits.Keys.Order());
        Assert.All(set.Splits.Values, Assert.NotEmpty);

        Counted(set, "unicode", changed: 1);
        Counted(set, "controls", changed: 2);
        Counted(set, "boilerplate", changed: 12);
        Counted(set, "held-out", changed: 1);
        Counted(set, "emails", changed: 1);
        Counted(set, "length", removed: 1);
        Counted(set, "stop-words", removed: 1);
        Counted(set, "curly-brackets", removed: 1);
        Counted(set, "repeated-lines", removed: 1);
        Counted(set, "exact-duplicates", removed: 2);
        Counted(set, "near-duplicates", removed: 1);
        foreach ((string reason, int count) in (IEnumerable<(string, int)>)[("Damaged", 5), ("Binary", 1), ("InvalidBytes", 2), ("BadRecord", 2), ("NoField", 3), ("Empty", 1)])
        {
            Assert.True((int?)set.Skipped(reason)?["count"] == count, $"{reason}: {set.Skipped(reason)}");
        }
        Assert.Contains("1 .png", run.Output);
    }

    private void PlantFormats()
    {
        string[] texts = [.. Enumerable.Range(0, 30).Select(i => Fresh($"marker{i}"))];
        // HTML's paragraphs have a blank line between them, and a row of a .tsv file is one line.
        _kept.AddRange(texts.Select((text, i) => i is 3 or 21 ? text.Replace("\n", "\n\n", StringComparison.Ordinal) : i is 12 or 13 or 25 ? OneLine(text) : text));
        _folder.Write("in/a.txt", texts[0]);
        _folder.Write("in/b.md", "\uFEFF" + texts[1]);
        _folder.Write("in/c.txt", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(texts[2])]);
        _folder.Write("in/d.html", Html(texts[3]));
        _folder.Write("in/e.jsonl", Json(texts[4..7]));
        _folder.Write("in/f.ndjson", Json(texts[7..9]));
        _folder.Write("in/g.csv", "id,text\n" + string.Concat(texts[9..12].Select((text, i) => $"{i},\"{text}\"\n")));
        _folder.Write("in/h.tsv", "text\tid\n" + string.Concat(texts[12..14].Select((text, i) => $"{OneLine(text)}\t{i}\n")));
        _folder.Write("in/i.parquet", PackedFiles.Parquet(texts[14..19]));
        _folder.Write("in/packed/j.txt.gz", PackedFiles.Gzip(PackedFiles.Utf8(texts[19])));
        _folder.Write("in/packed/k.md.zst", PackedFiles.Zstandard(PackedFiles.Utf8(texts[20])));
        _folder.Write("in/packed/l.html.br", PackedFiles.Brotli(PackedFiles.Utf8(Html(texts[21]))));
        _folder.Write("in/packed/m.jsonl.bz2", PackedFiles.Bzip2(PackedFiles.Utf8(Json(texts[22..24]))));
        _folder.Write("in/packed/n.csv.gz", PackedFiles.Gzip(PackedFiles.Utf8("text\n\"" + texts[24] + "\"\n")));
        _folder.Write("in/packed/o.tsv.zst", PackedFiles.Zstandard(PackedFiles.Utf8("text\n" + OneLine(texts[25]) + "\n")));
        _folder.Write("in/packed/p.parquet.gz", PackedFiles.Gzip(PackedFiles.Parquet([texts[26], texts[27]])));
        // Members of gzip and bzip2 that follow each other are one file.
        byte[] first = PackedFiles.Utf8(texts[28][..300]), second = PackedFiles.Utf8(texts[28][300..]);
        _folder.Write("in/packed/q.txt.bz2", [.. PackedFiles.Bzip2(first), .. PackedFiles.Bzip2(second)]);
        (first, second) = (PackedFiles.Utf8(texts[29][..300]), PackedFiles.Utf8(texts[29][300..]));
        _folder.Write("in/packed/r.txt.gz", [.. PackedFiles.Gzip(first), .. PackedFiles.Gzip(second)]);
        _folder.Write("in/picture.png", [0x89, 0x50, 0x4E, 0x47]);
    }

    private void PlantBoilerplate()
    {
        for (int i = 0; i < 12; i++)
        {
            string above = Fresh($"above{i}"), below = Prose.Paragraph($"below{i}", 5000 + i);
            _folder.Write($"in/site/{i:D2}.txt", $"{above}\n{Boilerplate}\n{below}");
            _kept.Add($"{above}\n{below}");
        }
    }

    private void PlantDuplicates()
    {
        string original = Keep(Fresh("original"));
        _folder.Write("in/twins/1.txt", original);
        _folder.Write("in/twins/2.txt", original);
        _folder.Write("in/twins/3.txt", original.Replace("\n", "\n\n")); // white space makes no difference
        _folder.Write("in/twins/4.txt", original.Replace("people who came", "people that came", StringComparison.Ordinal)); // one word in 250, four times
        string similar = Fresh("similar");
        _folder.Write("in/twins/5.txt", Keep(original[..(original.Length / 2)] + similar[(similar.Length / 2)..])); // half of it only
    }

    private void PlantDamage()
    {
        string text = Fresh("dirt");
        Write("crlf.txt", text.Replace("\n", "\r\n"), kept: text);
        text = Fresh("controls");
        Write("controls.txt", text.Insert(40, "\u0007\u001B").Insert(90, "\uFEFF"), kept: text);
        text = Fresh("café");
        Write("decomposed.txt", text.Replace("café", "cafe\u0301"), kept: text);
        text = Fresh("mail");
        Write("mail.txt", text + " Write to jane.doe@example.org for more.", kept: text + " Write to [email] for more.");

        Write("short.txt", "The end of that.", kept: null);
        Write("german.txt", string.Join(' ', Enumerable.Repeat("Der Hund lief schnell durch einen großen dunklen Wald.", 1)) + Words("Wald Baum Fluss Berg Hütte Sonne Nebel Weg Licht Stein", 80), kept: null);
        Write("code.txt", Fresh("code") + " int main() { return 0; }", kept: null);
        Write("again.txt", string.Join('\n', Enumerable.Range(0, 9).Select(i => i % 3 == 0 ? Prose.Paragraph("again", 7000 + i, 2) : "And the same line stood there with all of them once more.")), kept: null);

        _folder.Write("in/dirt/latin1.txt", Encoding.Latin1.GetBytes(Fresh("latin") + " café"));
        _folder.Write("in/dirt/bad.jsonl", [.. PackedFiles.Utf8("{\"text\":\"b"), 0xFF, .. PackedFiles.Utf8("d\"}\n[1]\n{\"id\":1}\n{\"text\":7}\n{\"text\":\"\"}\nnot json\n")]);
        _folder.Write("in/dirt/other.csv", "id,body\n1,x\n");
        _folder.Write("in/dirt/binary.txt", [1, 2, 0, 4, 0, 6]);
        byte[] packed = PackedFiles.Gzip(PackedFiles.Utf8(Fresh("cut")));
        _folder.Write("in/dirt/cut.txt.gz", packed[..(packed.Length / 2)]);
        _folder.Write("in/dirt/cut.txt.br", PackedFiles.Brotli(PackedFiles.Utf8(Fresh("cut")))[..^20]);
        _folder.Write("in/dirt/cut.txt.zst", PackedFiles.Zstandard(PackedFiles.Utf8(Fresh("cut")))[..^20]);
        _folder.Write("in/dirt/cut.txt.bz2", PackedFiles.Bzip2(PackedFiles.Utf8(Fresh("cut")))[..^20]);
        _folder.Write("in/dirt/cut.parquet", PackedFiles.Parquet([Fresh("cut"), Fresh("cut")])[..^30]);
    }

    private (string Text, string Passage) PlantContamination()
    {
        string passage = "Whoever measures a model on this very passage must be sure that it never stood in what the model was trained on before.";
        _folder.Write("held-out.txt", passage.ToUpperInvariant().Replace(",", " -- "));
        string text = $"{Fresh("leaky")} {passage} {Prose.Text("the rest", 9000)}";
        _folder.Write("in/leaky.txt", text);
        return (text, passage);
    }

    private static void Counted(PreparedSet set, string step, int changed = 0, int removed = 0)
    {
        var entry = set.Step(step);
        Assert.True(changed == (int)entry["documentsChanged"]! && removed == (int)entry["documentsRemoved"]!, entry.ToJsonString());
        if (changed + removed > 0) Assert.NotEmpty(entry["samples"]!.AsArray());
    }

    private string Fresh(string marker) => Prose.Text(marker, ++_seed);

    private string Keep(string text)
    {
        _kept.Add(text);
        return text;
    }

    private void Write(string name, string text, string? kept)
    {
        _folder.Write("in/dirt/" + name, text);
        if (kept is not null) _kept.Add(kept);
    }

    private static string OneLine(string text) => text.Replace('\n', ' ');

    private static string Html(string text) =>
        "<!DOCTYPE html><html><head><title>No text</title><style>p { color: red }</style></head><body><nav><a href='/'>Home</a></nav><div><p>" +
        text.Replace("\n", "</p><p>").Replace(" ", "\n  ") + "</p></div><script>alert('no text')</script><footer>No text</footer></body></html>";

    private static string Json(IEnumerable<string> texts) =>
        string.Concat(texts.Select(text => JsonSerializer.Serialize(new { id = 1, meta = new { text = "not this one" }, text }) + "\r\n"));

    private static string Words(string words, int count)
    {
        string[] all = words.Split(' ');
        return string.Concat(Enumerable.Range(0, count).Select(i => " " + all[i * 7 % all.Length] + all[i * i % all.Length].ToLowerInvariant() + (i % 9 == 8 ? "." : ""))) + ".";
    }
}
