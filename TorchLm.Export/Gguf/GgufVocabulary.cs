using System.Globalization;
using System.Text;
using TorchLm.Core;
using TorchLm.Tokenizers;

namespace TorchLm.Export.Gguf;

/// <summary>A tokenizer as llama.cpp's metadata, so that it makes the same ids of a text.</summary>
/// <remarks>
/// <para>Byte-level BPE is llama.cpp's "gpt2", with the name of a way to split into words: <c>gpt-2</c>; <c>dbrx</c> for cl100k's (llama-bpe has
/// the same, but adds a begin token and takes whole words before merges); <c>gpt-4o</c> for o200k's.</para>
/// <para>With "gpt2" llama.cpp takes token 11 for the end of a text where the file names none, and there is no key to say that there is
/// none. So a vocabulary without an end-of-text token names a token that no text is made of: byte-level BPE the byte FF, which is nowhere
/// in UTF-8, characters their first special token. See <see cref="End"/>.</para>
/// <para>Characters with a special token are "gpt2" too: each character's UTF-8 bytes are put together by merges of their own, which cannot
/// reach over two characters. Characters without any are "rwkv", which finds the longest token at each place and knows of no end.</para>
/// <para>What a character vocabulary lacks llama.cpp drops without a word under "gpt2". Under "rwkv" it reads a blank instead (without an unknown
/// token it would use the id -1), but where the vocabulary has another character with the same first byte in UTF-8, it begins again at the start
/// of the text until memory runs out: <see cref="NeedsOwnCharacters"/>.</para>
/// </remarks>
internal static class GgufVocabulary
{
    /// <summary>A key of TorchLm's own: the tokenizer's kind, where llama.cpp's keys do not tell.</summary>
    public const string KindKey = "torchlm.tokenizer";

    public const string Characters = "char";

    /// <summary>Kinds of tokens (llama.h, enum llama_token_type).</summary>
    public const int Normal = 1, Control = 3, UserDefined = 4, Unused = 5;

    /// <summary>Names of ways to split that stand for the same as a pre-tokenization; the first is written.</summary>
    public static IReadOnlyDictionary<PreTokenization, string[]> Splits { get; } = new Dictionary<PreTokenization, string[]>
    {
        [PreTokenization.Gpt2] = ["gpt-2"],
        [PreTokenization.Cl100k] = ["dbrx", "llama-bpe", "llama3", "llama-v3", "smaug-bpe"],
        [PreTokenization.O200k] = ["gpt-4o"],
    };

    /// <summary>Whether llama.cpp must not be given text with characters outside of the vocabulary.</summary>
    public static bool NeedsOwnCharacters(ITokenizer tokenizer) => tokenizer is CharTokenizer { Tokens.SpecialTokens.Count: 0 } characters
        && Enumerable.Range(0, characters.VocabularySize).Any(id => characters.GetBytes(id).Length > 1);

    /// <summary>Adds the keys.</summary>
    /// <exception cref="InputException">The tokenizer is of a kind that the format cannot say.</exception>
    public static void Add(GgufWriter file, ITokenizer tokenizer)
    {
        switch (tokenizer)
        {
            case ByteLevelTokenizer bytes:
                file.Add("tokenizer.ggml.model", "gpt2");
                file.Add("tokenizer.ggml.pre", Splits.TryGetValue(bytes.PreTokenization, out string[]? names) ? names[0]
                    : throw new InputException($"The model's tokenizer splits text into words as {bytes.PreTokenization.Name} does, " +
                        "which llama.cpp has no name for: export it with --format hf instead."));
                AddTokens(file, bytes.Tokens, bytes.GetSpelling);
                file.Add("tokenizer.ggml.merges", [.. bytes.Merges.Select(m => bytes.GetSpelling(m.Left) + " " + bytes.GetSpelling(m.Right))]);
                break;
            case CharTokenizer { Tokens.SpecialTokens.Count: 0 } characters:
                file.Add("tokenizer.ggml.model", "rwkv");
                AddTokens(file, characters.Tokens, id => Escape(characters.GetBytes(id)));
                file.Add(KindKey, Characters);
                file.Add("tokenizer.ggml.unknown_token_id", (uint)Blank(characters));
                break;
            case CharTokenizer characters:
                file.Add("tokenizer.ggml.model", "gpt2");
                file.Add("tokenizer.ggml.pre", Splits[PreTokenization.Gpt2][0]);
                AddTokens(file, characters.Tokens, id => characters.Tokens.IsSpecial(id) ? Encoding.UTF8.GetString(characters.GetBytes(id))
                    : ByteAlphabet.Spell(characters.GetBytes(id)));
                file.Add("tokenizer.ggml.merges", ByteMerges(characters));
                file.Add(KindKey, Characters);
                break;
            default:
                throw new InputException($"The model's tokenizer ({tokenizer.Kind}) cannot be put into a GGUF file.");
        }
        if (End(tokenizer) is { } end)
        {
            file.Add("tokenizer.ggml.bos_token_id", (uint)end);
            file.Add("tokenizer.ggml.eos_token_id", (uint)end);
        }
        file.Add("tokenizer.ggml.add_bos_token", false);
    }

