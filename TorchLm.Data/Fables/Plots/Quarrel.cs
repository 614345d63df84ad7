using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Plots;

/// <summary>Two animals quarrel over what they have found, and the third, whom they ask to judge, takes it.</summary>
internal static class Quarrel
{
    /// <summary>Adds the plot as rule <c>quarrel</c>.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .Rule("quarrel",
            "{quarrelTitle}\n{quarrelOpen} {quarrelFind}\n{quarrelMine} {quarrelYours} {quarrelFight} "
                + "{passerBy}\n{quarrelJudge} {quarrelAsk}\n"
            + "{quarrelTake} {quarrelLeft}{ending}\n{theMoral} {quarrelMoral}\n\n")
        .Rule("quarrelTitle",
            "The {Hero=finder.species}, the {Other=finder.species} and the {Third=schemer.species}",
            "The {Third=schemer.species} Between the {Hero=finder.species} and the {Other=finder.species}",
            "How the {Third=schemer.species} Judged the {Hero=finder.species} and the {Other=finder.species}",
            "The {Hero=finder.species} and the {Other=finder.species} Who Trusted the {Third=schemer.species}")
        .Rule("quarrelOpen",
            "{OneDay} {quarrelPair} were walking {place=place.where}.",
            "{When}, {place=place.where}, {quarrelPair} lived as [good neighbours|friends|quietly as could be].",
            "{When} {quarrelPair} [set out together|went fishing|went looking for mushrooms] {place=place.where}.")
        .Rule("quarrelPair",
            "{a} {quarrelHero} {named} {hero=hero.names.name}{surname} and {a} {quarrelOther} {named} "
                + "{other=other.names.name}{surname}",
            "{a} {quarrelHero}, {hero=hero.names.name}{surname}, and {a} {quarrelOther}, {other=other.names.name}{surname},")
        .Rule("quarrelHero", "{quarrelsome} {hero.species}")
        .Rule("quarrelOther", "{quarrelsome} {other.species}")
        .Rule("quarrelsome", "stubborn", "greedy", "lazy", "hot-tempered", "proud", "hungry", "jolly", "noisy", "stout",
            "grumpy", "merry",
            "restless", "handsome", "jealous", "fierce", "stingy", "dreamy", "bold", "ragged", "touchy")
        .Rule("quarrelFind",
            "In the [grass|middle of the {worn} path|ditch|shallow water|shade of {a} {worn} wall] lay {a} {find=find.name}, "
                + "and [both saw it at once|both reached for it|each took hold of one end].",
            "There they [found|saw|stumbled over] {a} {find=find.name}, [lost by some traveller|shining in the sun|with "
                + "nobody near|as if dropped from the moon].")
        .Rule("quarrelMine",
            "\"[It is mine|Mine|Hands off|That belongs to me],\" {hero.cried} {hero} {loudly}, \"[I saw it first|I was in "
                + "front|I dreamed of it last night|my eyes are sharper|I would not give it for {oddment} and {oddment}]!\"",
            "\"[What luck for me|At last my ship comes in|Thank you for standing aside],\" {hero.cried} {hero}, and [sat down "
                + "on|put a foot on|hugged] {find.the}.")
        .Rule("quarrelYours",
            "\"[Never|Not at all|Thief|You dream],\" {other.cried} {other} {loudly}, \"[I touched it first|I smelled it long "
                + "before|I need it more|it was I who chose this road|I promised it to {someone}]!\"",
            "{Other} [stamped|turned red|would not hear of it]. \"[You could not see a barn|Let go|You had the last one|Half "
                + "is not enough], you {mood} {guest=anyone.species}!\" {other.he} {other.cried}.")
        .Rule("quarrelFight",
            "They [pulled|shouted|argued|glared|wrestled] until [noon|they were hoarse|the stars came out|both were muddy], "
                + "and [neither|not one of them] would [give way|share|let go].",
            "[They never thought of halves|Nobody thought of sharing|Old friendship was forgotten], and the "
                + "[noise|quarrel|din] [grew|went on] [from bad to worse|all afternoon|until the crows complained].")
        .Rule("quarrelJudge",
            "Just then there [came by|passed|appeared] {a} {sly} {third.species} {named} {third=third.names.name}{surname}.",
            "{Third=third.names.name}{surname}, {a} {sly} {third.species}, had been [listening|watching|waiting] [behind a "
                + "tree|from {a} {worn} branch|with great interest].")
        .Rule("quarrelAsk",
            "\"[Let me help you|Friends, do not fight|I studied law|Shall I be judge],\" {spoke} {third} {sweetly}. \"[I "
                + "shall divide it fairly|Only give it here a moment|The law is quite clear|Each of you stand by that far "
                + "tree|First let me weigh it].\"",
            "\"[You are wise|Judge between us|Tell us who is right],\" they [begged|cried|both said]. \"[Gladly|With "
                + "pleasure|Nothing easier],\" {said} {third} {sweetly}, and [took|picked up|weighed] {find.the}.")
        .Rule("quarrelTake",
            "\"[One of you saw it|Both of you are right|Neither can prove it], so [I keep it for my trouble|it belongs to the "
                + "court|the judge's fee is the whole],\" {third.he} {third.cried}, and {third.went} [off|away] with "
                + "{find.the}.",
            "While they [stood|ran|waited] with their eyes shut, [counting to a hundred|as {third.he} had ordered], {third} "
                + "{third.went} [off|away] {place.about} with {find.the}, [laughing|whistling|never to return].",
            "{Third.he} [turned it this way and that|bowed to the left and to the right|cleared {third.his} throat], [praised "
                + "them both|said a word in Latin|pointed at {a} {worn} cloud], and was [gone|over the hill] with {find.the}.")
        .Rule("quarrelLeft",
            "{Hero} looked at {other}, and {other} looked at {hero}, and [both|they both] [began to laugh|hung their "
                + "heads|had nothing|sat down in the mud].",
            "\"[Half would have been plenty|I would have given you {oddment} for it|We might have shared|There goes our "
                + "luck|What fools we are],\" {spoke} {hero} {sadly}. \"[Next time we share|It was your fault|Let us go "
                + "home|And I was so hungry],\" {said} {other}.")
        .Rule("quarrelMoral",
            "when two quarrel, a third [wins|goes home happy].",
            "half of something is better than all of nothing.",
            "[share|divide] in peace or lose in anger.",
            "beware of a judge who [smiles|is hungry].",
            "a quarrel feeds only [strangers|the clever].");
}
