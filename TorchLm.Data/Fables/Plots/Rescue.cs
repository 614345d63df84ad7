using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>A mighty animal spares a tiny one, which later frees it.</summary>
internal static class Rescue
{
    /// <summary>Adds the plot as rule <c>rescue</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("rescue",
            "{rescueTitle}\n{rescueOpen} {Other.he} {belongings}. {rescueCaught}\n{rescueBeg} {rescueLaugh} {rescueSpare} "
                + "{passerBy}\n{rescueTrap} {rescueHear}\n"
            + "{rescueFree} {rescueThanks}{ending}\n{theMoral} {rescueMoral}\n\n")
        .Rule("rescueTitle",
            "The {Other=mighty.species} and the {Hero=tiny.species}",
            "The {Hero=tiny.species} Who Saved the {Other=mighty.species}",
            "How the {Hero=tiny.species} Paid a Debt to the {Other=mighty.species}",
            "The Grateful {Hero=tiny.species} and the {Other=mighty.species}")
        .Rule("rescueOpen",
            "{OneDay} {a} {strong} {other.species} {named} {other=other.names.name}{surname} lay "
                + "[asleep|dozing|resting|snoring] {place=place.where}.",
            "{When} {a} {strong} {other.species} {named} {other=other.names.name}{surname} ruled {place=place.where}, and "
                + "[all feared {other.him}|none dared come near|even the wind went round {other.him}].",
            "{A} {strong} {other.species}, {other=other.names.name}{surname}, had {other.his} {other.home} "
                + "{place=place.where}.")
        .Rule("rescueCaught",
            "{A} {small} {hero.species} {named} {hero=hero.names.name}{surname} [ran|wandered|blundered|strayed] [over|right "
                + "under] {other.his} nose[ by mistake| in the dark| while chasing {oddment}|, running from {someone}|], and "
                + "{other.he} [woke|started up] and caught {hero.him}.",
            "Along came {hero=hero.names.name}{surname}, {a} {small} {hero.species}, [singing|looking for {oddment}|lost in "
                + "thought|in a great hurry], and [fell|ran|bumped] straight into {other.him}.")
        .Rule("rescueBeg",
            "\"[Spare me|Let me go|Have mercy|Do not hurt me|Please], [great|good|noble] {other.king},\" {hero.cried} {hero}, "
                + "\"and [one day|some day|when you least expect it] I will [repay you|help you|return the kindness|do as "
                + "much for you|bring you {oddment}].\"",
            "\"[I am only a mouthful|I am all skin and bones|I have nine children|I did not see you],\" {hero.cried} {hero}. "
                + "\"[Let me live|Spare me], and I will [pay you back|stand by you|be your friend] [one day|some day|for "
                + "ever].\"")
        .Rule("rescueLaugh",
            "{Other} [laughed|smiled|chuckled|roared with laughter]. \"[You|A crumb like you|Something so small]? [Help "
                + "me|Repay me]? [With what|With {oddment}|How|And who will help the moon]?\"",
            "\"[What could you do for me|How could you ever help me|Are you {someone} in disguise]? You are no bigger than "
                + "{oddment}!\" {other.cried} {other} {loudly}.")
        .Rule("rescueSpare",
            "But {other.he} was [amused|not hungry|in a good mood|kinder than {other.he} looked], and [let {hero.him} "
                + "go|opened {other.his} grip|waved {hero.him} away|set {hero.him} down gently].",
            "Yet {other.he} [liked|admired] such [courage|spirit|manners], and [let {hero.him} go|sent {hero.him} home|said, "
                + "\"Run along\"].")
        .Rule("rescueTrap",
            "{Later}, {other} [walked into|fell into|was caught in|stumbled into] [a hunter's net|{a} {worn} net of strong "
                + "rope|a cunning snare|a trap of knotted cords], and [the more {other.he} pulled, the tighter it grew|could "
                + "move neither head nor foot|struggled in vain|{other.cried} for help].",
            "{Later}, hunters [caught|trapped|surprised] {other} in [{a} {worn} net|a rope snare|a net of hemp], [tied "
                + "{other.him} to a tree|bound {other.him} fast] and went to [fetch {a} {worn} cart|fetch their knives|drink "
                + "to their luck|call the others].")
        .Rule("rescueHear",
            "{Hero} [heard|knew|recognised] {other.his} voice [from far off|at once|a mile away] and {hero.went} to "
                + "{other.him} [as fast as {hero.he} could|without fear|through thorns and puddles].",
            "Far {place.about} the cry was heard. {Everyone} [hid|ran away|shook with fear|pretended to be deaf]; only {hero} "
                + "came.")
        .Rule("everyone", "everyone", "the other animals", "the great ones", "all the rest")
        .Rule("rescueFree",
            "\"[Hold still|Be still|Do not pull|Patience],\" {spoke} {hero} {calmly}, and [bit|picked|worked|gnawed] at [the "
                + "knots|the ropes|one thread after another] until [the {worn} net fell open|the last cord broke|{other} was "
                + "free|the {worn} net gave way].",
            "{Hero} [set to work|said nothing|rolled up {hero.his} sleeves], and [strand by strand|bit by bit|knot by "
                + "knot|hour by hour] the [net|rope] [came apart|was loosened|fell to the ground].")
        .Rule("rescueThanks",
            "\"[You laughed at me once|I keep my word|Now we are even|Small teeth are still teeth|Size is not everything],\" "
                + "{spoke} {hero}, and {other} [bowed low|wept for joy|carried {hero.him} home|never laughed at the small "
                + "again].",
            "{Other} [shook off the ropes|stretched {other.his} limbs|drew a long breath] and [said|{other.cried}], \"[I was "
                + "wrong|I gave you a minute and you gave me my life|You are the greater of us two].\"",
            "From that day {other} and {hero} were [the best of friends|never far apart|seen together everywhere|as close as "
                + "two peas], and [shared every meal|no one dared to smile at it|walked out together every evening].")
        .Rule("rescueMoral",
            "no act of kindness is ever wasted.",
            "[even the small|the smallest] can help the great.",
            "a friend may come in any size.",
            "mercy is a seed that [grows|bears fruit in need].",
            "[do not laugh|never laugh] at a small promise.");
}
