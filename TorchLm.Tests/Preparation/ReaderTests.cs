using System.Text;
using TorchLm.Core;
using TorchLm.Data.Reading;

namespace TorchLm.Tests.Preparation;

/// <summary>What each format's reader makes of files, good and bad.</summary>
public sealed class ReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_lines_give_the_field_and_say_what_is_wrong_with_a_line()
    {
        string path = _folder.Write("x.jsonl", """
            {"text": "one\nline \u00e9 \ud83d\ude00", "id": 1}

            {"id": {"text": "nested"}, "text": "two"}
            {"text": 3}
            {"id": 3}
            ["text", "x"]
            {"text": "open
            {"text": "more"} {"text": "than one"}
            {"text": "half \ud800 pair"}
            {"text": "first", "text": "the last one counts"}
            """.Replace("\n            ", "\n"));
        Assert.Equal([
            "one\nline é 😀", "two", "NoField: x.jsonl, line 4", "NoField: x.jsonl, line 5", "BadRecord: x.jsonl, line 6", "BadRecord: x.jsonl, line 7",
            "BadRecord: x.jsonl, line 8", "InvalidBytes: x.jsonl, line 9", "the last one counts"], Read(path));
        // What is wrong beside the text is nobody's concern.
        byte[] beside = [.. PackedFiles.Utf8("{\"text\":\"fine\",\"meta\":\""), 0xFF, .. PackedFiles.Utf8("\"}\n{\"text\":\"a"), 0, .. PackedFiles.Utf8("b\"}\n{\"text\":\"c\"}\n")];
        Assert.Equal(["fine", "BadRecord: z.jsonl, line 2", "c"], Read(_folder.Write("z.jsonl", beside)));
        Assert.Equal(["NoField: y.jsonl, line 1", "b"], Read(_folder.Write("y.jsonl", "{\"text\":\"a\"}\n{\"body\":\"b\"}"), new ReadingOptions(Field: "body")));
    }

    [Fact]
    public void A_line_longer_than_memory_should_hold_is_passed_over()
    {
        string path = _folder["long.jsonl"];
        using (var file = new StreamWriter(path))
        {
            file.Write("{\"text\":\"before\"}\n{\"text\":\"");
            string megabyte = new('x', 1 << 20);
            for (int i = 0; i < 65; i++) file.Write(megabyte);
            file.Write("\"}\n{\"text\":\"after\"}\n");
        }
        Assert.Equal(["before", "TooLong: long.jsonl, line 2", "after"], Read(path));
    }

    [Fact]
    public void Csv_fields_may_hold_quotes_delimiters_and_line_breaks()
    {
        string path = _folder.Write("x.csv", "id,text,more\r\n1,\"He said \"\"yes\"\", twice.\r\nThen left.\",x\r\n2,plain\r\n3\r\n4,,y\r\n");
        Assert.Equal(["He said \"yes\", twice.\r\nThen left.", "plain", "BadRecord: x.csv, row 4", ""], Read(path));
        Assert.Equal(["BadRecord: q.csv, row 2", "fine"], Read(_folder.Write("q.csv", "id,text\n1,\"never closed\n2,\"row\" two\"\n3,fine\n")).Where((_, i) => i is 0 or 1));
        // Quotation marks are text where tabs divide, as in most files of sentences.
        Assert.Equal(["a \"b", "\"c\""], Read(_folder.Write("x.tsv", "text\tid\na \"b\t1\n\"c\"\t2\n")));
        Assert.Equal(["NoField: y.csv"], Read(_folder.Write("y.csv", "body\nx\n")));
        byte[] latin = [.. PackedFiles.Utf8("text\ncaf"), 0xE9, .. PackedFiles.Utf8("\nfine\n")];
        Assert.Equal(["InvalidBytes: z.csv, row 2", "fine"], Read(_folder.Write("z.csv", latin)));
        Assert.Equal(["caf\uFFFD", "fine"], Read(_folder["z.csv"], new ReadingOptions(InvalidBytes.Replace)));
        Assert.Throws<InputException>(() => Read(_folder["z.csv"], new ReadingOptions(InvalidBytes.Fail)));
    }

    [Fact]
    public void Parquet_gives_the_rows_of_a_column_of_strings()
    {
        Assert.Equal(["a", "NoField: x.parquet, row 2", "ccc", "d 三"], Read(_folder.Write("x.parquet", PackedFiles.Parquet(["a", null, "ccc", "d 三"]))));
        Assert.Equal(["b"], Read(_folder.Write("y.parquet", PackedFiles.Parquet(["b"], "body")), new ReadingOptions(Field: "body")));
        Assert.Equal(["NoField: y.parquet"], Read(_folder["y.parquet"]));
        Assert.Equal(["NoField: y.parquet"], Read(_folder["y.parquet"], new ReadingOptions(Field: "id")));
        Assert.Equal(["Damaged: z.parquet"], Read(_folder.Write("z.parquet", "no Parquet at all")));
    }

    [Fact]
    public void Html_gives_what_a_reader_sees_a_line_a_block()
    {
        string page = """
            <!DOCTYPE html><html><head><title>Title</title><style>p { x: y }</style><script>let a = "<p>no</p>";</script></head>
            <body><nav><a>Menu</a></nav><h1>A <em>fine</em> head</h1><p>One,
              two &amp; three<br>four</p><ul><li>first</li><li>second</li></ul><div>x<div>y</div>z</div>
            <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><pre>code  here
              kept</pre><p hidden>not this</p><form><button>Send</button></form><!-- nor this --><p>last</p><footer>no</footer></body></html>
            """;
        const string Expected = "A fine head\n\nOne, two & three\nfour\n\nfirst\nsecond\n\nx\ny\nz\n\na\tb\n1\t2\n\ncode  here\n  kept\n\nlast";
        Assert.Equal([Expected], Read(_folder.Write("x.html", page)));
    }

    [Fact]
    public void Html_in_an_old_encoding_is_read_in_the_one_it_names()
    {
        byte[] page = Encoding.Latin1.GetBytes("<html><head><meta charset=\"iso-8859-1\"></head><body>café</body></html>");
        Assert.Equal(["café"], Read(_folder.Write("x.html", page)));
        byte[] windows = [.. PackedFiles.Utf8("<meta http-equiv='Content-Type' content='text/html; charset=windows-1252'>"), 0x93, .. PackedFiles.Utf8("quoted"), 0x94];
        byte[] japanese = [.. PackedFiles.Utf8("<meta charset=euc-jp><p>ok "), 0xA4, 0xA2, 0xB0, 0x20];
        Assert.Equal(["InvalidBytes: j.html"], Read(_folder.Write("j.html", japanese)));
        Assert.Equal(["ok あ\uFFFD"], Read(_folder["j.html"], new ReadingOptions(InvalidBytes.Replace)));
        Assert.Equal(["“quoted”"], Read(_folder.Write("y.html", windows)));
        Assert.Equal(["InvalidBytes: z.html"], Read(_folder.Write("z.html", [.. PackedFiles.Utf8("<p>caf"), 0xE9])));
        Assert.Equal(["é €"], Read(_folder.Write("u.html", "<meta charset=windows-1252><p>é €"))); // what is UTF-8 is UTF-8, whatever it says
    }

    [Fact]
    public void Html_nested_deeply_is_read_and_deeper_than_a_parser_can_bear_is_passed_over()
    {
        string Nested(int depth) => string.Concat(Enumerable.Repeat("<div>", depth)) + "deep" + string.Concat(Enumerable.Repeat("</div>", depth));
        Assert.Equal(["deep"], Read(_folder.Write("deep.html", Nested(4_900))));
        Assert.Equal(["TooLong: deeper.html"], Read(_folder.Write("deeper.html", Nested(100_000))));
        string flat = string.Concat(Enumerable.Repeat("<p>a<br>", 20_000)) + string.Concat(Enumerable.Repeat("<div>b</div>", 20_000));
        Assert.Equal(80_000 - 1 + 20_000, Assert.Single(Read(_folder.Write("flat.html", flat))).Length); // a and two line breaks, b and one
    }

    [Theory]
    [InlineData("gz"), InlineData("zst"), InlineData("br"), InlineData("bz2")]
    public void A_packed_file_cut_anywhere_is_never_taken_for_a_whole_one(string kind)
    {
        string text = Prose.Text("a packed text", 3);
        byte[] packed = Pack(kind, PackedFiles.Utf8(text));
        Assert.Equal([text], Read(_folder.Write($"whole.txt.{kind}", packed)));
        for (int length = 1; length < packed.Length; length += 1 + length / 40)
        {
            string outcome = Assert.Single(Read(_folder.Write($"cut.txt.{kind}", packed[..length])));
            Assert.True(outcome.StartsWith("Damaged: ", StringComparison.Ordinal), $"{length} of {packed.Length} bytes: {outcome}");
        }
    }

    [Theory]
    [InlineData("txt.gz"), InlineData("txt.zst"), InlineData("txt.br"), InlineData("txt.bz2"), InlineData("parquet"), InlineData("csv"), InlineData("jsonl"), InlineData("html")]
    public void Whatever_a_file_holds_nothing_but_texts_and_reasons_come_of_it(string kind)
    {
        byte[] original = kind switch
        {
            "parquet" => PackedFiles.Parquet([.. Enumerable.Range(0, 7).Select(i => Prose.Paragraph("row", i))]),
            "csv" => PackedFiles.Utf8("id,text\n1,\"" + Prose.Text("x", 1) + "\"\n2,y\n"),
            "jsonl" => PackedFiles.Utf8("{\"id\":1,\"text\":\"a \\u00e9\"}\n{\"text\":\"b\"}\n"),
            "html" => PackedFiles.Utf8("<html><body><p>a<table><tr><td>b</table><pre>c</pre></body></html>"),
            _ => Pack(kind[4..], PackedFiles.Utf8(Prose.Text("x", 2))),
        };
        string path = _folder["mutated." + kind];
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] bytes = Mutation.Of(original, seed);
            if (bytes.Length == 0) continue;
            File.WriteAllBytes(path, bytes);
            Assert.NotNull(Read(path)); // anything else than a reason would have been thrown
        }
    }

    [Fact]
    public void A_file_that_vanishes_or_changes_is_a_reason_too()
    {
        string gone = _folder.Write("a.txt", "text"), changed = _folder.Write("b.txt", "text"), growing = _folder.Write("c.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
        TextInput input = TextInput.Find([gone, changed, growing]);
        File.Delete(gone);
        File.AppendAllText(changed, " and more");
        List<string> outcomes = [];
        foreach (Document document in input.Read())
        {
            outcomes.Add(Outcome(document));
            if (outcomes[^1] == "one") File.AppendAllText(growing, "{\"text\":\"three\"}\n");
        }
        Assert.Equal(["Unreadable: a.txt", "Changed: b.txt", "one", "Changed: c.jsonl"], outcomes);
    }

    [LinuxFact]
    public void A_file_without_permission_is_a_reason()
    {
        string path = _folder.Write("a.txt", "text");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.None);
        string outcome = Assert.Single(Read(path));
        Assert.True(outcome is "Unreadable: a.txt" or "text", outcome); // the system's administrator may read everything
    }

    private static byte[] Pack(string kind, byte[] content) => kind switch
    {
        "gz" => PackedFiles.Gzip(content),
        "zst" => PackedFiles.Zstandard(content),
        "br" => PackedFiles.Brotli(content),
        _ => PackedFiles.Bzip2(content),
    };

    private List<string> Read(string path, ReadingOptions? options = null) => [.. TextInput.Find([path], options).Read().Select(Outcome)];

    private string Outcome(Document document)
    {
        try
        {
            return document.Read().Text;
        }
        catch (SkippedDocumentException skipped)
        {
            return $"{skipped.Reason}: {Path.GetRelativePath(_folder.Path, document.Name)}";
        }
    }
}
