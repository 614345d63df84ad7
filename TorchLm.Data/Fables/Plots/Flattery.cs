using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>A flatterer praises a vain animal's voice until it opens its mouth and drops what it held.</summary>
internal static class Flattery
{
    /// <summary>Adds the plot as rule <c>flattery</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("flattery",
            "{flatteryTitle}\n{flatteryOpen} {flatteryFound} {passerBy}\n{flatteryCome} {flatteryWish}\n{flatteryPraise} "
                + "{flatterySwell} {flatteryMore}\n"
            + "{flatteryDrop} {flatteryAway} {flatteryLast}{ending}\n{theMoral} {flatteryMoral}\n\n")
        .Rule("flatteryTitle",
            "The {Hero=singer.species} and the {Other=flatterer.species}",
            "The {Hero=singer.species} Who Sang for the {Other=flatterer.species}",
            "The {Other=flatterer.species} and the Singing {Hero=singer.species}",
            "The Vain {Hero=singer.species} and the Hungry {Other=flatterer.species}",
            "How the {Other=flatterer.species} Praised the {Hero=singer.species}")
        .Rule("flatteryOpen",
            "{OneDay} {a} {proud} {hero.species} {named} {hero=hero.names.name}{surname} sat {place=place.where}.",
            "{When} {a} {proud} {hero.species} {named} {hero=hero.names.name}{surname} lived {place=place.where}.",
            "{Place=place.where} lived {hero=hero.names.name}{surname}, {a} {proud} {hero.species}.")
        .Rule("flatteryFound",
            "{Hero.he} had [found|stolen|been given|won] {a} {morsel=morsel.name} and was [just about|getting ready|too "
                + "happy] to eat it.",
            "In {hero.his} mouth {hero.he} held {a} {morsel=morsel.name}, [fresh|stolen|straight] from [the {worn} market|{a} "
                + "{worn} kitchen|the baker's cart|somebody's picnic].",
            "{Hero.he} had [begged|snatched|picked up|saved] {a} {morsel=morsel.name} for [supper|breakfast|{hero.his} "
                + "birthday|a quiet hour], and held it [tight|fast|high].")
        .Rule("flatteryCome",
            "{By} {a} {sly} {other.species} {named} {other=other.names.name}{surname}, who [had not eaten|had tasted "
                + "nothing|had gone hungry] [since Sunday|for two days|all week|since the rain began].",
            "{By} {other=other.names.name}{surname}, {a} {sly} {other.species} with [an empty belly|a watering mouth|a nose "
                + "for luck|nothing to do|a plan for every day].")
        .Rule("by", "along came", "by and by there came", "just then up came", "who should come by but", "soon there passed")
        .Rule("flatteryWish",
            "{Other} [saw|smelled|noticed|spied] {morsel.the} and [thought|said to {other.himself}], \"[That is for me|I must "
                + "have it|A song may buy my supper|Flattery costs nothing].\"",
            "\"[I must have|I would walk a mile for|I would give my tail for|I can already taste] {morsel.the},\" thought "
                + "{other}, [and sat down|and bowed low|swallowing hard].")
        .Rule("flatteryPraise",
            "\"[Good day|Greetings|Good morning|My compliments], dear {hero.sir}!\" {other.cried} {other} {sweetly}. \"[What "
                + "fine colours|What noble eyes|What a figure|How you shine in this light|How grand you look]! You "
                + "[shine|gleam|glitter] like {oddment}!\"",
            "\"[O|My dear|Lovely|Noble] {hero.name},\" {spoke} {other} {sweetly}, \"[they speak of you|I have heard of "
                + "you|you are famous|poets dream of you] [in the city|at court|beyond the sea|wherever I go]. [Even|Only "
                + "yesterday] {someone} [praised|wept for|asked after|drank to] you.\"")
        .Rule("flatterySwell",
            "{Hero} [swelled|glowed|trembled|blushed] with [pride|joy|pleasure], but [kept|held] {hero.his} mouth "
                + "[shut|closed].",
            "{Hero} [sat up straighter|tilted {hero.his} head|made {hero.himself} tall|nodded as if at old news] and [said "
                + "nothing|held on|waited for more].")
        .Rule("flatteryMore",
            "\"[If only|How I wish|I would give my ears if] [I might hear you sing|I could hear your voice|you would sing one "
                + "note],\" {other.he} went on, \"[for surely|since] [it is|it must be] [sweeter than a flute|the finest of "
                + "all|like silver bells|fit for a king|softer than {oddment}].\"",
            "\"But [can you sing|what of your voice|is it true that you sing],\" {other.he} [asked|went on|sighed], \"as [the "
                + "nightingale|angels|the old masters] did, or [is that only talk|have your rivals told the truth|shall I ask "
                + "{someone} instead]?\"")
        .Rule("flatteryDrop",
            "[At this|At that|Then], the [foolish|silly|poor|delighted] {hero.species} [opened {hero.his} mouth|took a deep "
                + "breath|stretched {hero.his} neck] and {hero.cried} [with all {hero.his} might|a long, harsh note|until the "
                + "windows shook|as loud as a trumpet], and down [fell|dropped|tumbled] {morsel.the}.",
            "{Hero} could [bear it|resist|wait] no longer. Out came [a song|one awful note|half a verse|a dreadful noise], "
                + "and out fell {morsel.the}[ too| as well|].")
        .Rule("flatteryAway",
            "{Other} [caught it|snapped it up|had it] [in the air|at once|before it touched the ground|in a wink] and "
                + "{other.went} [off|away] {place.about}.",
            "In a [flash|moment|twinkling] {other} had [swallowed it|gobbled it up|picked it up and eaten it|run off with it].")
        .Rule("flatteryLast",
            "\"[Thank you|Many thanks|You have a voice, my friend|A fine song],\" {other.he} [laughed|called "
                + "back|{other.cried}], \"[but no brains|but your wits are asleep|and I have my supper|and this is for the "
                + "lesson|but I came for the meal].\"",
            "{Hero} [looked after {other.him}|sat there] [sadly|in great shame|with a long face|miserably|until dark], "
                + "[hungry|wiser|hoarse] and [all alone|much ashamed|without an audience].")
        .Rule("flatteryMoral",
            "those who praise you loudest may want [your supper|something].",
            "never trust a flatterer.",
            "sweet words [are often|may be] a net.",
            "[flattery|praise] is a coin that buys [fools|suppers].",
            "a closed mouth keeps [its cheese|what it has].",
            "he who sings for praise goes hungry to bed.");
}
