using Spectre.Console;

namespace TorchLm.Train.Reporting;

/// <summary>What standard error is connected to.</summary>
internal static class Terminal
{
    /// <summary>
    /// Whether lines can be written over: it is a terminal, and neither NO_COLOR nor CI says that plain lines are wanted.
    /// </summary>
    public static bool IsLive { get; } = !Console.IsErrorRedirected && !IsSet("NO_COLOR") && !IsSet("CI");

    /// <summary>Whether it moves its cursor on command; asking makes a Windows console do so.</summary>
    public static bool ObeysEscapes() =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }).Profile.Capabilities.Ansi;

    /// <summary>Columns and rows, as they are now.</summary>
    public static (int Width, int Height) Size()
    {
        try
        {
            return (Math.Max(1, Console.WindowWidth), Math.Max(1, Console.WindowHeight));
        }
        catch (IOException)
        {
            return (80, 24); // no window to ask
        }
    }

    private static bool IsSet(string variable) => Environment.GetEnvironmentVariable(variable) is not (null or "");
}
