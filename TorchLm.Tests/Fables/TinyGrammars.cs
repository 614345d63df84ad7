using TorchLm.Data.Fables.Engine;

namespace TorchLm.Tests.Fables;

/// <summary>Grammars small enough to be written out in full.</summary>
internal static class TinyGrammars
{
    /// <summary>Every kind of node, unambiguous.</summary>
    public static FableGrammar Zoo() => new GrammarBuilder()
        .List("animal", Animal("ant", "Ada", "Abe"), Animal("owl", "Ola"), Animal("cat", "Cleo", "Cy", "Cora"))
        .Rule("tale",
            "The {Hero=animal.species} and the {other=animal.species}: {A} {size}{hero.species} "
                + "named {hero=hero.names.name} {end}.")
        .Rule("size", "", "odd ", "[very |]big ")
        .Rule("end", "met {other=other.names.name}", "[slept|sang], said {other.voice}")
        .Build("tale");

    /// <summary>"aa" has two derivations, "a" and "aaa" one each.</summary>
    public static FableGrammar Ambiguous() => new GrammarBuilder()
        .Rule("s", "{x}{y}").Rule("x", "a", "aa").Rule("y", "a", "").Build("s");

    /// <summary>Two animals with one word for both: what is remembered does not show until the name is said, if it is.</summary>
    public static FableGrammar HiddenMemory() => new GrammarBuilder()
        .List("bird", Bird("Ann"), Bird("Ben"))
        .Rule("s", "{b=bird.species}[ {b.name}|]")
        .Build("s");

    private static Entity Animal(string species, params string[] names)
    {
        (string, string)[] common = [("species", species), ("voice", $"[the {species}|nobody]")];
        return new Entity(common, [("names", [.. names.Select(name => new Entity([.. common, ("name", name)]))])]);
    }

    private static Entity Bird(string name) => new([("species", "bird"), ("name", name)]);
}
