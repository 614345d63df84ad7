using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>An idler has nothing when the snow comes; the worker refuses, and the moral is of work, or shares, and the moral
/// is of kindness.</summary>
internal static class Winter
{
    /// <summary>Adds the plot as rule <c>winter</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("winter",
            "{winterTitle}\n{winterOpen} {Other.he} {belongings}. {winterWorker}\n{winterInvite} {winterAnswer}\n{winterSnow} "
                + "{winterKnock} {winterAsk}\n{passerBy} [{winterShare}|{winterRefuse}]\n\n")
        .Rule("winterTitle",
            "The {Hero=worker.species} and the {Other=idler.species}",
            "The {Other=idler.species} at the Door of the {Hero=worker.species}",
            "The {Hero=worker.species}, the {Other=idler.species} and the Long Winter",
            "The Singing {Other=idler.species} and the Wise {Hero=worker.species}")
        .Rule("winterOpen",
            "All summer long {a} {idle} {other.species} {named} {other=other.names.name}{surname} "
                + "[sang|danced|fiddled|played|lay in the sun] {place=place.where}.",
            "{When}, {place=place.where}, {a} {idle} {other.species} {named} {other=other.names.name}{surname} spent the "
                + "whole summer [singing|dancing|dozing|playing the fiddle|making up songs].",
            "In the warm months {other=other.names.name}{surname}, {a} {idle} {other.species}, did nothing but "
                + "[sing|dance|sleep|bathe|tell jokes] {place=place.where}.")
        .Rule("winterWorker",
            "{Other.his} neighbour, {a} {thrifty} {hero.species} {named} {hero=hero.names.name}{surname}, [gathered|carried "
                + "home|laid up|stored] [seeds|nuts|corn|crumbs|dried berries] [from dawn to dusk|day after day|without a "
                + "rest|in {hero.his} {hero.home}].",
            "But {hero=hero.names.name}{surname}, {a} {thrifty} {hero.species}, [worked|toiled|hurried to and fro] [every "
                + "day|in the heat|until dark], and filled {hero.his} {hero.home} with [seeds|corn|nuts|good things|dry peas].")
        .Rule("winterInvite",
            "\"[Why do you work so hard?|Come and dance!|Sit down and rest!|Leave that load!|What is the hurry?]\" "
                + "{other.cried} {other} {loudly}. \"[The sun is shining|Life is short|Summer will last for ever|There is "
                + "food everywhere|I mean to dance with {someone}]!\"",
            "{Other} [laughed|waved|winked] to see {hero} go by under [a heavy load|{a} {worn} sack|a great bundle]. \"[Poor "
                + "thing|You plod like {someone}|What a dull life|You will wear out your feet|Tomorrow is soon enough]!\" "
                + "{other.he} {other.cried}.")
        .Rule("winterAnswer",
            "\"[Winter is coming|The snow will come|I am thinking of the cold days|Summer ends],\" {said} {hero} {calmly}, "
                + "\"and [you should do the same|no one can eat a song|songs make thin soup|the ground will be bare].\"",
            "{Hero} [wiped {hero.his} brow|did not stop|shook {hero.his} head]. \"[A full shelf is a warm bed|I shall sing in "
                + "January|Cold days have long teeth|Now is the time],\" {hero.he} {hero.cried}, and {hero.went} on.")
        .Rule("winterSnow",
            "[Then|At last|Soon|All too soon] the [leaves fell|days grew short|north wind came|geese flew away], and "
                + "[snow|deep snow|ice] [covered|hid|buried] [the {worn} fields|the paths|every seed and berry|the whole "
                + "land].",
            "One night the [frost|snow|north wind] came to {place.the}, and by morning [there was nothing to eat|the whole "
                + "world was white|not a leaf was left|even the stream was still].")
        .Rule("winterKnock",
            "{Other}, [cold|shivering|hungry|blue with cold|thin as a straw] and [alone|wet|very sorry|out of songs], "
                + "{other.went} to the [door|house|window] of {hero} and [knocked|tapped|knocked three times|called softly].",
            "For [two|three|nine] days {other} [ate nothing|chewed bark|lived on snow|slept in a hollow log]. Then {other.he} "
                + "{other.went} through the [drifts|wind|dark] and [knocked|tapped] at the {worn} door of {hero}.")
        .Rule("winterAsk",
            "\"[Please|Dear neighbour|Good {hero.name}|Have pity],\" {other.he} {other.cried} {sadly}, \"[give me a "
                + "crumb|lend me a little corn|let me in|I am starving|take {oddment} for a crust|I have nothing left].\" "
                + "\"[And what did you do|How did you spend|Where were you] all summer?\" asked {hero}. \"I "
                + "[sang|danced|dreamed|slept] with {someone}.\"")
        .Rule("winterShare",
            "{Hero} [looked at {other.him}|sighed|thought of the songs|heard the wind howl]. \"[Come in|Come in and sit "
                + "down|Wipe your feet and come in|There is room],\" {hero.he} {said} {calmly}. \"[You shall sing for your "
                + "supper|Songs are worth something too|Next year you will help me|I would not eat well alone].\" "
            + "[So|And so] they [shared|divided|ate] [all there was|the winter's store|soup and bread], and {other} [sang of "
            + "{someone}|sang by the fire|told tales until spring|swept the floor and sang|worked twice as hard next "
            + "summer].\n{theMoral} "
            + "[a shared crust is never too small.|kindness keeps out the cold.|the warmest house has an open door.|what we "
            + "share feeds us twice.|there is room for songs where there is bread.]",
            "\"[Wait|Stop],\" {hero.he} {hero.cried}, as {other} turned [to go|away], \"[half of little is still something|I "
                + "liked your songs as I worked|nobody should starve {place.at}|my {hero.home} is warm].\" "
            + "{Other} [wept for joy|could not speak|kissed {hero.his} hand], and [all winter|until the thaw] there was "
            + "[music|laughter|dancing] in the {hero.home} of {hero}.\n{theMoral} "
            + "[a kind heart makes a small store large.|work feeds the house and music warms it.|give in winter and you will "
            + "be loved in spring.]")
        .Rule("winterRefuse",
            "\"[Then|Well, then|In that case] [sing|dance|dream|play] now,\" {said} {hero}, and [shut the {worn} door|closed "
                + "the {worn} window|drew the bolt|went back to the fire]. {Other} {other.went} [off|away], "
                + "[hungry|cold] and [much "
                + "wiser|full of good plans|without a song].\n{theMoral} "
            + "[save in summer for the winter.|those who will not work in the sun must shiver in the snow.|think of the cold "
            + "while the days are warm.|today's song is not tomorrow's bread.|make hay while the sun shines.]",
            "{Hero} [shook {hero.his} head|frowned|counted {hero.his} nuts]. \"[I have only enough for my own|My children must "
                + "eat|I warned you twice|Ask the summer to feed you],\" {hero.he} {said}, and {other} {other.went} [off|away] "
                + "through the [white fields|snow|storm].\n{theMoral} "
            + "[prepare today for tomorrow.|an idle summer makes a long winter.|an empty shelf hears no excuses.]");
}
