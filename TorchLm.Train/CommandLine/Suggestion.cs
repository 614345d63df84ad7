using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using TorchLm.Core;

namespace TorchLm.Train.CommandLine;

/// <summary>What somebody may have meant whose command line was refused: a question to put behind the sentence, or nothing.</summary>
internal static class Suggestion
{
    /// <summary>For a word that is no command, option or argument of the command that it stands behind.</summary>
    public static string ForUnknown(ParseResult parsed, string word)
    {
        Command command = parsed.CommandResult.Command;
        IEnumerable<string> known = word.StartsWith('-') ? OptionsOf(parsed.CommandResult).Select(option => option.Name)
            : command.Subcommands.Select(c => c.Name);
        return Nearest.Question(word, known);
    }

    /// <summary>For a sentence about a word that an option or argument does not take, though it takes others that are known.</summary>
    public static string ForWords(ParseResult parsed, string sentence)
    {
        if (sentence.Contains("id you mean", StringComparison.Ordinal)) return "";
        foreach (SymbolResult result in parsed.CommandResult.Children)
        {
            Symbol symbol = result is OptionResult option ? option.Option : ((ArgumentResult)result).Argument;
            string[] known = [.. symbol.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label)];
            foreach (string word in result.Tokens.Select(token => token.Value))
            {
                bool isRefused = !known.Contains(word) && (sentence.Contains($"'{word}'", StringComparison.Ordinal)
                    || sentence.Contains($"\"{word}\"", StringComparison.Ordinal) || sentence.Contains($" is {word},", StringComparison.Ordinal));
                if (isRefused && Nearest.Question(word, known) is { Length: > 0 } question) return question;
            }
        }
        return "";
    }

    private static IEnumerable<Option> OptionsOf(CommandResult command) => command.Command.Options
        .Concat(command.Parent is CommandResult parent ? OptionsOf(parent).Where(option => option.Recursive) : []);
}
