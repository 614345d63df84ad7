namespace TorchLm.Tokenizers;

/// <summary>
/// How a text is split into words before byte pairs are merged: no token reaches over the end of a word. Four published
/// patterns are known; each covers every character of a text.
/// </summary>
/// <remarks>
/// The patterns are regular expressions of other programs; here <see cref="WordScanner"/> finds the same words without any, many
/// times faster. Characters are Unicode's, also outside of the Basic Multilingual Plane.
/// </remarks>
public sealed class PreTokenization
{
    private const string Contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string ShortContraction = "'(?i:[sdmt]|ll|ve|re)";
    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Cl100kTail = @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string O200kUpper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string O200kLower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string O200kTail = @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // Possessive, and with one line break where `\s*` has taken the others: another spelling of the same words.
    private const string PossessiveHead = ShortContraction + @"|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,";
    private const string PossessiveTail = @"}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";

    private readonly Scanner _scanner;

    private PreTokenization(string name, Scanner scanner, params string[] publishedPatterns)
    {
        Name = name;
        Pattern = publishedPatterns[0];
        PublishedPatterns = publishedPatterns;
        _scanner = scanner;
    }

    private enum Scanner
    {
        Gpt2,
        Cl100k,
        O200k,
        Nanochat,
    }

    /// <summary>
    /// GPT-2's: contractions, words and numbers with the space before them, runs of punctuation, runs of white space.
    /// </summary>
    public static PreTokenization Gpt2 { get; } = new("gpt2", Scanner.Gpt2, Gpt2Pattern);

    /// <summary>cl100k_base's: numbers in groups of three, line breaks kept together, contractions in either case.</summary>
    /// <remarks>
    /// This is the pattern as first published and as tokenizer.json files, llama.cpp and tiktoken for JavaScript have it. Newer
    /// tiktoken versions for Python, and Microsoft's, differ from it in one case: white space that ends the whole text and goes on
    /// after a line break stays one word there. The ids of cl100k_base are the same either way, as none of its tokens goes on after
    /// its last line break; those of another vocabulary with this split would depend on where a text happens to end.
    /// </remarks>
    public static PreTokenization Cl100k { get; } = new("cl100k", Scanner.Cl100k,
        Contraction + Cl100kTail, ShortContraction + Cl100kTail, PossessiveHead + "3" + PossessiveTail);

    /// <summary>o200k_base's: as cl100k's, and words are also split where lower case is followed by upper case.</summary>
    public static PreTokenization O200k { get; } = new("o200k", Scanner.O200k,
        @"[^\r\n\p{L}\p{N}]?" + O200kUpper + "*" + O200kLower + "+" + Contraction + "?|" +
        @"[^\r\n\p{L}\p{N}]?" + O200kUpper + "+" + O200kLower + "*" + Contraction + "?" + O200kTail);

    /// <summary>nanochat's: as cl100k's, with numbers in groups of two, which spares a small vocabulary many tokens.</summary>
    public static PreTokenization Nanochat { get; } = new("nanochat", Scanner.Nanochat, PossessiveHead + "2" + PossessiveTail);

    /// <summary>All that are known.</summary>
    public static IReadOnlyList<PreTokenization> All { get; } = [Gpt2, Cl100k, O200k, Nanochat];

    /// <summary><c>gpt2</c>, <c>cl100k</c>, <c>o200k</c> or <c>nanochat</c>.</summary>
    public string Name { get; }

    /// <summary>The regular expression as other programs' files hold it.</summary>
    public string Pattern { get; }

    /// <summary><see cref="Pattern"/> and other published spellings of the same.</summary>
    internal IReadOnlyList<string> PublishedPatterns { get; }

    /// <summary>The one with this <see cref="Name"/>.</summary>
    /// <exception cref="TokenizerException">There is none; the sentence names those that there are.</exception>
    public static PreTokenization Find(string name) => All.FirstOrDefault(known => known.Name == name)
        ?? throw new TokenizerException($"There is no way \"{name}\" to split text into words; " +
                                        $"give one of {string.Join(", ", All.Select(known => known.Name))}.");

    /// <summary>
    /// Where the word that begins at <paramref name="start"/> ends: the index of the character after it, in UTF-16 units. Called
    /// again with what it returned, it goes through all words of a text without allocating anything.
    /// </summary>
    /// <param name="text">The text; half of a surrogate pair counts as a symbol.</param>
    /// <param name="start">0 or the end of another word, less than the text's length.</param>
    public int NextWordEnd(ReadOnlySpan<char> text, int start) => _scanner switch
    {
        Scanner.Gpt2 => WordScanner.Gpt2End(text, start),
        Scanner.Cl100k => WordScanner.Cl100kEnd(text, start, digits: 3),
        Scanner.Nanochat => WordScanner.Cl100kEnd(text, start, digits: 2),
        _ => WordScanner.O200kEnd(text, start),
    };

    /// <summary>
    /// The words of <paramref name="text"/> in order, offsets and lengths in UTF-16 units; they cover it without gaps.
    /// </summary>
    public IReadOnlyList<(int Offset, int Length)> Split(ReadOnlySpan<char> text)
    {
        var words = new List<(int Offset, int Length)>(text.Length / 4 + 1);
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = NextWordEnd(text, start);
            words.Add((start, end - start));
        }
        return words;
    }
}
