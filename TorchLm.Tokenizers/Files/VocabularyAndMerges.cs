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
    private const long SizeLimit = 256 << 20;

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
        string source = $"{vocabularyPath} with {mergesPath}";
        try
        {
            return TokenizerFile.Parse(ToTokenizerJson(Read(vocabularyPath), Encoding.UTF8.GetString(Read(mergesPath))), source);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"The tokenizer {source} cannot be read: {failure.Message}", failure);
        }
        catch (JsonException failure)
        {
            throw new TokenizerException($"The vocabulary {vocabularyPath} is not valid JSON; get the file again from where it came from.", failure);
        }
    }

    private static byte[] Read(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > SizeLimit }) throw new TokenizerException($"{path} is too large for a vocabulary; get the file again.");
        return File.ReadAllBytes(path);
    }

    /// <summary>The same as one tokenizer.json, so that everything is checked in one place.</summary>
    private static byte[] ToTokenizerJson(byte[] vocabulary, string merges)
    {
        using JsonDocument vocab = TokenizerJsonReader.Parse(vocabulary);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteStartArray("added_tokens");
            if (vocab.RootElement.ValueKind == JsonValueKind.Object && vocab.RootElement.TryGetProperty(TokenTable.EndOfTextName, out JsonElement id))
            {
                json.WriteStartObject();
                json.WritePropertyName("id");
                id.WriteTo(json);
                json.WriteString("content", TokenTable.EndOfTextName);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartObject("pre_tokenizer");
            json.WriteString("type", "ByteLevel");
            json.WriteBoolean("add_prefix_space", false);
            json.WriteEndObject();
            json.WriteStartObject("model");
            json.WriteString("type", "BPE");
            json.WritePropertyName("vocab");
            vocab.RootElement.WriteTo(json);
            json.WriteStartArray("merges");
            foreach (string line in merges.Split('\n').Select(line => line.TrimEnd('\r')).Where((line, i) => line.Length > 0 && !(i == 0 && line[0] == '#')))
                json.WriteStringValue(line);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
