using System.Globalization;
using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Export.Gguf;

/// <summary>The tokenizer that a GGUF file holds.</summary>
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
        if (model != "gpt2" && !(model == "rwkv" && isCharacters))
        {
            throw file.Wrong($"has the tokenizer '{model}'; only gpt2's (byte-level BPE) can be imported");
        }
        PreTokenization? split = isCharacters ? null : Split(file);
        string[] merges = isCharacters ? [] : file.Find<string[]>("tokenizer.ggml.merges") ?? [];
        Func<string, string> spell = !isCharacters ? text => text : model == "rwkv" ? Unescape : text => FromBytes(ByteAlphabet.Read(text) ?? [0xff]);
        long[] kinds = [.. types.Select((type, id) => Kind(file, tokens[id], type, id))];
        int[] ids = [.. Enumerable.Range(0, tokens.Length)];
        return new TokenizerParts(
            ids.Where(id => kinds[id] is not (GgufVocabulary.Control or GgufVocabulary.Unused))
                .Select(id => KeyValuePair.Create(spell(tokens[id]), id)),
            ids.Where(id => kinds[id] == GgufVocabulary.Control).Select(id => KeyValuePair.Create(tokens[id], id)), merges, split).Build(file.Path);
    }

    /// <summary>What a token is in fact, whatever its converter wrote.</summary>
    private static long Kind(GgufReader file, string token, long type, int id) => type switch
    {
        // llama.cpp finds these in any text before it splits into words, as TorchLm finds none; older converters call padding so.
        GgufVocabulary.UserDefined => token == GgufVocabulary.Padding(id) ? GgufVocabulary.Unused
            : throw file.Wrong($"has the token '{token}' that is found in any text (user-defined), which is not supported"),
        // llama.cpp takes it for special whatever its type, and no text makes it by merges.
        GgufVocabulary.Normal when token == TokenTable.EndOfTextName => GgufVocabulary.Control,
        _ => type,
    };

    private static PreTokenization Split(GgufReader file)
    {
        string name = file.Find<string>("tokenizer.ggml.pre") ?? "default";
        return GgufVocabulary.Splits.FirstOrDefault(split => split.Value.Contains(name)).Key
            ?? throw file.Wrong($"splits text into words in the way '{name}'; " +
                $"{string.Join(", ", GgufVocabulary.Splits.SelectMany(split => split.Value))} can be imported");
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
