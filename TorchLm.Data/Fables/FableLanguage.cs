using TorchLm.Data.Fables.Engine;
using TorchLm.Data.Fables.Plots;
using TorchLm.Data.Fables.Words;

namespace TorchLm.Data.Fables;

/// <summary>The grammar of TorchLm's fables: eight plots over shared words.</summary>
public static class FableLanguage
{
    /// <summary>The rules of the plots; each writes whole fables.</summary>
    public static IReadOnlyList<string> Plots { get; } =
        ["race", "flattery", "winter", "theft", "rescue", "boast", "quarrel", "alarm"];

    /// <summary>The grammar; its start rule draws a plot, from the commonest to the rarest as listed in
    /// <see cref="Plots"/>.</summary>
    public static FableGrammar Grammar { get; } = Build();

    private static FableGrammar Build()
    {
        var grammar = new GrammarBuilder();
        Animals.AddTo(grammar);
        Places.AddTo(grammar);
        Seasons.AddTo(grammar);
        Things.AddTo(grammar);
        Manners.AddTo(grammar);
        Oddments.AddTo(grammar);
        Race.AddTo(grammar);
        Flattery.AddTo(grammar);
        Winter.AddTo(grammar);
        Theft.AddTo(grammar);
        Rescue.AddTo(grammar);
        Boast.AddTo(grammar);
        Quarrel.AddTo(grammar);
        FalseAlarm.AddTo(grammar);
        return grammar.Rule("fable", [.. Plots.Select(plot => $"{{{plot}}}")]).Build("fable");
    }
}
