using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>Writes the parts of a tokenizer.json in the order in which Hugging Face's library writes them.</summary>
internal static class TokenizerJsonWriter
{
    // Relaxed: "Ġthe" stays readable; the file is not HTML.
    private static readonly JsonWriterOptions _options = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(ITokenizer tokenizer, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, _options);
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        switch (tokenizer)
        {
            case CharTokenizer characters:
                WriteSpecialTokens(json, characters.Tokens);
                json.WriteNull("normalizer");
                json.WriteNull("pre_tokenizer");
                json.WriteNull("post_processor");
                WriteTyped(json, "decoder", "Fuse");
                WriteModel(json, characters.Tokens, id => Encoding.UTF8.GetString(characters.GetBytes(id)), []);
                break;
            case ByteLevelTokenizer bytes:
                WriteSpecialTokens(json, bytes.Tokens);
                json.WriteNull("normalizer");
                json.WritePropertyName("pre_tokenizer");
                WritePreTokenizer(json, bytes.PreTokenization);
                json.WriteNull("post_processor");
                json.WritePropertyName("decoder");
                WriteByteLevel(json, useRegex: true);
                WriteModel(json, bytes.Tokens, bytes.GetSpelling,
                    bytes.Merges.Select(merge => bytes.GetSpelling(merge.Left) + " " + bytes.GetSpelling(merge.Right)));
                break;
            default:
                throw new NotSupportedException($"There is no tokenizer.json for a {tokenizer.GetType().Name}.");
        }
        json.WriteEndObject();
    }

    private static void WriteSpecialTokens(Utf8JsonWriter json, TokenTable tokens)
    {
        json.WriteStartArray("added_tokens");
        foreach (var (name, id) in tokens.SpecialTokens)
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", name);
            foreach (string flag in (ReadOnlySpan<string>)["single_word", "lstrip", "rstrip", "normalized"])
                json.WriteBoolean(flag, false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void WritePreTokenizer(Utf8JsonWriter json, PreTokenization preTokenization)
    {
        if (preTokenization == PreTokenization.Gpt2)
        {
            WriteByteLevel(json, useRegex: true);
            return;
        }
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", preTokenization.Pattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
        json.WriteEndObject();
        WriteByteLevel(json, useRegex: false);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, bool useRegex)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", useRegex);
        json.WriteEndObject();
    }

    private static void WriteTyped(Utf8JsonWriter json, string property, string type)
    {
        json.WriteStartObject(property);
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    // Special tokens stand in the vocabulary too: a reader that numbers added tokens itself would close the gaps before them.
    private static void WriteModel(Utf8JsonWriter json, TokenTable tokens, Func<int, string> spell, IEnumerable<string> merges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        foreach (string flag in (ReadOnlySpan<string>)["fuse_unk", "byte_fallback", "ignore_merges"])
            json.WriteBoolean(flag, false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < tokens.Size; id++)
            if (!tokens.IsGap(id)) json.WriteNumber(spell(id), id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (string merge in merges) json.WriteStringValue(merge);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
