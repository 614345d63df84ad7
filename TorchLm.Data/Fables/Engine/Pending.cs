namespace TorchLm.Data.Fables.Engine;

/// <summary>What an <see cref="Article"/> or a <see cref="Capital"/> has ordered for the next characters written.</summary>
internal readonly record struct Pending(bool Capital, bool Article)
{
    /// <summary>How <paramref name="literal"/>, not empty, is spelled at this point.</summary>
    public string Spell(string literal)
    {
        string spelled = Article ? (StartsWithVowel(literal) ? "an " : "a ") + literal : literal;
        return Capital ? char.ToUpperInvariant(spelled[0]) + spelled[1..] : spelled;
    }

    // Letters, not sounds: the word tables avoid "honest", "useful" and their like after an article.
    private static bool StartsWithVowel(string word) => "aeiouAEIOU".Contains(word[0]);
}
