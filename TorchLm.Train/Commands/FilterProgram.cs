using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchLm.Core;

namespace TorchLm.Train.Commands;

/// <summary>
/// A program of the user's that says which documents are wanted, such as a language identifier: it reads a document a line, as a JSON string, and writes
/// <c>true</c> or <c>false</c> for each.
/// </summary>
internal sealed class FilterProgram : IDisposable
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1), s_interruption = TimeSpan.FromSeconds(1);

    private readonly string _command;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _stop;
    private readonly Process _process;
    private readonly Lock _turn = new();

    /// <summary>Starts the program.</summary>
    /// <param name="command">A command line for the system's shell.</param>
    /// <param name="cancellation">Ends it.</param>
    public FilterProgram(string command, CancellationToken cancellation)
    {
        (_command, _cancellation) = (command, cancellation);
        ProcessStartInfo start = OperatingSystem.IsWindows() ? new("cmd", ["/c", command]) : new("/bin/sh", ["-c", command]);
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        start.StandardInputEncoding = start.StandardOutputEncoding = new UTF8Encoding(false);
        _process = Process.Start(start)!;
        _stop = cancellation.Register(Kill);
    }

    /// <summary>Whether a document is wanted. Threads wait for each other.</summary>
    /// <exception cref="InputException">The program ended, does not answer, or answered something else.</exception>
    public bool Takes(string document)
    {
        lock (_turn)
        {
            return Ask(document) switch
            {
                "true" => true,
                "false" => false,
                null => throw new InputException($"The language filter '{_command}' ended before all documents were seen: it must answer true or false, a line for each line that it reads."),
                var other => throw new InputException($"The language filter '{_command}' answered '{other}': it must answer true or false, a line for each line that it reads."),
            };
        }
    }

    /// <summary>Ends the program.</summary>
    public void Dispose()
    {
        _stop.Dispose();
        Kill();
        _process.Dispose();
    }

    private string? Ask(string document)
    {
        string? answer = null;
        try
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(document, s_json));
            _process.StandardInput.Flush();
            answer = _process.StandardOutput.ReadLineAsync(_cancellation).AsTask().WaitAsync(s_patience, _cancellation).GetAwaiter().GetResult();
        }
        catch (TimeoutException failure)
        {
            throw new InputException($"The language filter '{_command}' has not answered for {s_patience.TotalSeconds:0} s: it must write each answer at once (flush after each line).", failure);
        }
        catch (IOException)
        {
            // It reads no more.
        }
        // A terminal's Ctrl-C reaches the filter as well, perhaps first.
        if (answer is null && _cancellation.WaitHandle.WaitOne(s_interruption)) _cancellation.ThrowIfCancellationRequested();
        return answer;
    }

    private void Kill()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
    }
}
