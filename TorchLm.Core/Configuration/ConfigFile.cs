namespace TorchLm.Core.Configuration;

/// <summary>The text of a configuration's file, which may come from a stranger.</summary>
public static class ConfigFile
{
    private const long SizeLimit = 1 << 20; // with every field and a comment at each, 10 kB

    /// <summary>Reads the file, in UTF-8.</summary>
    /// <exception cref="InputException">It cannot be read, or is larger than any configuration.</exception>
    public static string ReadText(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > SizeLimit } large)
            {
                throw new InputException($"The configuration '{path}' has {large.Length:N0} bytes, more than any needs: name the right file.");
            }
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read the configuration '{path}': {e.Message}", e);
        }
    }
}
