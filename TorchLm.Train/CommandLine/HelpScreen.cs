using System.Collections;
using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.Text;

namespace TorchLm.Train.CommandLine;

/// <summary>What <c>--help</c> prints, made to fit a screen: description, usage, what can be given, and examples.</summary>
internal sealed class HelpScreen : SynchronousCommandLineAction
{
    private const int Narrow = 80, Wide = 100, LargestLabel = 22;

    /// <summary>Help can be had for a command line that is not possible yet.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parsed)
    {
        // A terminal without a size says 0; very long lines are hard to read.
        int width = Console.IsOutputRedirected || Console.WindowWidth < Narrow / 2 ? Narrow : Math.Min(Console.WindowWidth, Wide);
        Console.Write(Of(parsed.CommandResult.Command, width));
        return ExitCode.Done;
    }

    /// <summary>The help of a command.</summary>
    public static string Of(Command command, int width)
    {
        var text = new StringBuilder();
        WriteWrapped(text, command.Description ?? "", "", "", width);
        text.Append('\n');
        WriteWrapped(text, Usage(command), "Usage: ", "       ", width);
        var groups = command.Options.Where(o => !o.Hidden).GroupBy(o => (command as DocumentedCommand)?.Heading(o) ?? "Options");
        var sections = new List<(string Heading, (string Label, string Description)[] Rows)>
        {
            ("Commands", [.. command.Subcommands.Select(c => (c.Name, c.Description ?? ""))]),
            ("Arguments", [.. command.Arguments.Select(a => (a.Name, WithDefault(a.Description, a.HasDefaultValue ? a.GetDefaultValue() : null)))]),
        };
        sections.AddRange(groups.Select(group => (group.Key, group.Select(Row).ToArray())));
        sections.RemoveAll(section => section.Rows.Length == 0);
        int column = 4 + sections.SelectMany(s => s.Rows).Select(r => r.Label.Length).Where(length => length <= LargestLabel).DefaultIfEmpty().Max();
        foreach ((string heading, (string Label, string Description)[] rows) in sections)
        {
            text.Append($"\n{heading}:\n");
            foreach ((string label, string description) in rows)
            {
                WriteWrapped(text, description, $"  {label}  ".PadRight(column), "".PadRight(column), width);
            }
        }
        if (command is IDocumented { Examples: { Count: > 0 } examples })
        {
            text.Append("\nExamples:\n");
            foreach (string example in examples) text.Append($"  {example}\n");
        }
        return text.ToString();
    }

    private static string Usage(Command command)
    {
        string path = string.Join(' ', Parents(command).Reverse().Append(command).Select(c => c is RootCommand ? "torchlm" : c.Name));
        string commands = command.Subcommands.Count == 0 ? "" : command.Action is null ? " COMMAND" : " [COMMAND]";
        string arguments = string.Concat(command.Arguments.Select(a =>
            (a.Arity.MinimumNumberOfValues == 0 || a.HasDefaultValue ? $" [{a.Name}]" : $" {a.Name}")
            + (a.Arity.MaximumNumberOfValues > 1 ? "..." : "")));
        string required = string.Concat(command.Options.Where(o => o.Required).Select(o => $" {Label(o)}"));
        return $"{path}{commands}{arguments}{required} [options]";
    }

    private static (string Label, string Description) Row(Option option)
    {
        object? value = option.HasDefaultValue && option.ValueType != typeof(bool) ? option.GetDefaultValue() : null;
        string description = WithDefault(option.Description, value);
        return (Label(option), option.Required ? $"{description} Required." : description);
    }

    private static string Label(Option option)
    {
        string names = string.Join(", ", option.Aliases.Where(alias => alias.Length == 2 && alias[0] == '-').Append(option.Name));
        bool isSwitch = option.ValueType == typeof(bool) || option.ValueType == typeof(void) || option.Arity.MaximumNumberOfValues == 0;
        if (isSwitch) return names;
        string value = option.HelpName ?? string.Join('|', option.GetCompletions(CompletionContext.Empty).Select(c => c.Label));
        return option.Arity.MinimumNumberOfValues == 0 && option.ValueType == typeof(string) ? $"{names} [{value}]" : $"{names} {value}";
    }

    private static string WithDefault(string? description, object? value) =>
        value is null or "" || (value is IEnumerable and not string) ? description ?? "" : $"{description} [default:\u00a0{value}]";

    private static IEnumerable<Command> Parents(Command command)
    {
        while (command.Parents.OfType<Command>().FirstOrDefault() is { } parent) yield return command = parent;
    }

    /// <summary>Text behind a first beginning, in lines of no more than the width, the others behind another beginning.</summary>
    private static void WriteWrapped(StringBuilder text, string content, string first, string others, int width)
    {
        var line = new StringBuilder(first);
        bool empty = true;
        foreach (string word in content.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length + (empty ? 0 : 1) + word.Length > width && (!empty || line.Length > others.Length))
            {
                text.Append(line.ToString().TrimEnd()).Append('\n');
                line.Clear().Append(others);
                empty = true;
            }
            if (!empty) line.Append(' ');
            line.Append(word);
            empty = false;
        }
        text.Append(line.ToString().TrimEnd()).Append('\n');
        text.Replace('\u00a0', ' '); // which held words together
    }
}
