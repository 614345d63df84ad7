using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchLm.Tokenizers;

namespace TorchLm.Export.Gguf;

/// <summary>The tokenizer that a GGUF file holds. It is put into the form of a tokenizer.json, so that everything is checked in one place.</summary>
internal static class GgufTokenizer
{
    /// <summary>Reads it; null where the file has none.</summary>
    /// <exception cref="TokenizerException">It is damaged or of a kind that is not supported.</exception>
    public static ITokenizer? Read(GgufReader file)
    {
        string? model = file.Find<string>("tokenizer.ggml.model");
        if (model is null or "none") return null;
        string[] tokens = file.Find<string[]>("tokenizer.ggml.tokens") ?? throw file.Wrong("has no tokenizer.ggml.tokens");
        long[] types = file.Find<long[]>("tokenizer.ggml.token_type") ?? [.. Enumerable.Repeat((long)GgufVocabulary.Normal, tokens.Length)];
        if (types.Length != tokens.Length) throw file.Wrong($"has {tokens.Length} tokens, but {types.Length} types of tokens");
        bool isCharacters = file.Find<string>(GgufVocabulary.KindKey) == GgufVocabulary.Characters;
        if (model != "gpt2" && !(model == "rwkv" && isCharacters)) throw file.Wrong($"has the tokenizer '{model}'; only gpt2's (byte-level BPE) can be imported");
        PreTokenization? split = isCharacters ? null : Split(file);
        string[] merges = isCharacters ? [] : file.Find<string[]>("tokenizer.ggml.merges") ?? [];
        Func<string, string> spell = !isCharacters ? text => text : model == "rwkv" ? Unescape : text => FromBytes(ByteAlphabet.Read(text) ?? [0xff]);
        return TokenizerFile.Parse(ToTokenizerJson(tokens, types, merges, split, spell), file.Path);
    }

    private static PreTokenization Split(GgufReader file)
    {
        string name = file.Find<string>("tokenizer.ggml.pre") ?? "default";
        return GgufVocabulary.Splits.FirstOrDefault(split => split.Value.Contains(name)).Key
            ?? throw file.Wrong($"splits text into words in the way '{name}'; {string.Join(", ", GgufVocabulary.Splits.SelectMany(split => split.Value))} can be imported");
    }

    private static byte[] ToTokenizerJson(string[] tokens, long[] types, string[] merges, PreTokenization? split, Func<string, string> spell)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("added_tokens");
            for (int id = 0; id < tokens.Length; id++)
            {
                if (types[id] != GgufVocabulary.Control) continue;
                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("content", tokens[id]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (split is not null) WriteSplit(json, split);
            json.WriteStartObject("model");
            json.WriteString("type", "BPE");
            json.WriteStartObject("vocab");
            for (int id = 0; id < tokens.Length; id++)
            {
                if (types[id] is GgufVocabulary.Control or GgufVocabulary.Unused) continue;
                json.WriteNumber(spell(tokens[id]), id);
            }
            json.WriteEndObject();
            json.WriteStartArray("merges");
            foreach (string merge in merges) json.WriteStringValue(merge);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static void WriteSplit(Utf8JsonWriter json, PreTokenization split)
    {
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", split.Pattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("use_regex", false);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What <see cref="GgufVocabulary.Escape"/> wrote.</summary>
    private static string Unescape(string text)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < text.Length; i++)
        {
            bool isHex = text[i] == '\\' && i + 3 < text.Length && text[i + 1] == 'x';
            if (isHex && byte.TryParse(text.AsSpan(i + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 3;
            }
            else
            {
                bytes.Add(text[i] < 0x80 ? (byte)text[i] : (byte)0xff); // the latter is nowhere in UTF-8
            }
        }
        return FromBytes([.. bytes]);
    }

    /// <summary>A character; bytes that are none become several, which the tokenizer's reader refuses.</summary>
    private static string FromBytes(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        return Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(bytes) ? text : text + text;
    }
}
