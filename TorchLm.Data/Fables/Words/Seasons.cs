using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Words;

/// <summary>The four seasons: their days, their skies, and what lies on the path when someone goes home at the end.</summary>
internal static class Seasons
{
    /// <summary>Adds the list of seasons and the rules for time and weather.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .List("season",
            Season("summer",
                "the [corn|hay|clover|barley] stood [high|golden|ripe|thick]",
                "the [bees|swallows|dragonflies|crickets] were [busy|out in force|humming with joy|never still]",
                "the [air|road|grass|dust] was [warm|hot|dry] [and still|under the sun|by breakfast time]",
                "the [long grass|dry stubble|warm dust|red poppies|evening dew]"),
            Season("spring",
                "the [apple trees|cherry trees|hedges|hawthorns] were [in bloom|white with blossom|budding|full of song]",
                "the [cuckoo|lark|thrush|blackbird] was [calling|singing|back again|awake before the sun]",
                "[soft|light|warm|sudden] [rain|showers] [washed the fields|fell on the young corn|woke the flowers|made "
                    + "everything green]",
                "the [bluebells|wet grass|primroses|young ferns|fallen blossom]"),
            Season("autumn",
                "the [leaves|beeches|maples|vines] were [turning red|yellow|falling|all copper and gold]",
                "the [mist|fog|smoke] lay [low over the fields|in the hollows|thick as wool|until noon]",
                "the [acorns|chestnuts|nuts|apples] were [dropping|ripe|thick on the ground|ready to gather]",
                "the [fallen leaves|brown bracken|evening mist|dripping hedges|rustling beech leaves]"),
            Season("winter",
                "the [snow|frost|ice] lay [deep|thick|white|hard] [on the fields|on the roofs|upon every branch|all about]",
                "the wind [blew|howled|whistled|bit] [from the north|round every corner|like a hungry thing|day and night]",
                "the [pond|stream|well|mud] was [frozen|hard as iron|covered with ice|still and grey]",
                "the [deep snow|white fields|hard frost|icy ruts|falling snow]"))
        .Rule("when",
            "once", "long ago", "once upon a time", "many years ago", "in the old days", "when the hills were young",
            "before your grandmother was born", "in a year that nobody wrote down", "a long while back")
        .Rule("oneDay",
            "one [fine|bright|cold|grey|still|windy|clear] {season=season.name} [morning|day|afternoon|evening], when "
                + "{season.sky},",
            "one {season=season.name} [morning|day|afternoon|evening|night], as {season.sky},",
            "on {a} [fresh|lazy|quiet|blustery|pale|golden|drowsy] [morning|day|afternoon] in {season=season.name}",
            "[early|late] [one|that] {season=season.name}, when {season.sky},",
            "{season=season.name} came, and {season.sky}. One [morning|day|evening|afternoon]")
        .Rule("later",
            "[some|three|a few|seven|ten] days [later|afterwards|after that]", "[not long|a week|a month|soon] after",
            "the [very next|following] [day|week|morning]",
            "[before|ere] the [week|month|season] was [out|over]", "when the moon had [changed|grown round]");

    private static Entity Season(string name, string land, string creatures, string air, string path) =>
        new([("name", name), ("sky", $"[{land}|{creatures}|{air}]"), ("path", path)]);
}
