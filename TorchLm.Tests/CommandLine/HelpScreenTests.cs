using System.CommandLine;
using System.CommandLine.Parsing;
using TorchLm.Core.Configuration;
using TorchLm.Tests.Train;
using TorchLm.Train.CommandLine;

namespace TorchLm.Tests.CommandLine;

/// <summary>What <c>--help</c> shows, of every command that there is.</summary>
public class HelpScreenTests
{
    private const int Lines = 46, Columns = 80;

    public static TheoryData<string> Paths => [.. All(ProgramCommands.Create()).Select(Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Help_fits_a_screen(string path)
    {
        string[] lines = HelpScreen.Of(Find(path), Columns).TrimEnd().Split('\n');
        Assert.InRange(lines.Length, 5, Lines);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, Columns));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Everything_that_can_be_given_is_explained(string path)
    {
        Command command = Find(path);
        string help = HelpScreen.Of(command, Columns);
        Assert.False(string.IsNullOrEmpty(command.Description));
        foreach (Symbol symbol in command.Children.Where(symbol => !symbol.Hidden))
        {
            Assert.False(string.IsNullOrEmpty(symbol.Description), $"{symbol.Name} is not explained");
            Assert.Contains($"  {(symbol.Name == "--help" ? "-h, -?, --help" : symbol.Name)} ", help, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_example_is_possible_and_is_one_of_the_command(string path)
    {
        Command command = Find(path);
        IReadOnlyList<string> examples = ((IDocumented)command).Examples;
        Assert.NotEmpty(examples);
        foreach (string example in examples)
        {
            Assert.Contains($"\n  {example}\n", HelpScreen.Of(command, Columns), StringComparison.Ordinal);
            string[] words = [.. CommandLineParser.SplitCommandLine(example).TakeWhile(word => word is not (">" or ">>" or "<" or "|"))];
            Assert.Equal("torchlm", words[0]);
            ParseResult parsed = ProgramCommands.Create().Parse(words[1..]);
            Assert.Empty(parsed.Errors);
            Assert.Empty(parsed.UnmatchedTokens);
            Assert.StartsWith(path, Path(parsed.CommandResult.Command), StringComparison.Ordinal);
            if (parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Name == "--set") is Option<string[]> set
                && parsed.GetValue(set) is { Length: > 0 } settings)
            {
                RunConfig.Parse("{}", "an example", settings);
            }
        }
    }

    [Fact]
    public void Help_is_had_where_a_command_line_is_not_possible_yet()
    {
        ProgramProcess help = ProgramProcess.Run(".", "export", "--help"); // without --model, --format and --out
        Assert.Equal(0, help.ExitCode);
        Assert.Equal("", help.Errors);
        Assert.Equal(HelpScreen.Of(Find("torchlm export"), Columns), help.Output.ReplaceLineEndings("\n"));
        Assert.Contains("--format hf|gguf|onnx", help.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_and_groups_are_shown()
    {
        Assert.Contains("--temperature T         Below 1 safer, above 1 bolder; 0 always takes the\n                          likeliest token. " +
            "[default: 0.8]\n",
            HelpScreen.Of(Find("torchlm sample"), Columns), StringComparison.Ordinal);
        string train = HelpScreen.Of(Find("torchlm train"), Columns);
        Assert.True(train.IndexOf("What to train:", StringComparison.Ordinal) < train.IndexOf("--data", StringComparison.Ordinal));
        Assert.True(train.IndexOf("--data", StringComparison.Ordinal) < train.IndexOf("How to compute:", StringComparison.Ordinal));
        Assert.Contains("--resume [DIR]", train, StringComparison.Ordinal);
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    private static Command Find(string path) => All(ProgramCommands.Create()).Single(command => Path(command) == path);

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Path(parent)} {command.Name}" : "torchlm";
}
