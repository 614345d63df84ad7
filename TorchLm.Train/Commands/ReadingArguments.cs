using System.CommandLine;
using TorchLm.Data.Reading;

namespace TorchLm.Train.Commands;

/// <summary>The options that say how files of text are read.</summary>
internal sealed class ReadingArguments
{
    private readonly Option<string> _invalid = CommonOptions.Choice("--invalid", "Where bytes are no text.",
        ["skip", "replace", "fail"], "skip");

    private readonly Option<string> _field = new("--field")
    {
        Description = "Of JSON, CSV and Parquet.", HelpName = "NAME", DefaultValueFactory = _ => ReadingOptions.DefaultField,
    };

    private readonly Option<string?> _separator = new("--separator")
    {
        Description = @"Divide files into documents at this (\n, \r, \t).", HelpName = "TEXT",
    };

    private readonly Option<string> _format = CommonOptions.Choice("--stdin-format", "Standard input's.", ["txt", "html", "jsonl", "csv", "tsv"], "txt");

    /// <summary>All of them, for the command.</summary>
    public IEnumerable<Option> Options => [_field, _separator, _invalid, _format];

    /// <summary>What the user chose.</summary>
    public ReadingOptions Of(ParseResult parsed) => new(
        Enum.Parse<InvalidBytes>(parsed.GetValue(_invalid)!, ignoreCase: true), parsed.GetValue(_field)!, Unescape(parsed.GetValue(_separator)),
        parsed.GetValue(_format) switch
        {
            "html" => TextFormat.Html,
            "jsonl" => TextFormat.JsonLines,
            "csv" => TextFormat.Csv,
            "tsv" => TextFormat.Tsv,
            _ => TextFormat.Text,
        });

    private static string? Unescape(string? text) => text is not { Length: > 0 } ? null : text.Replace("\\n", "\n").Replace("\\t", "\t").Replace("\\r", "\r");
}
