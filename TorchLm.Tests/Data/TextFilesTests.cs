using System.Text;
using TorchLm.Core;
using TorchLm.Data.Building;

namespace TorchLm.Tests.Data;

public sealed class TextFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folders_are_searched_in_ordinal_order_for_text_files()
    {
        string[] names = ["b.txt", "B.txt", "a/z.md", "a.txt", "c/d/e.TXT", "skipped.bin", ".hidden/x.txt", "é.md"];
        foreach (string name in names) _folder.Write(name, name);
        string single = _folder.Write("single.log", "named by the user");
        IReadOnlyList<Document> documents = TextFiles.Find([single, _folder.Path, _folder["b.txt"]]);
        Assert.Equal(["single.log", "B.txt", "a.txt", "a/z.md", "b.txt", "c/d/e.TXT", "é.md"],
            documents.Select(document => Path.GetRelativePath(_folder.Path, document.Name).Replace('\\', '/')));
        Assert.Equal(single, documents[0].Source);
        Assert.All(documents.Skip(1), document => Assert.Equal(_folder.Path, document.Source));
    }

    [Fact]
    public void What_cannot_be_found_is_refused_in_a_sentence()
    {
        Refuses([], "name at least one file or folder");
        Refuses([_folder["none"]], "There is no file or folder");
        Refuses([_folder.Path], "There is no *.txt or *.md file in");
        Refuses([_folder.Write("empty.txt", "")], "is empty");
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(5)]
    public void Large_files_come_in_pieces_that_part_no_character(int shift)
    {
        string text = new string('a', shift) + string.Concat(Enumerable.Repeat("🐎žx三", 260_000));
        string[] pieces = [.. Document.FromFile(_folder.Write("large.txt", text), "large").ReadPieces()];
        Assert.True(pieces.Length > 2);
        Assert.Equal(text, string.Concat(pieces));
        Assert.All(pieces, piece => Assert.False(char.IsHighSurrogate(piece[^1]) || char.IsLowSurrogate(piece[0])));
    }

    [Fact]
    public void A_byte_order_mark_at_the_start_is_passed_over()
    {
        string path = _folder.Write("bom.txt", "\uFEFFtext\uFEFF");
        Assert.Equal("text\uFEFF", string.Concat(Document.FromFile(path, path).ReadPieces()));
    }

    [Theory]
    [InlineData(0), InlineData(3), InlineData(1_048_575), InlineData(1_048_576), InlineData(1_500_000), InlineData(2_097_151)]
    public void Bytes_that_are_not_UTF8_are_named_with_their_offset(int offset)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(new string('a', 2_097_152));
        bytes[offset] = 0xE4; // ä in Latin-1
        string path = _folder.Write("latin.txt", bytes);
        string message = Assert.Throws<InputException>(() => Document.FromFile(path, path).ReadPieces().Count()).Message;
        Assert.Contains($"'{path}' is not UTF-8 text: the bytes from offset {offset} on", message);
        Assert.Contains("convert the file to UTF-8", message);
    }

    [Fact]
    public void A_character_cut_off_by_the_files_end_and_UTF16_are_refused()
    {
        string cut = _folder.Write("cut.txt", [65, 0xF0, 0x9F, 0x90]);
        Assert.Contains("offset 1 ", Assert.Throws<InputException>(() =>
            Document.FromFile(cut, cut).ReadPieces().Count()).Message);
        string utf16 = _folder.Write("utf16.txt", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("text")]);
        string message = Assert.Throws<InputException>(() => Document.FromFile(utf16, utf16).ReadPieces().Count()).Message;
        Assert.Contains("starts like UTF-16: save it as UTF-8", message);
    }

    [Fact]
    public void A_file_that_vanished_is_refused_in_a_sentence() =>
        Assert.Contains("Cannot read", Assert.Throws<InputException>(() =>
            Document.FromFile(_folder["gone"], "gone").ReadPieces().Count()).Message);

    private static void Refuses(string[] paths, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<InputException>(() => TextFiles.Find(paths)).Message);
}
