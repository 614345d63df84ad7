namespace TorchLm.Tokenizers;

/// <summary>
/// What a user asks for by <c>--tokenizer</c>: one to be made from the corpus (<see cref="Characters"/>,
/// <see cref="TrainedBpe"/>) or one that is ready (<see cref="Ready"/>).
/// </summary>
public abstract record TokenizerChoice
{
    private TokenizerChoice() { }

    /// <summary>
    /// The names that <see cref="Parse"/> knows, for help texts; a path to a tokenizer.json is the other possibility.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = ["char", "bpe", "cl100k_base", "o200k_base"];

    /// <summary>The characters of the corpus: to be collected with <see cref="CharTokenizerBuilder"/>.</summary>
    public sealed record Characters : TokenizerChoice;

    /// <summary>Byte-level BPE of the corpus: to be trained with <see cref="BpeTrainer"/>.</summary>
    public sealed record TrainedBpe : TokenizerChoice;

    /// <summary>A tokenizer that needs no corpus.</summary>
    /// <param name="Name">As the user wrote it.</param>
    public sealed record Ready(string Name) : TokenizerChoice
    {
        /// <summary>Those that come with the program.</summary>
        public static new IReadOnlyList<string> Names { get; } = ["cl100k_base", "o200k_base"];

        /// <summary>Opens it.</summary>
        /// <exception cref="TokenizerException">Its file is damaged or not supported.</exception>
        public ITokenizer Open() => Name switch
        {
            "cl100k_base" => TiktokenEncoding.Cl100kBase,
            "o200k_base" => TiktokenEncoding.O200kBase,
            _ => TokenizerFile.Load(Name),
        };
    }

    /// <summary>
    /// Understands what the user wrote: one of <see cref="Names"/> (which win over a folder of that name: that is ./char), or a
    /// tokenizer.json, or a folder that holds one.
    /// </summary>
    /// <exception cref="TokenizerException">It is none of these.</exception>
    public static TokenizerChoice Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "char") return new Characters();
        if (text == "bpe") return new TrainedBpe();
        if (Names.Contains(text)) return new Ready(text);
        if (File.Exists(text) || File.Exists(Path.Combine(text, TokenizerFile.Name))) return new Ready(text);
        throw new TokenizerException(Directory.Exists(text)
            ? $"The folder {text} holds no {TokenizerFile.Name}; give one that does, or one of {string.Join(", ", Names)}."
            : $"There is no tokenizer \"{text}\"; give one of {string.Join(", ", Names)}, " +
              $"or the path of a {TokenizerFile.Name}.");
    }
}
