using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>A youngster cries wolf for fun and is not believed when the hunter comes.</summary>
internal static class FalseAlarm
{
    /// <summary>Adds the plot as rule <c>alarm</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("alarm",
            "{alarmTitle}\n{alarmOpen} {Hero.he} {belongings}. {alarmTask}\n{alarmCry} {alarmCome} {alarmJoke}\n{alarmScold} "
                + "{alarmAgain}\n"
            + "{alarmReal} {alarmNobody} {alarmEnd}{ending}\n{theMoral} {alarmMoral}\n\n")
        .Rule("alarmTitle",
            "The {Hero=youngster.species} Who Cried {Third=hunter.species}",
            "The {Hero=youngster.species}, the {Third=hunter.species} and the Joke",
            "The {Hero=youngster.species} and the {Third=hunter.species} That Was Not There",
            "The Young {Hero=youngster.species} and the {Third=hunter.species}")
        .Rule("alarmOpen",
            "{A} {wild} {hero.species} {named} {hero=hero.names.name}{surname} lived {place=place.where}.",
            "{When}, {place=place.where}, there lived {a} {wild} {hero.species} {named} {hero=hero.names.name}{surname}.",
            "{When} there was {a} {wild} {hero.species}, {hero=hero.names.name}{surname}, who [found life dull|could not sit "
                + "still|loved to tease|was always up to something] {place=place.where}.")
        .Rule("alarmTask",
            "{Hero.his} [task|duty|work] was to [keep watch|stand guard|watch the {worn} path] while the [others|old "
                + "ones|rest] [slept|ate|gathered food|worked].",
            "Each [day|evening|night] {hero.he} had to [keep watch|look out for danger|guard the {worn} gate], and [found it "
                + "dull|hated it|yawned till {hero.his} jaws ached|counted clouds].")
        .Rule("alarmCry",
            "{OneDay} {hero.he} {hero.cried}, \"[Help|Run|Save yourselves|Wake up]! The {third.species} is [coming|here|at "
                + "the {worn} gate|upon us]!\"",
            "{OneDay} {hero.he} {hero.cried} [for fun|as a joke|out of mischief|to pass the time], \"[A|Beware, a|Help, a] "
                + "terrible {third.species}!\"")
        .Rule("alarmCome",
            "At once everyone came [running|rushing|tumbling out], with [sticks|rakes|brooms|stones|{oddment}] and "
                + "[lanterns|loud shouts|pots and pans|{oddment}], [ready to fight|white with fear|still in their nightcaps].",
            "The [mothers|elders|neighbours] [dropped their work|leapt out of bed|left their soup] and [hid|climbed trees|ran "
                + "to and fro|formed a ring], [trembling|shouting|out of breath].")
        .Rule("alarmJoke",
            "{Hero} [laughed until {hero.he} cried|rolled on the ground|held {hero.his} sides|clapped for joy]. \"[It was "
                + "only a joke|How you ran|You ran like {someone}|What faces|There is nothing there],\" {hero.he} "
                + "{hero.cried}.",
            "But there was [no {third.species}|nothing but {a} {worn} bush|only {someone}|only the wind], and {hero} "
                + "[grinned|giggled|danced about]. \"[Fooled you|You should see yourselves|I wanted to see you run]!\"")
        .Rule("alarmScold",
            "{A} {wise} {other=judge.species} {named} {other=other.names.name}{surname} [frowned|shook {other.his} "
                + "head|wagged a finger]. \"[One day you will need us|A lie is a coin spent once|Do not call for nothing|Fear "
                + "is not a toy],\" {other.he} {said}.",
            "\"[Be careful|Mind, young one|Listen to me],\" {spoke} {a} {wise} {other=judge.species} {named} "
                + "{other=other.names.name}{surname}, \"[trust is like an egg|false calls make deaf ears|a joke told twice is "
                + "none|truth is your only fence].\"")
        .Rule("alarmAgain",
            "But [the next day|twice more|a week later|on Monday and on Tuesday] {hero.he} [did it again|cried out "
                + "again|played the same trick], and [again they came|fewer came|they came, and went home grumbling|{other} "
                + "came last of all].",
            "{Hero} only [laughed|made a face|stuck out {hero.his} tongue], and [did the same|called them all out] [the next "
                + "night|again on Friday|before the week was over].")
        .Rule("alarmReal",
            "{Later}, [out of the dark|without a sound|from behind the hill|through {season.path}] came {a} real "
                + "{third.species}, [grey and lean|with burning eyes|hungry from the long road|smiling in an ugly way].",
            "Then, [at dusk|one foggy night|when the moon was thin], {hero} [saw|heard|smelled] the {third.species} "
                + "[itself|in truth], [not ten steps away|coming down the {worn} path|between {hero.him} and home].")
        .Rule("alarmNobody",
            "\"[Help|It is true this time|Come quickly|I am not joking]!\" {hero.he} {hero.cried}[ again and again| with all "
                + "{hero.his} might| until {hero.his} voice broke|], but [nobody came|they only turned over in bed|they all "
                + "went on eating|everyone laughed|not {a} {worn} door opened].",
            "{Hero} [called|screamed|shouted] [for help|every name {hero.he} knew], and the neighbours [said|muttered], "
                + "\"[Let the child shout|That joke is stale|Not again|Pass the bread].\"")
        .Rule("alarmEnd",
            "{Hero} [lost {hero.his} tail|lost half {hero.his} ear|only just escaped up a tree|jumped into the pond and hid "
                + "till dawn], and [never lied again|told the truth ever after|was a long time getting warm|kept honest watch "
                + "from then on].",
            "Only {other} [looked out|came at last|had a doubt] and [threw a torch|drove the {third.species} off with {a} "
                + "{worn} broom|rang the great bell], [just in time|and not a moment too soon]. {Hero} {hero.cried} like [a "
                + "baby|rain] and [gave {other} {oddment}|promised to be good|was sorry].",
            "The {third.species} [ate the whole supper|carried off the best cheese|broke down the {worn} fence|chased "
                + "{hero.him} three times round {place.the}], and {hero} [had only {hero.himself} to blame|told no more "
                + "lies|wept till morning].")
        .Rule("alarmMoral",
            "a liar is not believed even when [he tells the truth|the wolf is at the door].",
            "cry for help only when you need it.",
            "trust is easily [broken|spent] and slowly [mended|earned].",
            "one false alarm [closes|shuts] [ten|a hundred] doors.",
            "a joke that frightens friends [is no joke|makes none].");
}
