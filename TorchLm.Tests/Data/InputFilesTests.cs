using TorchLm.Core;
using TorchLm.Data.Reading;

namespace TorchLm.Tests.Data;

public sealed class InputFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folders_are_searched_in_ordinal_order_for_files_of_known_kinds()
    {
        string[] names = ["b.txt", "B.txt", "a/z.md", "a.txt", "c/d/e.TXT", "c/x.jsonl.gz", "skipped.bin", ".hidden/x.txt", "é.md", "noextension"];
        foreach (string name in names) _folder.Write(name, name);
        string single = _folder.Write("single.log", "named by the user");
        TextInput input = TextInput.Find([single, _folder.Path, _folder["b.txt"]]);
        Assert.Equal(["single.log", "B.txt", "a.txt", "a/z.md", "b.txt", "c/d/e.TXT", "c/x.jsonl.gz", "é.md"], Names(input));
        Assert.Equal(single, input.Files[0].Source);
        Assert.All(input.Files.Skip(1), file => Assert.Equal(_folder.Path, file.Source));
        Assert.Equal([(".bin", 1), (".log", 1), ("no extension", 1)], input.PassedOver.Select(kind => (kind.Key, kind.Value)));
    }

    [Fact]
    public void Patterns_find_what_matches()
    {
        foreach (string name in (string[])["a/1.txt", "a/b/2.txt", "a/b/3.md", "c/4.txt", "5.txt", "a/6.bin"]) _folder.Write(name, name);
        Assert.Equal(["5.txt", "a/1.txt", "a/b/2.txt", "c/4.txt"], Names(TextInput.Find([_folder["**/*.txt"]])));
        Assert.Equal(["a/1.txt"], Names(TextInput.Find([_folder["a/?.txt"]])));
        Assert.Equal(["a/b/2.txt", "a/b/3.md"], Names(TextInput.Find([_folder["a/*/*"]])));
    }

    [Fact]
    public void What_cannot_be_found_is_refused_in_a_sentence()
    {
        Refuses([], "name at least one file or folder");
        Refuses([_folder["none"]], "There is no file or folder");
        Refuses([_folder.Path], "There is no text in");
        Refuses([_folder["*.txt"]], "No file of a known kind matches");
        Refuses([_folder.Write("empty.txt", "")], "is empty");
    }

    private IEnumerable<string> Names(TextInput input) => input.Files.Select(file => Path.GetRelativePath(_folder.Path, file.Path).Replace('\\', '/'));

    private static void Refuses(string[] paths, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<InputException>(() => TextInput.Find(paths)).Message);
}
