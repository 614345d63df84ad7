using System.Buffers;
using System.Text;

namespace TorchLm.Tokenizers;

/// <summary>
/// One id for each character (Unicode scalar value) of a corpus, in ascending order of code points, as nanoGPT's
/// <c>sorted(set(text))</c> gives them; the special token <c>&lt;|endoftext|&gt;</c>, where asked for, is the last id.
/// Text with a character that the corpus lacks cannot be encoded.
/// </summary>
public sealed class CharTokenizer : ITokenizer
{
    private const int Missing = -1;

    // Code points up to the highest one in the Basic Multilingual Plane are looked up by index, the rest by hash.
    private readonly int[] _basicPlane;
    private readonly Dictionary<int, int> _otherPlanes = [];
    private readonly int _characterCount;

    /// <param name="characters">Every character with its id, distinct in both.</param>
    /// <param name="specialTokens">
    /// The special tokens, whose ids fill what the characters leave of [0, number of all tokens).
    /// </param>
    internal CharTokenizer(
        IReadOnlyCollection<(Rune Character, int Id)> characters, IReadOnlyDictionary<string, int> specialTokens)
    {
        _characterCount = characters.Count;
        byte[]?[] bytes = new byte[]?[characters.Count + specialTokens.Count];
        _basicPlane = new int[characters.Where(c => c.Character.IsBmp).Select(c => c.Character.Value + 1).DefaultIfEmpty().Max()];
        Array.Fill(_basicPlane, Missing);
        foreach (var (character, id) in characters)
        {
            bytes[id] = Encoding.UTF8.GetBytes(character.ToString());
            if (character.IsBmp) _basicPlane[character.Value] = id;
            else _otherPlanes[character.Value] = id;
        }
        Tokens = new TokenTable(bytes, specialTokens);
    }

    /// <summary>
    /// The tokenizer whose vocabulary is the distinct ones of <paramref name="characters"/>, in code point order.
    /// </summary>
    /// <param name="characters">The characters, in any order, repeated or not.</param>
    /// <param name="withEndOfText">Whether <c>&lt;|endoftext|&gt;</c> follows as the last id.</param>
    /// <exception cref="TokenizerException">There is no character at all.</exception>
    public static CharTokenizer FromCharacters(IEnumerable<Rune> characters, bool withEndOfText = false)
    {
        var sorted = new SortedSet<Rune>(characters);
        if (sorted.Count == 0) throw new TokenizerException("The corpus holds no characters; give a text that is not empty.");
        var special = new Dictionary<string, int>();
        if (withEndOfText) special.Add(TokenTable.EndOfTextName, sorted.Count);
        return new CharTokenizer([.. sorted.Select((character, id) => (character, id))], special);
    }

    /// <inheritdoc/>
    public string Kind => "char";

    /// <summary>What each id stands for.</summary>
    public TokenTable Tokens { get; }

    /// <inheritdoc/>
    public int VocabularySize => Tokens.Size;

    /// <inheritdoc/>
    public int? EndOfTextId => Tokens.EndOfTextId;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] ids = new int[text.Length];
        Array.Resize(ref ids, Encode(text, ids));
        return ids;
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!text.IsEmpty) destination.Advance(Encode(text, destination.GetSpan(text.Length)));
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids) => Tokens.Decode(ids);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> GetBytes(int id) => Tokens.GetBytes(id);

    /// <inheritdoc/>
    public void Save(string path) => TokenizerFile.Save(this, path);

    // Writes the ids, at most as many as the text has units, and returns their number.
    private int Encode(ReadOnlySpan<char> text, Span<int> ids)
    {
        int count = 0;
        for (int position = 0; position < text.Length; position++)
        {
            int codePoint = text[position];
            int id;
            if (!char.IsSurrogate(text[position]))
            {
                id = codePoint < _basicPlane.Length ? _basicPlane[codePoint] : Missing;
            }
            else if (Rune.DecodeFromUtf16(text[position..], out Rune character, out _) == OperationStatus.Done)
            {
                codePoint = character.Value;
                id = _otherPlanes.GetValueOrDefault(codePoint, Missing);
            }
            else
            {
                throw ValidText.LoneSurrogate(text[position], position);
            }
            if (id == Missing) throw UnknownCharacter(new Rune(codePoint), position);
            ids[count++] = id;
            if (codePoint > char.MaxValue) position++;
        }
        return count;
    }

    private TokenizerException UnknownCharacter(Rune character, int offset)
    {
        string shown = Rune.IsControl(character) ? "" : $"'{character}' ";
        return new TokenizerException($"The character {shown}(U+{character.Value:X4}) at offset {offset} is not among the " +
            $"{_characterCount} characters of this vocabulary; leave it out, or prepare the data again with text that holds it.");
    }
}
