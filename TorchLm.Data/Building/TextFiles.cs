using System.IO.Enumeration;
using TorchLm.Core;

namespace TorchLm.Data.Building;

/// <summary>Finds the text files that the user named.</summary>
public static class TextFiles
{
    private static readonly string[] s_extensions = [".txt", ".md"];

    /// <summary>
    /// Files and folders as documents, one a file: files as they are named, in folders all <c>*.txt</c> and <c>*.md</c> below, in
    /// the ordinal order of their paths, so that the order is the same on every machine. Hidden files and linked folders are
    /// passed over; a file that is named twice is read once.
    /// </summary>
    /// <param name="paths">Files and folders.</param>
    /// <exception cref="InputException">
    /// A path does not exist, cannot be read, is an empty file, or a folder holds no text file.
    /// </exception>
    public static IReadOnlyList<Document> Find(IReadOnlyList<string> paths)
    {
        if (paths.Count == 0) throw new InputException("No text was given: name at least one file or folder.");
        List<Document> documents = [];
        HashSet<string> seen = [];
        foreach (string path in paths)
        {
            foreach (string file in FilesAt(path))
            {
                if (seen.Add(Path.GetFullPath(file))) documents.Add(Document.FromFile(file, path));
            }
        }
        return documents;
    }

    private static string[] FilesAt(string path)
    {
        try
        {
            if (File.Exists(path))
            {
                if (new FileInfo(path).Length > 0) return [path];
                throw new InputException($"The file '{path}' is empty: name a file that holds text.");
            }
            if (!Directory.Exists(path)) throw new InputException($"There is no file or folder '{path}': check the path.");
            string[] files = [.. FilesBelow(path)];
            if (files.Length == 0)
            {
                throw new InputException($"There is no *.txt or *.md file in '{path}' or the folders below it: name another " +
                    "folder.");
            }
            return files;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read '{path}': {failure.Message}", failure);
        }
    }

    private static IEnumerable<string> FilesBelow(string folder)
    {
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
        };
        FileSystemEnumerable<string> files = new(folder, (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && IsText(entry.FileName),
            // A link to a folder above would lead in circles.
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        return files.OrderBy(path => path.Replace(Path.DirectorySeparatorChar, '/'), StringComparer.Ordinal);
    }

    private static bool IsText(ReadOnlySpan<char> fileName)
    {
        foreach (string extension in s_extensions)
        {
            if (fileName.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }
}
