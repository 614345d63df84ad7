namespace TorchLm.Core.Configuration;

/// <summary>What a run trains on.</summary>
public sealed record DataConfig
{
    /// <summary>A <see cref="Path"/> that stands for the file that the Shakespeare presets train on; it is fetched where it is not there.</summary>
    public const string TinyShakespeare = "tiny-shakespeare";

    /// <summary>A <see cref="Path"/> that stands for none: the preset brings no text, and one must be given.</summary>
    public const string Required = "required";

    /// <summary>
    /// A folder of shards, a text file or a folder of text files; null means the built-in corpus, <c>tiny-shakespeare</c> and <c>required</c> have the
    /// meanings above.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>How text becomes tokens: <c>char</c>, <c>bpe</c>, <c>cl100k_base</c>, <c>o200k_base</c>, or a folder with a tokenizer.json.</summary>
    public string Tokenizer { get; init; } = "char";

    /// <summary>Ids that a <c>bpe</c> tokenizer trained on the text gets.</summary>
    [AtLeast(257)]
    public int VocabularySize { get; init; } = 1024;

    /// <summary>The share of the text that is held out for validation.</summary>
    [InRange(0, 1, LowIncluded = false, HighIncluded = false)]
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>
    /// Bytes of the built-in corpus, which has no end: whole fables, as few as hold that many. Its first 1,500,000 bytes are the same however many there are, and
    /// of them alone comes what is held out, so that losses on different amounts compare. 2.9 bytes make a token of a vocabulary of 1,024.
    /// </summary>
    [AtLeast(10_000), AtMost(10_000_000_000)]
    public long BuiltInBytes { get; init; } = 1_500_000;

    /// <summary>Refuses impossible combinations.</summary>
    /// <exception cref="InputException">Names the field, the value and the rule.</exception>
    public void Validate()
    {
        Rule.Holds(!string.IsNullOrWhiteSpace(Tokenizer), "data.tokenizer", $"'{Tokenizer}'", "it must name a tokenizer");
        SettingRuleAttribute.CheckAll("data", this);
    }
}
