using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Words;

/// <summary>What animals eat, hoard, find and quarrel over: all singular, so that each is an "it".</summary>
internal static class Things
{
    /// <summary>Adds the lists of things.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .List("morsel",
            Thing("[piece|lump|slice|wedge] of cheese", "cheese"), Thing("[ripe|juicy|golden|yellow] pear", "pear"),
            Thing("[crust|slice|heel] of bread", "bread"), Thing("[fat|silver|fresh|smoked] herring", "herring"),
            Thing("[warm|round|sweet|raisin] bun", "bun"), Thing("[red|shiny|rosy|sweet] apple", "apple"),
            Thing("[dripping|golden|broken] honeycomb", "honeycomb"), Thing("[plump|long|spicy] sausage", "sausage"),
            Thing("[purple|fat|bursting] fig", "fig"), Thing("[buttery|broken|crisp] biscuit", "biscuit"),
            Thing("[small|hot|burnt] pancake", "pancake"), Thing("[sugared|salted|toasted] almond", "almond"))
        .List("store",
            Thing("[sack|bag|barrel] of [barley|oats|wheat|rye]",
            "grain"), Thing("[basket|bowl|heap] of [ripe|red|wild] berries", "fruit"),
            Thing("[pot|jar|crock] of [clover|wild|heather] honey",
            "honey"), Thing("[heap|hoard|chest] of [hazelnuts|walnuts|acorns]", "heap"),
            Thing("[string|row|rack] of [dried|smoked] fish",
            "fish"), Thing("[pile|crate|cartload] of [turnips|carrots|apples]", "pile"),
            Thing("[round|great|yellow] cheese", "cheese"), Thing("[plum|apple|blackberry] pie", "pie"),
            Thing("[tub|jug|churn] of [fresh|sweet|thick] cream",
            "cream"), Thing("[bundle|stack] of [dried|sweet] mushrooms", "bundle"))
        .List("find",
            Thing("[fat|fine|fresh] [trout|salmon|carp]", "fish"), Thing("[great|huge|yellow] [cheese|pumpkin|melon]", "prize"),
            Thing("[silver|golden|jewelled] [ring|spoon|cup|button]", "treasure"), Thing("[whole|warm|honey] cake", "cake"),
            Thing("[meaty|juicy|big] bone", "bone"), Thing("[woollen|red|fine] [blanket|cloak|scarf]", "cloth"),
            Thing("[coconut|walnut|chestnut] as big as [a drum|a bucket|a hat]",
            "nut"), Thing("[purse|pouch|sock] full of [coins|silver|pennies]", "money"))
        .List("goal",
            Goal("[old|crooked|lightning-struck|hollow] oak"),
            Goal("[stone|wooden|old|narrow] bridge"),
            Goal("[white|miller's|broken|last] gate"),
            Goal("[church|village|town] wall"), Goal("[deep|wishing|village] well"), Goal("[far|muddy|stony] ford"),
            Goal("[tall|mossy|twisted] pine"),
            Goal("[great grey|round|standing] stone"), Goal("[shepherd's|empty|charcoal burner's] hut"));

    private static Entity Thing(string name, string noun) => new([("name", name), ("the", $"the {noun}")]);

    private static Entity Goal(string name) =>
        new([("the", $"the {name}"), ("there", $"the {name[(name.LastIndexOf(' ') + 1)..]}")]);
}
