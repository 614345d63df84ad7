using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using TorchLm.Core;
using TorchLm.Core.Distributed;
using TorchLm.Core.Native;
using TorchLm.Core.Training;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train;

/// <summary>The console program torchlm.</summary>
public static partial class Program
{
    // Ctrl-C and SIGTERM ask a command to end; this is how long a large model's last checkpoint may take.
    private static readonly TimeSpan s_terminationTimeout = TimeSpan.FromMinutes(2);

    // Of several processes with the same mistake the first one says what it is; a launcher that saw another one end before would end it unheard.
    private static readonly TimeSpan s_firstSpeaks = TimeSpan.FromSeconds(5);

    /// <summary>Runs a command.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>0 done, 1 failed while running, 2 the input is wrong, 130 interrupted after saving.</returns>
    public static async Task<int> Main(string[] args)
    {
        // Open MPI's mpirun gives each process a terminal of its own, whatever it writes to itself; .NET would greet it with control characters.
        if (Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_RANK") is not null) Environment.SetEnvironmentVariable("TERM", "dumb");
        if (OperatingSystem.IsWindows()) Console.OutputEncoding = new UTF8Encoding(false); // its consoles speak a code page of their own otherwise
        using var output = new LenientWriter(Console.Out);
        using var errors = new LenientWriter(Console.Error);
        Console.SetOut(output);
        Console.SetError(errors);
        int code = await Run(args);
        return code == ExitCode.Done && output.Failure is { } failure ? Fail(ExitCode.Failed, $"Standard output could not be written: {failure}") : code;
    }

    private static async Task<int> Run(string[] args)
    {
        RootCommand root = ProgramCommands.Create();
        ParseResult parsed = root.Parse(args);
        // A shell asks what can stand at the cursor of a line that is not finished, and so is wrong.
        if (root.Directives.OfType<SuggestDirective>().Any(directive => parsed.GetResult(directive) is not null)) return await parsed.InvokeAsync();
        if ((parsed.UnmatchedTokens.Count > 0 || parsed.Errors.Count > 0) && IsFollower)
        {
            await Task.Delay(s_firstSpeaks);
            return ExitCode.WrongInput;
        }
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string word = parsed.UnmatchedTokens[0];
            return Fail(ExitCode.WrongInput, $"There is no command or option '{word}'; see torchlm{Named(parsed)} --help.{Suggestion.ForUnknown(parsed, word)}");
        }
        if (parsed.Errors.Count > 0)
        {
            string message = Plain(parsed.Errors[0].Message);
            return Fail(ExitCode.WrongInput, $"{message} See torchlm{Named(parsed)} --help.{Suggestion.ForWords(parsed, message)}");
        }

        // One sentence for all of them: .NET refuses such a path by an exception that speaks of a parameter.
        if (parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(IsEmptyPath) is { } empty)
        {
            return Fail(ExitCode.WrongInput, $"{empty.Option.Name} is empty or holds a NUL, but it must name a file or a folder.");
        }

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
            return Fail(ExitCode.WrongInput, e.Message + Suggestion.ForWords(parsed, e.Message));
        }
        catch (System.Text.DecoderFallbackException)
        {
            return Fail(ExitCode.WrongInput, "Standard input is not UTF-8: save it in that encoding.");
        }
        catch (OperationCanceledException)
        {
            return Fail(ExitCode.Interrupted, "Interrupted.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(ExitCode.Failed, e.Message);
        }
        catch (Exception e) when (MemoryExhaustion.Caused(e))
        {
            return Fail(ExitCode.Failed, $"Memory ran out ({FirstLine(e)}): use a smaller training.batchSize with more training.gradientAccumulationSteps (--micro-batch auto finds them), " +
                "training.activationCheckpointing=true, or a smaller model.");
        }
        catch (ExternalException e)
        {
            return Fail(ExitCode.Failed, "libtorch failed: " + FirstLine(e));
        }
    }

    /// <summary>Whether a launcher has started this process as one of several with the same command line, and another one is their first.</summary>
    private static bool IsFollower
    {
        get
        {
            try
            {
                return CollectiveEnvironment.OfThisProcess() is { Rank: > 0 };
            }
            catch (InputException)
            {
                return false; // the command says so
            }
        }
    }

    /// <summary>Makes a command's action: it runs off the main thread, so that Ctrl-C reaches it, once libtorch is known to be there where it is needed.</summary>
    internal static Func<ParseResult, CancellationToken, Task<int>> Action(Func<ParseResult, CancellationToken, int> run, bool needsLibtorch = true) =>
        (parsed, cancel) => Task.Run(() =>
        {
            using var interruptions = new Interruptions();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, interruptions.Asked);
            if (needsLibtorch) NativeLibraries.EnsureLoaded();
            return run(parsed, either.Token);
        }, CancellationToken.None);

    private static string Named(ParseResult parsed) =>
        string.Concat(Parents(parsed.CommandResult).TakeWhile(command => command is not RootCommand).Reverse().Select(command => " " + command.Name));

    private static IEnumerable<Command> Parents(SymbolResult? result)
    {
        for (; result is CommandResult command; result = result.Parent) yield return command.Command;
    }

    private static bool IsEmptyPath(OptionResult option) =>
        option.Option.HelpName is { } value && (value.Contains("DIR", StringComparison.Ordinal) || value.Contains("FILE", StringComparison.Ordinal) || value == "PATH")
        && option.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value) || token.Value.Contains('\0', StringComparison.Ordinal));

    /// <summary>What libtorch says; the lines after the first are its stack.</summary>
    private static string FirstLine(Exception e) => e.Message.Split('\n')[0];

    /// <summary>The parser's message without the names of .NET types and with its lists on one line.</summary>
    private static string Plain(string message)
    {
        Match type = ExpectedType().Match(message);
        if (type.Success)
        {
            string kind = type.Value.Contains("System.Int", StringComparison.Ordinal) ? "a whole number" : type.Value.Contains("System.Double", StringComparison.Ordinal) ? "a number"
                : type.Value.Contains("System.Bool", StringComparison.Ordinal) ? "true or false" : "one of the words that it takes";
            return $"{message[..type.Index]}as {kind}.";
        }
        return string.Join(' ', message.Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex("as expected type .*", RegexOptions.Singleline)]
    private static partial Regex ExpectedType();

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine("torchlm: " + OneLine(message));
        return code;
    }

    /// <summary>
    /// One line without control characters: a sentence may quote a file from elsewhere, and a terminal must not obey what stands in it.
    /// </summary>
    internal static string OneLine(string message)
    {
        const int Limit = 1000;
        string line = string.Concat(message.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? '\uFFFD' : c));
        return line.Length <= Limit ? line : $"{line.AsSpan(0, Limit / 2)} ... {line.AsSpan(line.Length - Limit / 2)}";
    }
}
