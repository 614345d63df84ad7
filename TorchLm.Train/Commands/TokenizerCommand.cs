using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchLm.Core;
using TorchLm.Tokenizers;
using TorchLm.Train.CommandLine;

namespace TorchLm.Train.Commands;

/// <summary><c>torchlm tokenizer</c>: text to ids and back, what a tokenizer is, and training one.</summary>
internal static class TokenizerCommand
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions s_indented = new(s_json) { WriteIndented = true };

    public static Command Create() => new DocumentedCommand("tokenizer", "Text to token ids and back, and training a tokenizer.",
        ["torchlm tokenizer encode \"Hello, world\" --tokenizer cl100k_base", "torchlm tokenizer train my-texts --out my-tokenizer --vocab-size 8192"])
    {
        Encode(), Decode(), Info(), TokenizerTrainCommand.Create(),
    };

    private static Option<string> Tokenizer() => new Option<string>("--tokenizer")
    {
        Description = "cl100k_base, o200k_base, a tokenizer.json, or a folder with one: a run's, a data set's, an exported model's.",
        HelpName = "NAME|DIR|FILE",
        Required = true,
    }.WithTokenizers(TokenizerChoice.Ready.Names);

    private static Option<bool> Lines(string what) => new("--json-lines") { Description = $"Read {what} a line from standard input, and write a line for each." };

    private static DocumentedCommand Encode()
    {
        Option<string> tokenizer = Tokenizer();
        Option<bool> json = CommonOptions.Json(), lines = Lines("a JSON string");
        var text = new Argument<string?>("TEXT") { Description = "The text; - or nothing reads it from standard input.", Arity = ArgumentArity.ZeroOrOne };
        var command = new DocumentedCommand("encode", "The token ids of a text. A special token's name is ordinary text.",
            ["torchlm tokenizer encode \"Hello, world\" --tokenizer cl100k_base", "torchlm tokenizer encode --tokenizer my-run --json < my-text.txt"]) { text, tokenizer, json, lines };
        command.SetAction((parsed, _) => Run(() =>
        {
            ITokenizer chosen = Open(parsed.GetRequiredValue(tokenizer));
            if (parsed.GetValue(lines))
            {
                RefuseBeside("--json-lines", parsed.GetValue(text));
                WriteLines<string>("a JSON string", line => JsonSerializer.Serialize(chosen.Encode(line)));
                return;
            }
            int[] ids = chosen.Encode(parsed.GetValue(text) is { } given and not "-" ? given : Input());
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(ids) : string.Join(' ', ids));
        }));
        return command;
    }

    private static DocumentedCommand Decode()
    {
        Option<string> tokenizer = Tokenizer();
        Option<bool> json = CommonOptions.Json(), lines = Lines("a JSON array of ids");
        var ids = new Argument<string[]>("IDS") { Description = "The ids; - or nothing reads them from standard input, with spaces between.", Arity = ArgumentArity.ZeroOrMore };
        var command = new DocumentedCommand("decode", "The text of token ids; bytes that are no character together become U+FFFD.",
            ["torchlm tokenizer decode 9906 11 1917 --tokenizer cl100k_base"]) { ids, tokenizer, json, lines };
        command.SetAction((parsed, _) => Run(() =>
        {
            ITokenizer chosen = Open(parsed.GetRequiredValue(tokenizer));
            if (parsed.GetValue(lines))
            {
                RefuseBeside("--json-lines", parsed.GetValue(ids)?.FirstOrDefault());
                WriteLines<int[]>("a JSON array of ids", line => JsonSerializer.Serialize(chosen.Decode(line), s_json));
                return;
            }
            string[] given = parsed.GetValue(ids) is { Length: > 0 } some && some is not ["-"] ? some : Input().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            int[] numbers = [.. given.Select(id => int.TryParse(id, out int number) ? number : throw new InputException($"'{id}' is not a token id: ids are whole numbers."))];
            string text = chosen.Decode(numbers);
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(text, s_json));
            else Console.Write(text);
        }));
        return command;
    }

    private static DocumentedCommand Info()
    {
        Option<string> tokenizer = Tokenizer();
        Option<bool> json = CommonOptions.Json();
        var command = new DocumentedCommand("info", "What a tokenizer is.", ["torchlm tokenizer info --tokenizer my-run"]) { tokenizer, json };
        command.SetAction((parsed, _) => Run(() =>
        {
            ITokenizer chosen = Open(parsed.GetRequiredValue(tokenizer));
            TokenTable tokens = chosen is ByteLevelTokenizer bytes ? bytes.Tokens : ((CharTokenizer)chosen).Tokens;
            string? split = (chosen as ByteLevelTokenizer)?.PreTokenization.Name;
            int? merges = (chosen as ByteLevelTokenizer)?.Merges.Count;
            if (parsed.GetValue(json))
            {
                var document = new JsonObject
                {
                    ["kind"] = chosen.Kind,
                    ["vocabulary_size"] = chosen.VocabularySize,
                    ["special_tokens"] = new JsonObject([.. tokens.SpecialTokens.Select(token => KeyValuePair.Create<string, JsonNode?>(token.Key, token.Value))]),
                    ["pre_tokenization"] = split,
                    ["merges"] = merges,
                };
                Console.WriteLine(document.ToJsonString(s_indented));
                return;
            }
            Console.WriteLine($"{"Kind",-8} {chosen.Kind}\n{"Ids",-8} {chosen.VocabularySize:N0}");
            if (split is not null) Console.WriteLine($"{"Words",-8} split as {split} does\n{"Merges",-8} {merges:N0}");
            Console.WriteLine($"{"Special",-8} {(tokens.SpecialTokens.Count == 0 ? "none" : string.Join(", ", tokens.SpecialTokens.Select(token => $"{token.Key} = {token.Value}")))}");
        }));
        return command;
    }

    /// <summary>No libtorch is needed for this.</summary>
    private static Task<int> Run(Action action)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        action();
        return Task.FromResult(ExitCode.Done);
    }

    private static ITokenizer Open(string name) => TokenizerChoice.Parse(name) is TokenizerChoice.Ready ready ? ready.Open()
        : throw new InputException($"The tokenizer '{name}' is made of a corpus: name the folder of a run or of a data set that has one.");

    private static string Input() => ReadUtf8(Console.OpenStandardInput()).ReadToEnd();

    private static void RefuseBeside(string option, string? argument)
    {
        if (argument is not (null or "-")) throw new InputException($"With {option} everything comes from standard input: leave out '{argument}'.");
    }

    /// <summary>A line of output for each line of input, so that the two can be read side by side; a sentence about a line names it.</summary>
    private static void WriteLines<T>(string what, Func<T, string> convert)
    {
        using StreamReader reader = ReadUtf8(Console.OpenStandardInput());
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            T given = FromJson<T>(line, number, what);
            try
            {
                Console.WriteLine(convert(given));
            }
            catch (TokenizerException e)
            {
                throw new InputException($"Line {number} of standard input: {e.Message}", e);
            }
        }
    }

    private static T FromJson<T>(string line, int number, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line) ?? throw new JsonException();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: half of a surrogate pair, escaped
        {
            throw new InputException($"Line {number} of standard input is not {what}.", e);
        }
    }

    /// <summary>A byte order mark of UTF-8 is no text, as in a corpus; those of other encodings do not make their text readable.</summary>
    private static StreamReader ReadUtf8(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
}
