using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>A slow animal wins a race because the quick one is too sure of it.</summary>
internal static class Race
{
    /// <summary>Adds the plot as rule <c>race</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("race",
            "{raceTitle}\n{raceOpen} {raceBoast}\n{raceMeet} {raceTaunt} {raceChallenge} {passerBy}{raceJudge}\n"
            + "{raceStart} {raceRest} {racePlod}\n{raceEnd} {raceShame}{ending}\n{theMoral} {raceMoral}\n\n")
        .Rule("raceTitle",
            "The {Hero=slow.species} and the {Other=quick.species}",
            "The Race of the {Hero=slow.species} and the {Other=quick.species}",
            "How the {Hero=slow.species} Beat the {Other=quick.species}",
            "The {Other=quick.species} Who Lost to the {Hero=slow.species}")
        .Rule("raceOpen",
            "{When}, {place=place.where}, there lived {a} {proud} {other.species} {named} {other=other.names.name}{surname}.",
            "{A} {proud} {other.species} {named} {other=other.names.name}{surname} lived {place=place.where}.",
            "{When} {a} {proud} {other.species} {named} {other=other.names.name}{surname} had {other.his} {other.home} "
                + "{place=place.where}.",
            "There was {when} {a} {proud}, [long-legged|fleet|light-footed|restless] {other.species}, "
                + "{other=other.names.name}{surname}, {place=place.where}.")
        .Rule("raceBoast",
            "{Other.he} [boasted|bragged|crowed|sang|told the world] [all day|from morning to night|at every door|over "
                + "breakfast|in {other.his} sleep] that "
            + "[nobody|no creature|no one alive|not even the wind] [could|would ever] [outrun|catch|beat|keep up with] "
            + "{other.him}.",
            "\"[Nobody|Nothing|No creature] {place.at} is as [fast|swift|quick] as [I am|I]!\" {other.he} {other.cried} "
                + "{loudly}, [day and night|twice a day|to every passer-by].",
            "So [quick|swift|fast] was {other.he} that {other.he} [laughed|sneered|yawned] at [anyone|everybody] who "
                + "[walked|took {other.his} time|went slowly|was out of breath].")
        .Rule("raceMeet",
            "{OneDay} {other.he} [met|overtook|ran into|nearly tripped over] {a} {slow} {hero.species} {named} "
                + "{hero=hero.names.name}{surname}.",
            "{OneDay} {other.he} came upon {hero=hero.names.name}{surname}, {a} {slow} {hero.species}, who was [carrying "
                + "{oddment}|going to market|carrying firewood|on {hero.his} way home|picking herbs|looking at the clouds].",
            "{OneDay} {hero=hero.names.name}{surname}, {a} {slow} {hero.species}, [crossed|blocked] {other.his} [path|way].")
        .Rule("raceTaunt",
            "\"[How slow you are!|What a pace!|Have you grown roots?|You will be late for your own birthday!|My grandmother's "
                + "chair is faster!|Are you walking or standing still?] You [walk|run|move|trot] like {someone}!\" "
                + "{other.cried} {other} {loudly}.",
            "{Other} [laughed|roared with laughter|grinned|snorted]. \"[Do you ever get anywhere|Does moss grow on you|Shall "
                + "I send you {a} {worn} cart|Did you start out last year]? {A} {mood} {guest=anyone.species} "
                + "[overtook|passed|would beat] you!\"")
        .Rule("raceChallenge",
            "\"[Laugh if you like|That may be|Perhaps|Well, well|As you please],\" {said} {hero} {calmly}, \"but [I will race "
                + "you|let us race|I could beat you|we can run a race] to {goal=goal.the}.\"",
            "{Hero} [blinked|smiled|thought it over|put down {hero.his} bundle]. \"[Race me|Run against me|Try me in a "
                + "race|Meet me tomorrow and run] to {goal=goal.the}, [then|and we shall see|if you dare|friend],\" {hero.he} "
                + "{hero.cried}.")
        .Rule("raceJudge",
            " {A} {wise} {third=judge.species} [agreed to be judge|gave the signal|drew a line in the dust|counted to "
                + "three|waved a leaf].",
            "",
            " [They asked|They sent for] {a} {wise} {third=judge.species} to [be the judge|see that all was fair|give the "
                + "signal], and [half the animals came|the whole neighbourhood came|everyone came] to watch.")
        .Rule("raceStart",
            "{Other} [shot|sped|dashed|flew|was] [away|off] like [an arrow|the wind|a spark|lightning|a thrown stone], and "
                + "{hero} was [soon|quickly] [far behind|out of sight|only a speck|alone on the road].",
            "Off went {other}, [swift as an arrow|faster than rain|in a cloud of dust|without a glance behind], "
                + "while {hero} [set out|started|began] [slowly|with one small step|at {hero.his} usual pace|as if going to "
                + "church].")
        .Rule("raceRest",
            "{HalfWay} {other} [grew|was|felt] so [sure of winning|sure of {other.himself}|bored|warm] that {other.he} [lay "
                + "down|stretched out|stopped] [under {a} {worn} bush|in the shade|by the road|beside {a} {worn} brook] and "
                + "[fell fast asleep|took a nap|began to dream|closed {other.his} eyes].",
            "{HalfWay} {other} [stopped|paused] to [admire {other.himself} in a puddle|eat some clover|chat with "
                + "friends|stare at {oddment}|talk to {someone}|practise {other.his} victory speech], and [quite forgot|clean "
                + "forgot|no longer thought of] the [race|time].")
        .Rule("halfWay", "half way there,", "before long,", "at the first bend,", "within sight of {goal.there},",
            "after a mile,", "but soon")
        .Rule("racePlod",
            "{Hero} [did not stop|never rested|kept on|went on], [step by step|without a word|inch by inch|humming softly], "
                + "past [the {worn} hedge|the {worn} ditch|the {worn} bramble|the {worn} haystack] and past [the sleeper|the "
                + "{worn} fence|the {worn} milestone|the duck pond].",
            "But {hero} {hero.went} on through {season.path}, [never fast|quite alone|breathing hard|thinking of "
                + "{oddment}|thinking of supper], and [never once|not once|at no time] [stopped|looked back|sat down].")
        .Rule("raceEnd",
            "When {other} [woke|looked up|remembered|came to {other.his} senses], {hero} was [already|just] [touching|leaning "
                + "against|sitting by|waving from] {goal.there}.",
            "Too late {other} [jumped up|started|came running]: {hero} [had reached|stood beside|was resting at] "
                + "{goal.there}[, eating an apple| with a daisy behind {hero.his} ear|].",
            "By the time {other} [arrived|got there|came panting up], {hero} had [been|sat] at {goal.there} [for an hour|so "
                + "long that {hero.he} was bored|since noon|long enough to make tea].")
        .Rule("raceShame",
            "[Everyone|The crowd|All the birds|The whole country] [cheered|clapped|sang], and {other} {hungWay}.",
            "\"[But I am faster|I only shut my eyes|I was far ahead|My legs are longer]!\" {other.cried} {other} "
                + "{sadly}. \"[No doubt|"
                + "That may be|Maybe so],\" {said} {hero}, \"[but I am here|but I kept going|and mine did not stop].\"")
        .Rule("raceMoral",
            "slow and steady wins the race.",
            "the race is not [always|only] to the swift.",
            "a sure step is better than a proud leap.",
            "who sleeps on the road [arrives late|wakes up second].",
            "speed is worth little without [patience|an end in sight].",
            "do not count the race won before [it is run|the last step].");
}