    /// <summary>What llama.cpp takes for the end of a text; null where it is told of none, which only "rwkv" can say.</summary>
    public static int? End(ITokenizer tokenizer) => tokenizer.EndOfTextId ?? tokenizer switch
    {
        ByteLevelTokenizer bytes => Enumerable.Range(0, bytes.VocabularySize).First(id =>
            !bytes.Tokens.IsSpecial(id) && !bytes.Tokens.IsGap(id) && bytes.GetBytes(id).SequenceEqual(s_noText)),
        CharTokenizer characters when characters.Tokens.SpecialTokens.Count > 0 => characters.Tokens.SpecialTokens.Values.Min(),
        _ => null,
    };

    private static readonly byte[] s_noText = [0xff];

    /// <summary>What other converters call an id that stands for nothing, too.</summary>
    public static string Padding(int id) => string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");

    /// <summary>A token as "rwkv" spells it: every byte but letters and digits as \xHH.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (byte b in bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)b)) text.Append((char)b);
            else text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }
        return text.ToString();
    }

    /// <summary>What stands for a character that the vocabulary lacks: a space, else a line feed, else whatever is first.</summary>
    private static int Blank(CharTokenizer characters)
    {
        int[] ids = [.. Enumerable.Range(0, characters.VocabularySize)];
        int at = Array.FindIndex(ids, id => characters.GetBytes(id).SequenceEqual(" "u8));
        return Math.Max(0, at >= 0 ? at : Array.FindIndex(ids, id => characters.GetBytes(id).SequenceEqual("\n"u8)));
    }

    private static void AddTokens(GgufWriter file, TokenTable tokens, Func<int, string> spell)
    {
        int[] ids = [.. Enumerable.Range(0, tokens.Size)];
        file.Add("tokenizer.ggml.tokens", [.. ids.Select(id => tokens.IsGap(id) ? Padding(id) : spell(id))]);
        file.Add("tokenizer.ggml.token_type", [.. ids.Select(id => tokens.IsSpecial(id) ? Control : tokens.IsGap(id) ? Unused : Normal)]);
    }

    /// <summary>
    /// The rules that put each character's bytes together, first two, then with the third and fourth. A byte that begins a character is never
    /// followed by one that belongs to another, so no rule joins two characters; what is half-way a character need not be a token.
    /// </summary>
    private static string[] ByteMerges(CharTokenizer characters)
    {
        var merges = new List<string>();
        var seen = new HashSet<string>();
        for (int length = 2; length <= 4; length++)
        {
            for (int id = 0; id < characters.VocabularySize; id++)
            {
                ReadOnlySpan<byte> bytes = characters.GetBytes(id);
                if (characters.Tokens.IsSpecial(id) || bytes.Length < length) continue;
                string merge = ByteAlphabet.Spell(bytes[..(length - 1)]) + " " + ByteAlphabet.Spell(bytes[(length - 1)..length]);
                if (seen.Add(merge)) merges.Add(merge);
            }
        }
        return [.. merges];
    }
}
