using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>A boaster calls a hunter's eye upon itself; the humble animal that warned it stays safe.</summary>
internal static class Boast
{
    /// <summary>Adds the plot as rule <c>boast</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("boast",
            "{boastTitle}\n{boastOpen} {Other.he} {belongings}. {boastPride} {boastNeighbour}\n{boastSay} {boastWarn} "
                + "{boastScorn}\n"
            + "{boastHunter} {boastGrip} {boastSaved}\n{boastAfter}{ending}\n{theMoral} {boastMoral}\n\n")
        .Rule("boastTitle",
            "The Boastful {Other=boaster.species} and the {Hero=humble.species}",
            "The {Other=boaster.species} Who Scorned the {Hero=humble.species}",
            "What the {Hero=humble.species} Told the {Other=boaster.species}",
            "The {Hero=humble.species} and the Loud {Other=boaster.species}")
        .Rule("boastOpen",
            "{When} {a} {proud} {other.species} {named} {other=other.names.name}{surname} lived {place=place.where}.",
            "{Place=place.where} there lived {when} {a} {proud} {other.species} {named} {other=other.names.name}{surname}.",
            "Nobody {place=place.where} was so [vain|loud|full of airs] as {other=other.names.name}{surname} the "
                + "{other.species}.")
        .Rule("boastPride",
            "Every [morning|evening|Sunday] {other.he} {other.went} to the [highest|sunniest|most public] [rock|wall|stump] "
                + "and [praised|admired|sang of] {other.his} own [beauty|strength|courage|shadow|noble birth].",
            "{Other.he} [wore|was never seen without] a crown of [daisies|ivy|gilded straw|oak leaves|buttercups] and "
                + "[wished|asked|longed|loved] to be called [king of all|the Great|your highness|lord of the land].",
            "{Other.he} [talked of|thought of|loved] [nothing|no one] but {other.himself}, [at breakfast, noon and night|and "
                + "showed everyone {oddment}|until the cows walked away].")
        .Rule("boastNeighbour",
            "Near by, in [a quiet corner|the shade|a humble way], lived {a} {kind} {hero.species} {named} "
                + "{hero=hero.names.name}{surname}.",
            "{Other.his} neighbour was {hero=hero.names.name}{surname}, {a} {kind} {hero.species} [of few words|who minded "
                + "{hero.his} own business|who liked to listen|who grew beans].")
        .Rule("boastSay",
            "{OneDay} {other} {other.cried} {loudly}, \"[Look at me|Behold|Hear me, all of you]! [Who is as fine as I|I fear "
                + "no one|No hunter would dare touch me|The sun itself is jealous|I could beat ten lions]! [Beside me|Next to "
                + "me], {a} {mood} {guest=anyone.species} is [only|nothing but|no more than] {oddment}!\"",
            "\"[Am I not|Tell me, am I not|Is it not plain that I am] the [bravest|finest|greatest|handsomest] creature "
                + "[under the sun|in the world|that ever lived]? [Is not|Was not] {someone} [dazzled|struck dumb|made sick "
                + "with envy]?\" {other.he} {other.cried} {loudly}[ from the top of {a} {worn} haystack| at noon| one "
                + "evening|].")
        .Rule("boastWarn",
            "\"[Not so loud|Hush|Softly, neighbour|Come down],\" {said} {hero} {calmly}. \"[There is a hunter about|The hedge "
                + "has ears|Sharp eyes may be watching|Danger hears as well as friends do].\"",
            "{Hero} [looked up|shook {hero.his} head|coughed] and {said} {calmly}, \"[I would whisper that|He who shouts is "
                + "soon found|A quiet corner is safer|I saw a shadow in the grass].\"")
        .Rule("boastScorn",
            "\"[Coward|Nonsense|Dull thing|What do you know],\" {said} {other}, \"[go back to your {hero.home}|small folk "
                + "have small hearts|I was not born to whisper|let them all come]! You are {someone}!\"",
            "But {other} only [laughed|sneered|yawned|shouted louder] and [began again|climbed higher|sang a second "
                + "verse|spread {other.himself} in the sun].")
        .Rule("boastHunter",
            "Now {a} {hungry} {third=hunter.species} [had heard every word|was hiding in the {worn} ferns|lay behind {a} "
                + "{worn} log|passed that way], and [crept nearer|licked its lips|followed the sound|pricked up its ears].",
            "All that [noise|shouting|singing] [woke|drew|brought] {a} {hungry} {third=hunter.species} from [its bed|across "
                + "the {worn} fields|the dark of the {worn} trees].")
        .Rule("boastGrip",
            "[Suddenly|In a flash|Before {other.he} could blink] the {third.species} [sprang|pounced|leapt] and "
                + "[seized|caught|had] {other} by the [neck|tail|leg].",
            "[One leap|One bound|A rush and a snap], and {other} [hung|lay|wriggled] in the jaws of the {third.species}, [and "
                + "was silent at last|with no boast left|calling for help].")
        .Rule("boastSaved",
            "{Hero}, [safe|hidden|unseen] in {hero.his} {hero.home}, {hero.cried} [\"The hounds, the hounds\"|\"Fire\"|like a "
                + "whole pack of dogs|with all {hero.his} might], and the {third.species} [took fright|dropped "
                + "{other.him}|let go] and [fled|ran|vanished].",
            "[Luckily|By good luck] {hero} [threw|had thrown] [{oddment}|a pot of pepper|a handful of sand|a rotten egg|a "
                + "wasps' nest] from {hero.his} {hero.home}, and the {third.species} let go[ with a howl|, sneezing|].")
        .Rule("boastAfter",
            "{Other} {hungWay}, [without a scrap of pride left|scratched and muddy|and had bad dreams for a month|and learned "
                + "to whisper].",
            "\"[You were right|I have been a fool|I owe you my skin],\" {spoke} {other} {sadly}. \"[Come in and have some "
                + "soup|Never mind|Sit down and be quiet with me|We all shout sometimes],\" {said} {hero}.",
            "After that {other} [spoke softly|was a better neighbour|praised only {hero}|took off {other.his} hat to the "
                + "small], and [slept well|nobody minded|lived much longer].")
        .Rule("boastMoral",
            "pride [comes|goes] before a fall.",
            "the loudest voice is the easiest to find.",
            "boasting [wakes|feeds] the wolf.",
            "a quiet life is a long one.",
            "those who [climb|shine] to be seen are seen by [their enemies too|all].");
}
