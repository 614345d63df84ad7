using System.Security.Cryptography;
using TorchLm.Core;

namespace TorchLm.Data;

/// <summary>
/// Tiny Shakespeare (40,000 lines of the plays, 1,115,394 bytes), the text on which small character models are usually compared.
/// It is fetched when needed, checked against its SHA-256, and kept.
/// </summary>
public static class TinyShakespeare
{
    /// <summary>Where the file is fetched from.</summary>
    public const string Address = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt";

    /// <summary>SHA-256 of the file.</summary>
    public const string Sha256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed";

    /// <summary>
    /// Makes sure that the file is at <paramref name="path"/>: fetches it unless the right one is there already.
    /// </summary>
    /// <param name="path">Where the file is kept; its folder is created.</param>
    /// <param name="say">Told in a sentence what is done.</param>
    /// <param name="handler">What carries the request; null is the network. Not disposed.</param>
    /// <param name="cancellation">Stops the transfer.</param>
    /// <exception cref="InputException">The file cannot be fetched or kept, or is not the right one.</exception>
    public static async Task FetchAsync(string path, Action<string> say, HttpMessageHandler? handler = null,
        CancellationToken cancellation = default)
    {
        try
        {
            if (File.Exists(path))
            {
                if (HashOf(await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false)) == Sha256) return;
                say($"'{path}' is not Tiny Shakespeare (its SHA-256 differs): fetching it again.");
            }
            say($"Fetching Tiny Shakespeare (1.1 MB) from {Address}");
            byte[] text = await DownloadAsync(handler, cancellation).ConfigureAwait(false);
            if (HashOf(text) != Sha256)
            {
                throw new InputException($"What {Address} sent is not Tiny Shakespeare (SHA-256 {HashOf(text)} instead of " +
                    $"{Sha256}): get the file in another way and pass it with --data FILE.");
            }
            await KeepAsync(text, path, cancellation).ConfigureAwait(false);
            say($"Its SHA-256 is right; kept as '{path}'.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot keep Tiny Shakespeare as '{path}': {failure.Message} Pass the file with --data " +
                "FILE.", failure);
        }
    }

    private static async Task<byte[]> DownloadAsync(HttpMessageHandler? handler, CancellationToken cancellation)
    {
        try
        {
            using HttpClient client = handler is null ? new HttpClient() : new HttpClient(handler, disposeHandler: false);
            client.Timeout = TimeSpan.FromMinutes(2);
            return await client.GetByteArrayAsync(new Uri(Address), cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException ||
            (failure is OperationCanceledException && !cancellation.IsCancellationRequested)) // HttpClient's own timeout
        {
            throw new InputException($"Cannot fetch Tiny Shakespeare from {Address} ({failure.Message.TrimEnd('.')}): get the " +
                "file in another way and pass it with --data FILE.", failure);
        }
    }

    private static async Task KeepAsync(byte[] text, string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            await File.WriteAllBytesAsync(temporary, text, cancellation).ConfigureAwait(false);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
