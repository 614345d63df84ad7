using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>
/// Hugging Face's tokenizer.json. Read: BPE over bytes (GPT-2's and its kin, cl100k_base, o200k_base) and over single
/// characters; everything else is refused by a sentence that names it. Written: whatever TorchLm's tokenizers are.
/// </summary>
public static class TokenizerFile
{
    /// <summary>The file's usual name.</summary>
    public const string Name = "tokenizer.json";

    private const long SizeLimit = 256 << 20;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">The file, or a folder with a <c>tokenizer.json</c>.</param>
    /// <exception cref="TokenizerException">
    /// The file is missing, damaged, or of a kind that is not supported; the sentence says where and which.
    /// </exception>
    public static ITokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string file = Directory.Exists(path) ? Path.Combine(path, Name) : path;
        if (!File.Exists(file))
            throw new TokenizerException($"There is no tokenizer at {file}; give a {Name} or a folder that holds one.");
        return Parse(ReadBytes(file), file);
    }

    /// <summary>The content of a file of a tokenizer's, which a stranger may have made as large as they like.</summary>
    /// <exception cref="TokenizerException">It cannot be read, or is larger than any vocabulary.</exception>
    internal static byte[] ReadBytes(string file)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > SizeLimit } large)
                throw new TokenizerException($"The tokenizer {file} has {large.Length >> 20} MB, more than any vocabulary needs; get the file again.");
            return File.ReadAllBytes(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"The tokenizer {file} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Makes a tokenizer of the content of a tokenizer.json.</summary>
    /// <param name="utf8">The content.</param>
    /// <param name="source">The file that it is from or was put together from, for messages.</param>
    /// <exception cref="TokenizerException">It is damaged, or of a kind that is not supported.</exception>
    internal static ITokenizer Parse(ReadOnlyMemory<byte> utf8, string source)
    {
        try
        {
            return TokenizerJsonReader.Read(utf8);
        }
        catch (JsonException failure)
        {
            throw new TokenizerException($"The tokenizer {source} is not valid JSON ({WhatFailed(failure)}); " +
                                         "get the file again from where it came from.", failure);
        }
        catch (TokenizerException failure)
        {
            throw new TokenizerException($"The tokenizer {source} cannot be used: {failure.Message}", failure);
        }
    }

    private static string WhatFailed(JsonException failure) =>
        failure.LineNumber is { } line ? $"line {line + 1}, byte {failure.BytePositionInLine + 1}" : "a name stands twice, or is not valid Unicode";

    /// <summary>
    /// Writes a tokenizer, from which <see cref="Load"/> makes an equal one. The file appears whole or not at all: it is written
    /// under another name beside its place, flushed to the disk, and renamed.
    /// </summary>
    /// <exception cref="TokenizerException">The file cannot be written.</exception>
    internal static void Save(ITokenizer tokenizer, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string temporary = path + "." + Path.GetRandomFileName() + ".tmp";
        try
        {
            try
            {
                using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
                {
                    TokenizerJsonWriter.Write(tokenizer, stream);
                    stream.Flush(flushToDisk: true);
                }
                File.Move(temporary, path, overwrite: true);
            }
            finally
            {
                if (File.Exists(temporary)) File.Delete(temporary);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"The tokenizer cannot be written to {path}: {failure.Message}", failure);
        }
    }
}
