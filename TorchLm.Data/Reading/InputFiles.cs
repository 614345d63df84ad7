using System.IO.Enumeration;
using System.Text.RegularExpressions;
using TorchLm.Core;

namespace TorchLm.Data.Reading;

/// <summary>What was found.</summary>
/// <param name="Files">Files to read.</param>
/// <param name="PassedOver">Files in folders whose kind is not known, counted by extension.</param>
internal sealed record InputFileList(IReadOnlyList<InputFile> Files, IReadOnlyDictionary<string, int> PassedOver);

/// <summary>Finds the files that the user named.</summary>
internal sealed class InputFiles
{
    /// <summary>The path that stands for standard input.</summary>
    public const string StandardInput = "-";

    private readonly List<InputFile> _files = [];
    private readonly HashSet<string> _seen = [];
    private readonly SortedDictionary<string, int> _passedOver = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Files as they are named; in folders all files of a known kind, in the ordinal order of their paths, so that the order is the same on every
    /// machine; of patterns what matches. Hidden files and linked folders are passed over; a file that is named twice is read once.
    /// </summary>
    /// <param name="paths">Each with the name under which its documents are counted.</param>
    /// <exception cref="InputException">A path names nothing, or a folder or pattern no file of a known kind.</exception>
    public static InputFileList Find(IReadOnlyList<(string Source, string Path)> paths)
    {
        if (paths.Count == 0) throw new InputException("No text was given: name at least one file or folder.");
        var found = new InputFiles();
        foreach ((string source, string path) in paths)
        {
            try
            {
                found.Find(path, source);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"Cannot read '{path}': {failure.Message}", failure);
            }
        }
        return new InputFileList(found._files, found._passedOver);
    }

    private void Find(string path, string source)
    {
        if (path == StandardInput)
        {
            if (_seen.Add(path)) _files.Add(new InputFile(path, source, 0, default));
        }
        else if (File.Exists(path))
        {
            if (new FileInfo(path).Length == 0) throw new InputException($"The file '{path}' is empty: name a file that holds text.");
            Add(path, source, found: false);
        }
        else if (Directory.Exists(path))
        {
            AddAll(FilesBelow(path), source, $"There is no text in '{path}' or the folders below it: name a folder with files called {FileKind.Known}.");
        }
        else if (path.AsSpan().ContainsAny('*', '?'))
        {
            AddAll(Matches(path), source, $"No file of a known kind matches '{path}': check the pattern; known are {FileKind.Known}.");
        }
        else
        {
            throw new InputException($"There is no file or folder '{path}': check the path.");
        }
    }

    private void AddAll(IEnumerable<string> files, string source, string ifNone)
    {
        int known = 0;
        foreach (string file in files.OrderBy(file => file.Replace(Path.DirectorySeparatorChar, '/'), StringComparer.Ordinal))
        {
            if (FileKind.Of(Path.GetFileName(file)) is null)
            {
                string extension = Path.GetExtension(file) is { Length: > 0 } some ? some.ToLowerInvariant() : "no extension";
                _passedOver[extension] = _passedOver.GetValueOrDefault(extension) + 1;
                continue;
            }
            known++;
            Add(file, source, found: true);
        }
        if (known == 0) throw new InputException(ifNone);
    }

    private void Add(string file, string source, bool found)
    {
        if (!_seen.Add(Path.GetFullPath(file))) return;
        var facts = new FileInfo(file);
        _files.Add(new InputFile(file, source, facts.Exists ? facts.Length : 0, facts.LastWriteTimeUtc, found));
    }

    private static FileSystemEnumerable<string> FilesBelow(string folder, bool deep = true)
    {
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = deep,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
        };
        return new FileSystemEnumerable<string>(folder, (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            // A link to a folder above would lead in circles.
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
    }

    // * and ? stand for what is within a name, ** for any number of folders. The folders before the first of them are where the search begins.
    private static IEnumerable<string> Matches(string pattern)
    {
        string[] parts = pattern.Replace(Path.DirectorySeparatorChar, '/').Split('/');
        int fixedParts = Array.FindIndex(parts, part => part.AsSpan().ContainsAny('*', '?'));
        string root = fixedParts == 0 ? "." : string.Join('/', parts[..fixedParts]) is { Length: > 0 } some ? some : "/";
        if (!Directory.Exists(root)) return [];
        string below = string.Join('/', parts[fixedParts..].Select(part => part == "**" ? "\0" : Regex.Escape(part).Replace(@"\*", "[^/]*").Replace(@"\?", "[^/]")));
        var matcher = new Regex("^" + below.Replace("\0/", "(?:.*/)?").Replace("\0", ".*") + "$", RegexOptions.CultureInvariant);
        bool deep = fixedParts < parts.Length - 1;
        return FilesBelow(root, deep).Select(file => fixedParts == 0 ? Path.GetRelativePath(root, file) : file)
            .Where(file => matcher.IsMatch(Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/')));
    }
}
