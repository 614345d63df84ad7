using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Words;

/// <summary>Where fables happen: how a place is brought in, how it is spoken of afterwards, and how one goes about
/// there.</summary>
internal static class Places
{
    /// <summary>Adds the list of places.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar.List("place",
        Place("wood", "in",
            "[at the edge of|in the middle of|deep in] {a} [dark|quiet|great|tangled|mossy|green|whispering] wood", "through"),
        Place("meadow", "in", "[in|beside|at the end of] {a} [green|sunny|wide|flowery|rolling|dewy] meadow", "across"),
        Place("river", "by", "[on the bank of|beside|not far from] {a} [slow|broad|winding|silver|cold|noisy] river", "along"),
        Place("farm", "on", "[on|behind|close to] {a} [small|busy|tidy|lonely|old|muddy] farm", "round"),
        Place("hill", "on", "[on top of|at the foot of|on the side of] {a} [steep|stony|windy|round|bare|green] hill", "over"),
        Place("pond", "by", "[near|beside|on the shore of] {a} [still|muddy|round|shady|deep|duckweed-green] pond", "round"),
        Place("orchard", "in",
            "[in|behind|at the gate of] {a} [shady|crooked|fragrant|forgotten|sweet-smelling|neat] orchard", "through"),
        Place("valley", "in", "[in|at the bottom of|high above] {a} [deep|narrow|misty|peaceful|hidden|fertile] valley",
            "through"),
        Place("mill", "at", "[behind|under|next to] {a} [old|creaking|dusty|broken|tall|busy] mill", "round"),
        Place("marsh", "on", "[at the edge of|in the midst of|beyond] {a} [wide|misty|lonely|soft|reedy|gloomy] marsh",
            "through"),
        Place("garden", "in", "[in|at the bottom of|behind] {a} [walled|overgrown|pretty|quiet|rich|kitchen] garden", "round"),
        Place("lake", "by", "[on the shore of|beside|a mile from] {a} [blue|deep|mountain|calm|glassy|lonely] lake", "round"),
        Place("village", "in",
            "[on the edge of|a little way from|behind] {a} [sleepy|poor|merry|hilltop|fishing|little] village", "round"),
        Place("vineyard", "in", "[below|beside|at the end of] {a} [sunny|steep|dry|famous|terraced|well-kept] vineyard",
            "through"));

    private static Entity Place(string name, string at, string where, string about) =>
        new([("where", where), ("the", $"the {name}"), ("at", $"{at} the {name}"), ("about", $"{about} the {name}")]);
}
