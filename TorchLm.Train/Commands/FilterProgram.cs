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

    private readonly string _command;
    private readonly Process _process;
    private readonly Lock _turn = new();

    /// <summary>Starts the program.</summary>
    /// <param name="command">A command line for the system's shell.</param>
    public FilterProgram(string command)
    {
        _command = command;
        ProcessStartInfo start = OperatingSystem.IsWindows() ? new("cmd", ["/c", command]) : new("/bin/sh", ["-c", command]);
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        start.StandardInputEncoding = start.StandardOutputEncoding = new UTF8Encoding(false);
        _process = Process.Start(start)!;
    }

    /// <summary>Whether a document is wanted. Threads wait for each other.</summary>
    /// <exception cref="InputException">The program ended, or answered something else.</exception>
    public bool Takes(string document)
    {
        lock (_turn)
        {
            string? answer;
            try
            {
                _process.StandardInput.WriteLine(JsonSerializer.Serialize(document, s_json));
                _process.StandardInput.Flush();
                answer = _process.StandardOutput.ReadLine();
            }
            catch (IOException)
            {
                answer = null; // it reads no more
            }
            return answer switch
            {
                "true" => true,
                "false" => false,
                null => throw new InputException($"The language filter '{_command}' ended before all documents were seen: it must answer true or false, a line for each line that it reads."),
                _ => throw new InputException($"The language filter '{_command}' answered '{answer}': it must answer true or false, a line for each line that it reads."),
            };
        }
    }

    /// <summary>Ends the program.</summary>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
