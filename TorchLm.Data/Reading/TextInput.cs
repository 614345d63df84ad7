using TorchLm.Core;

namespace TorchLm.Data.Reading;

/// <summary>A file of the input.</summary>
/// <param name="Path">The file; <c>-</c> is standard input.</param>
/// <param name="Source">The file or folder that the user named.</param>
/// <param name="Length">Length in bytes when it was found; 0 for standard input.</param>
/// <param name="Modified">When it was last written to.</param>
/// <param name="IsFound">Whether it was found in a folder or by a pattern, rather than named.</param>
public sealed record InputFile(string Path, string Source, long Length, DateTime Modified, bool IsFound = false)
{
    /// <summary>Whether it is standard input.</summary>
    public bool IsStandardInput => Path == InputFiles.StandardInput;
}

/// <summary>The documents of the files that the user named, in a fixed order.</summary>
public sealed class TextInput
{
    private readonly ReadingOptions _options;
    private long _bytesRead;

    private TextInput(InputFileList files, ReadingOptions options)
    {
        Files = files.Files;
        PassedOver = files.PassedOver;
        Bytes = Files.Sum(file => file.Length);
        _options = options;
    }

    /// <summary>The files, in the order in which they are read.</summary>
    public IReadOnlyList<InputFile> Files { get; }

    /// <summary>How many files lie in the folders whose kind is not known, by extension.</summary>
    public IReadOnlyDictionary<string, int> PassedOver { get; }

    /// <summary>Bytes of all files, as they lie on the disk.</summary>
    public long Bytes { get; }

    /// <summary>How many of <see cref="Bytes"/> have been read so far, for showing progress.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>Finds the files.</summary>
    /// <param name="paths">Files, folders, patterns such as <c>books/**/*.txt</c>, and <c>-</c> for standard input.</param>
    /// <param name="options">How they are read.</param>
    /// <exception cref="InputException">A path names nothing, or a folder or pattern no file of a known kind.</exception>
    public static TextInput Find(IReadOnlyList<string> paths, ReadingOptions? options = null) =>
        new(InputFiles.Find([.. paths.Select(path => (path, path))]), options ?? new ReadingOptions());

    /// <summary>Finds the files of named sources.</summary>
    /// <param name="sources">The name under which each path's documents are counted, and the path.</param>
    /// <param name="options">How they are read.</param>
    /// <exception cref="InputException">A path names nothing, or a folder or pattern no file of a known kind.</exception>
    public static TextInput Find(IReadOnlyList<(string Source, string Path)> sources, ReadingOptions? options = null) =>
        new(InputFiles.Find(sources), options ?? new ReadingOptions());

    /// <summary>
    /// The documents, one at a time. What cannot be read appears as a document that says so when its text is asked for.
    /// </summary>
    public IEnumerable<Document> Read()
    {
        long before = 0;
        foreach (InputFile file in Files)
        {
            foreach (Document document in new FileReader(file, _options, position => Interlocked.Exchange(ref _bytesRead, before + position)).Read())
            {
                yield return document;
            }
            before += file.Length;
            Interlocked.Exchange(ref _bytesRead, before);
        }
    }
}
