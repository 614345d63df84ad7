using System.CommandLine;
using TorchLm.Core;
using TorchLm.Core.Native;
using TorchLm.Tokenizers;
using TorchLm.Train.Commands;

namespace TorchLm.Train;

/// <summary>The console program torchlm.</summary>
public static class Program
{
    // Ctrl-C and SIGTERM ask a command to end; this is how long a large model's last checkpoint may take.
    private static readonly TimeSpan s_terminationTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Runs a command.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>0 done, 1 failed while running, 2 the input is wrong, 130 interrupted after saving.</returns>
    public static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("Trains GPT-style language models from text, and speaks with them.")
        {
            TrainCommand.Create(), PrepareCommand.Create(), SampleCommand.Create(), EvalCommand.Create(), DoctorCommand.Create(),
        };
        ParseResult parsed = root.Parse(args);
        if (parsed.UnmatchedTokens.Count > 0)
        {
            return Fail(ExitCode.WrongInput, $"There is no command or option '{parsed.UnmatchedTokens[0]}'; see torchlm{Named(parsed)} --help.");
        }
        if (parsed.Errors.Count > 0) return Fail(ExitCode.WrongInput, $"{parsed.Errors[0].Message} See torchlm{Named(parsed)} --help.");

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = s_terminationTimeout,
            });
        }
        catch (Exception e) when (e is InputException or TokenizerException)
        {
            return Fail(ExitCode.WrongInput, e.Message);
        }
        catch (OperationCanceledException)
        {
            return Fail(ExitCode.Interrupted, "Interrupted.");
        }
        catch (IOException e)
        {
            return Fail(ExitCode.Failed, e.Message);
        }
    }

    /// <summary>Makes a command's action: it runs off the main thread, so that Ctrl-C reaches it, once libtorch is known to be there.</summary>
    internal static Func<ParseResult, CancellationToken, Task<int>> Action(Func<ParseResult, CancellationToken, int> run) =>
        (parsed, cancel) => Task.Run(() =>
        {
            NativeLibraries.EnsureLoaded();
            return run(parsed, cancel);
        }, CancellationToken.None);

    private static string Named(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? "" : " " + parsed.CommandResult.Command.Name;

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine("torchlm: " + message.ReplaceLineEndings(" "));
        return code;
    }
}
