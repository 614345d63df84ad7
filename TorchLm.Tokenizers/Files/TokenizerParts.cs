using System.Text.Encodings.Web;
using System.Text.Json;

namespace TorchLm.Tokenizers;

/// <summary>
/// A tokenizer as other programs' files hold it, in parts that nobody has checked. They are put into the form of a tokenizer.json, so that everything is
/// checked in one place.
/// </summary>
/// <param name="Vocabulary">Spellings and ids of ordinary tokens: in <see cref="ByteAlphabet"/>, or characters where there is no split.</param>
/// <param name="Special">Names and ids of special tokens.</param>
/// <param name="Merges">The rules of byte-pair encoding, each two spellings with a space between, the first to be applied first.</param>
/// <param name="Split">How texts are split into words; null for a tokenizer of characters.</param>
public sealed record TokenizerParts(
    IEnumerable<KeyValuePair<string, int>> Vocabulary, IEnumerable<KeyValuePair<string, int>> Special, IEnumerable<string> Merges, PreTokenization? Split)
{
    /// <summary>Puts them together.</summary>
    /// <param name="source">The file that they are from, for messages.</param>
    /// <exception cref="TokenizerException">They do not make a tokenizer, or one of a kind that is not supported.</exception>
    public ITokenizer Build(string source)
    {
        using var buffer = new MemoryStream();
        // Without validation: a name that stands twice is the reader's to refuse.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("added_tokens");
            foreach ((string name, int id) in Special)
            {
                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("content", name);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (Split is not null)
            {
                json.WritePropertyName("pre_tokenizer");
                TokenizerJsonWriter.WritePreTokenizer(json, Split);
            }
            json.WriteStartObject("model");
            json.WriteString("type", "BPE");
            json.WriteStartObject("vocab");
            foreach ((string spelling, int id) in Vocabulary) json.WriteNumber(spelling, id);
            json.WriteEndObject();
            json.WriteStartArray("merges");
            foreach (string merge in Merges) json.WriteStringValue(merge);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return TokenizerFile.Parse(buffer.ToArray(), source);
    }
}
