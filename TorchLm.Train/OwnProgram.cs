using System.Diagnostics;

namespace TorchLm.Train;

/// <summary>This program, started once more.</summary>
internal static class OwnProgram
{
    /// <summary>Starts it with other arguments; its output can be read, its messages go where this one's go unless they are read too.</summary>
    public static Process Start(IReadOnlyList<string> arguments, bool readErrors = false)
    {
        // Started as `dotnet torchlm.dll`, the process is dotnet's and the program its first argument.
        string process = Environment.ProcessPath!;
        bool hosted = Path.GetFileNameWithoutExtension(process) == "dotnet";
        var start = new ProcessStartInfo(process, hosted ? [typeof(OwnProgram).Assembly.Location, .. arguments] : arguments) 
        {
            RedirectStandardOutput = true, RedirectStandardError = readErrors,
        };
        return Process.Start(start)!;
    }
}
