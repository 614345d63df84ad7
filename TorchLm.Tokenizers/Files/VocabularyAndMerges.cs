using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>
/// GPT-2's older pair of files: vocab.json, an object of spellings and ids, and merges.txt, a rule a line. They say nothing of how a text is split into words:
/// that is GPT-2's way.
/// </summary>
public static class VocabularyAndMerges
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes both files.</summary>
    /// <param name="tokenizer">A tokenizer that splits as GPT-2 does.</param>
    /// <param name="vocabularyPath">Where vocab.json goes.</param>
    /// <param name="mergesPath">Where merges.txt goes.</param>
    public static void Save(ByteLevelTokenizer tokenizer, string vocabularyPath, string mergesPath)
    {
        if (tokenizer.PreTokenization != PreTokenization.Gpt2)
            throw new ArgumentException("Only GPT-2's way of splitting can be left unsaid.", nameof(tokenizer));
        using (FileStream stream = File.Create(vocabularyPath))
        using (var json = new Utf8JsonWriter(stream, s_options))
        {
            json.WriteStartObject();
            for (int id = 0; id < tokenizer.VocabularySize; id++)
                if (!tokenizer.Tokens.IsGap(id)) json.WriteNumber(tokenizer.GetSpelling(id), id);
            json.WriteEndObject();
        }
        File.WriteAllLines(mergesPath,
            ["#version: 0.2", .. tokenizer.Merges.Select(m => tokenizer.GetSpelling(m.Left) + " " + tokenizer.GetSpelling(m.Right))]);
    }

    /// <summary>Reads both files; <c>&lt;|endoftext|&gt;</c>, where the vocabulary has it, is a special token.</summary>
    /// <exception cref="TokenizerException">One is missing, damaged or not supported; the sentence says which.</exception>
    public static ITokenizer Load(string vocabularyPath, string mergesPath)
    {
        KeyValuePair<string, int>[] tokens = ReadVocabulary(vocabularyPath);
        string[] lines = Encoding.UTF8.GetString(TokenizerFile.ReadBytes(mergesPath)).Split('\n');
        IEnumerable<string> merges = lines.Select(line => line.TrimEnd('\r')).Where((line, i) => line.Length > 0 && !(i == 0 && line[0] == '#'));
        return new TokenizerParts(tokens.Where(t => t.Key != TokenTable.EndOfTextName), tokens.Where(t => t.Key == TokenTable.EndOfTextName), merges,
            PreTokenization.Gpt2).Build($"{vocabularyPath} with {mergesPath}");
    }

    private static KeyValuePair<string, int>[] ReadVocabulary(string path)
    {
        try
        {
            using JsonDocument json = TokenizerJsonReader.Parse(TokenizerFile.ReadBytes(path));
            json.RootElement.Require(JsonValueKind.Object, path);
            return [.. json.RootElement.EnumerateObject().Select(token => KeyValuePair.Create(token.NameText(path), token.Value.Id($"an id in {path}")))];
        }
        catch (JsonException failure)
        {
            throw new TokenizerException($"The vocabulary {path} is not valid JSON; get the file again from where it came from.", failure);
        }
    }
}
