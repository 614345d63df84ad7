using System.Text;
using TorchLm.Core;
using TorchLm.Data.Reading;

namespace TorchLm.Tests.Data;

public sealed class PlainTextReaderTests : IDisposable
{
    private const int Section = 1 << 22; // bytes

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(5)]
    public void Large_files_come_in_sections_that_part_no_character_and_no_word(int shift)
    {
        string text = new string('a', shift) + string.Concat(Enumerable.Repeat("🐎žx三 ", 820_000));
        (string Text, string? Joint)[] sections = Sections(_folder.Write("large.txt", text));
        Assert.Equal(3, sections.Length);
        Assert.Equal(text, string.Concat(sections.Select(section => section.Joint + section.Text)));
        Assert.Null(sections[0].Joint);
        Assert.All(sections, section => Assert.False(char.IsHighSurrogate(section.Text[^1]) || char.IsLowSurrogate(section.Text[0])));
    }

    [Fact]
    public void Sections_end_at_a_line_where_there_is_one_near()
    {
        string text = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"This is the line number {i}\n\n"));
        (string Text, string? Joint)[] sections = Sections(_folder.Write("lines.txt", text));
        Assert.Equal(2, sections.Length);
        Assert.Equal("\n\n", sections[1].Joint);
        Assert.StartsWith("This is the line", sections[1].Text);
        Assert.Equal(text, string.Concat(sections.Select(section => section.Joint + section.Text)));
    }

    [Fact]
    public void A_text_of_exactly_a_section_and_one_without_any_white_space_lose_nothing()
    {
        foreach (string text in (string[])[new string('x', Section), new string('x', Section + 1), string.Concat(Enumerable.Repeat("三", Section / 2)), "a" + new string(' ', Section)])
        {
            Assert.Equal(text, string.Concat(Sections(_folder.Write("one.txt", text)).Select(section => section.Joint + section.Text)));
        }
    }

    [Fact]
    public void A_separator_divides_a_file_also_where_it_lies_across_a_buffers_end()
    {
        const string Separator = "<|endoftext|>";
        for (int shift = -14; shift <= 1; shift++)
        {
            string first = string.Concat(Enumerable.Repeat("word ", Section / 5 + 10))[..(Section + shift)];
            string[] expected = [first, "second\n", "三 third"];
            string path = _folder.Write("parts.txt", Separator + string.Join(Separator, expected) + Separator);
            List<string> documents = [];
            foreach (Document document in TextInput.Find([path], new ReadingOptions(Separator: Separator)).Read())
            {
                if (document.Joint is null) documents.Add(document.Read().Text);
                else documents[^1] += document.Joint + document.Read().Text;
            }
            Assert.Equal(expected, documents);
        }
    }

    [Theory]
    [InlineData(0), InlineData(3), InlineData(1_048_575), InlineData(1_048_576), InlineData(4_194_303), InlineData(4_194_304), InlineData(5_000_000)]
    public void Bytes_that_are_not_UTF8_are_named_with_their_offset(int offset)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("word ", 1_200_000)));
        bytes[offset] = 0xE4; // ä in Latin-1
        string path = _folder.Write("latin.txt", bytes);
        string message = Assert.Throws<InputException>(() => Texts(path, InvalidBytes.Fail).Count()).Message;
        Assert.Contains($"'{path}' is not UTF-8 text: the bytes from offset {offset} on", message);
        Assert.Contains("convert the file to UTF-8", message);
        SkippedDocumentException skipped = Assert.Throws<SkippedDocumentException>(() => Texts(path, InvalidBytes.Skip).Count());
        Assert.Equal(SkipReason.InvalidBytes, skipped.Reason);
        bytes[offset] = (byte)'?';
        Assert.Equal(Encoding.ASCII.GetString(bytes), string.Concat(Sections(path, InvalidBytes.Replace).Select(s => s.Joint + s.Text)).Replace('\uFFFD', '?'));
    }

    [Fact]
    public void Each_bad_sequence_is_replaced_and_counted_once_as_Unicode_recommends()
    {
        // The example of the Unicode Standard, section 3.9, table 3-8: 61 F1 80 80 E1 80 C2 62 80 63 80 BF 64.
        string path = _folder.Write("bad.txt", [0x61, 0xF1, 0x80, 0x80, 0xE1, 0x80, 0xC2, 0x62, 0x80, 0x63, 0x80, 0xBF, 0x64]);
        DocumentText text = TextInput.Find([path], new ReadingOptions(InvalidBytes.Replace)).Read().Single().Read();
        Assert.Equal(new DocumentText("a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd", 6), text);
    }

    [Fact]
    public void Every_encoding_with_a_byte_order_mark_is_read()
    {
        const string Text = "žluťoučký kůň 🐎\n三";
        foreach (Encoding encoding in (Encoding[])[Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32, new UTF32Encoding(true, true)])
        {
            string path = _folder.Write("marked.txt", [.. encoding.GetPreamble(), .. encoding.GetBytes(Text)]);
            Assert.Equal([Text], Texts(path, InvalidBytes.Fail));
        }
        string utf8 = _folder.Write("bom.txt", "\uFEFFtext\uFEFF");
        Assert.Equal(["text\uFEFF"], Texts(utf8, InvalidBytes.Fail));
    }

    [Fact]
    public void Half_a_character_of_UTF16_is_as_bad_as_bad_bytes()
    {
        byte[] bytes = [.. Encoding.Unicode.GetPreamble(), .. "a"u8, 0, 0x3D, 0xD8, .. "b"u8, 0, 0x3D]; // a, a high surrogate, b, half a unit
        string path = _folder.Write("half.txt", bytes);
        Assert.Equal(SkipReason.InvalidBytes, Assert.Throws<SkippedDocumentException>(() => Texts(path, InvalidBytes.Skip).Count()).Reason);
        Assert.Equal(new DocumentText("a\uFFFDb\uFFFD", 2), TextInput.Find([path], new ReadingOptions(InvalidBytes.Replace)).Read().Single().Read());
    }

    [Fact]
    public void A_binary_file_is_passed_over()
    {
        string path = _folder.Write("picture.txt", [0x89, 0x50, 0x4E, 0x47, 0, 0, 0, 13]);
        Assert.Equal(SkipReason.Binary, Assert.Throws<SkippedDocumentException>(() => Texts(path, InvalidBytes.Replace).Count()).Reason);
    }

    private static IEnumerable<string> Texts(string path, InvalidBytes invalid) => Sections(path, invalid).Select(section => section.Text);

    private static (string Text, string? Joint)[] Sections(string path, InvalidBytes invalid = InvalidBytes.Fail) =>
        [.. TextInput.Find([path], new ReadingOptions(invalid)).Read().Select(document => (document.Read().Text, document.Joint))];
}
