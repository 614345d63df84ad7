using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>A thief steals a store of food and is betrayed by the traces of it.</summary>
internal static class Theft
{
    /// <summary>Adds the plot as rule <c>theft</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("theft",
            "{theftTitle}\n{theftOpen} {Hero.he} {belongings}. {theftStore}\n{theftThief} {theftNight}\n{theftLoss} {theftAsk} "
                + "{passerBy} {theftLie}\n"
            + "{theftTrace} {theftEnd}{ending}\n{theMoral} {theftMoral}\n\n")
        .Rule("theftTitle",
            "The {Other=thief.species} Who Stole from the {Hero=owner.species}",
            "The Thieving {Other=thief.species} and the {Hero=owner.species}",
            "The {Hero=owner.species} Who Was Robbed by the {Other=thief.species}",
            "The {Hero=owner.species}, the {Other=thief.species} and the Empty Larder")
        .Rule("theftOpen",
            "{A} {thrifty} {hero.species} {named} {hero=hero.names.name}{surname} lived {place=place.where}.",
            "{When}, {place=place.where}, {a} {thrifty} {hero.species} {named} {hero=hero.names.name}{surname} kept {a} "
                + "[neat|snug|warm|well-swept] [house|larder|kitchen].",
            "{When} there was {a} {thrifty} {hero.species}, {hero=hero.names.name}{surname}, who [worked|toiled|saved] [all "
                + "year|from dawn to dusk|without complaint] {place=place.where}.")
        .Rule("theftStore",
            "In the [larder|cupboard|cellar|loft] {hero.he} [kept|had hidden|was saving|guarded] {a} {store=store.name} for "
                + "[the winter|a feast|hard times|{hero.his} old age|{hero.his} cousin's wedding].",
            "What {hero.he} [loved|prized|treasured] most was {a} {store=store.name}, and {hero.he} "
                + "[counted|dusted|looked at|sniffed] "
                + "it [every evening|before bed|three times a day|with love].",
            "{Hero.his} [pride|treasure|comfort] was {a} {store=store.name}, [earned|gathered|bought] with [honest work|many "
                + "weary days|a whole summer's labour].")
        .Rule("theftThief",
            "Now {a} {hungry} {other.species} {named} {other=other.names.name}{surname} [lived|lodged|idled|lay about] [next "
                + "door|close by|across the way|in the ruins|behind the {worn} hedge].",
            "But {other=other.names.name}{surname}, {a} {hungry} {other.species}, had [smelled|seen|heard of|dreamed about] "
                + "it [from the road|through the keyhole|for weeks|at the {worn} market].",
            "{OneDay} {a} {hungry} {other.species} {named} {other=other.names.name}{surname} [passed by|looked in at the "
                + "{worn} window|came to borrow {oddment}|came to sell {oddment}|asked the way].")
        .Rule("theftNight",
            "[That night|One night|At midnight|When the moon was down], while {hero} [slept|was out visiting|snored|sat with "
                + "a sick friend], {other} {other.went} in [through the {worn} window|by the back door|on tiptoe|down the "
                + "{worn} chimney] and [carried off|ate up|dragged away|made away with] {store.the}.",
            "{Other.he} [waited|hid|watched] until {hero} was [asleep|at the well|gone to town|busy], [then|and] {other.went} "
                + "in and [took|stole|emptied|swallowed] {store.the} [to the last crumb|without shame|in three bites|and even "
                + "the lid].")
        .Rule("theftLoss",
            "In the [morning|grey light|early dawn] {hero} [found|saw|stared at] the [empty|bare|dusty] shelf and [wept|sat "
                + "down on the floor|{hero.cried} aloud|turned pale].",
            "\"[My {hero.home} has been robbed|Gone|Thieves|Who has been here|All my work, gone]!\" {hero.cried} {hero} "
                + "{sadly}, [and ran outside|wringing {hero.his} hands|and woke the neighbours].")
        .Rule("theftAsk",
            "{Hero.he} [asked|questioned|called on] [the neighbours|everyone|all who lived near], and at last {hero.he} came "
                + "to {other}.",
            "{A} {wise} {third=judge.species} [offered to help|came with a lantern|called the neighbours together], and one "
                + "by one they were [asked|questioned], until the turn came to {other}.")
        .Rule("theftLie",
            "\"[I was asleep|I never touch such food|I was at my aunt's|I have a toothache|I was with {someone}|I saw "
                + "nothing|How shocking],\" {said} {other} {sweetly}, [licking {other.his} lips|hiding {oddment}|looking at "
                + "the ceiling|with one eye shut|and hiccupped].",
            "\"[What a pity|How dreadful|Poor friend|Such times we live in],\" {said} {other} {sweetly}. \"[It must have been "
                + "{someone}|I saw {someone} near the {worn} door|Ask {someone}|Ask the moon|Some stranger did it|No doubt it "
                + "walked away by itself].\"")
        .Rule("theftTrace",
            "But [a trail of crumbs|a line of muddy prints|a sticky smear|a thin track of scraps] [led|ran] from the "
                + "[empty|bare] shelf [straight|all the way] to {other.his} {other.home}.",
            "But {other.his} [whiskers were sticky|belly was as round as a drum|breath smelled of it|chin was full of "
                + "crumbs], and [everyone|the smallest child|even the cows] could [see it|guess the rest|smell it].",
            "But just then {other} [hiccupped|yawned|sneezed], and out [fell|flew|rolled] [a crumb|a scrap|a piece] of "
                + "{store.the}.")
        .Rule("theftEnd",
            "{Other} {hungWay}, and had to [work|dig|carry water|sweep] for {hero} [until it was paid|all that year|for "
                + "ninety days|till the debt was gone].",
            "\"[Forgive me|I was hungry|I meant to ask|It was only a taste],\" {other.he} {other.cried} {sadly}. \"[Had you "
                + "asked|If you had knocked|One word], [I would have shared it|you should have had half|I would have laid a "
                + "place for you],\" {said} {hero}.",
            "From then on [nobody|not a soul] {place.at} [trusted|believed|greeted|lent a spoon to] {other}, [even when "
                + "{other.he} spoke the truth|not even on feast days|whatever {other.he} swore].")
        .Rule("theftMoral",
            "a thief is known by his crumbs.",
            "stolen [bread|honey|food] leaves a [bitter|long] trail.",
            "what is taken in the dark comes out by day.",
            "ask, and you may eat in peace; steal, and [you will not|every crumb will speak].",
            "one who steals a meal pays for [two|it twice].");
}
