using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Words;

/// <summary>
/// The odds and ends that fill a fable: what animals own, carry and bring to a feast, who passes by, and family names. Long
/// lists, where most of a fable's surprise comes from.
/// </summary>
internal static class Oddments
{
    /// <summary>Adds the rules. They call for a list <c>anyone</c> of animals.</summary>
    public static void AddTo(GrammarBuilder grammar)
    {
        grammar
            .Rule("oddment", "{a} {look} {object}")
            .Rule("look", Words(
                "little blue old red green golden wooden broken tin silver copper yellow striped tiny enormous "
                + "heavy painted cracked shiny dusty spotted borrowed woollen crooked purple rusty velvet round "
                + "faded empty paper leather patched glass squeaky secret stolen ivory magic wet"))
            .Rule("worn", Words(
                "old mossy crooked green narrow muddy great low broken lonely quiet dark little dusty tall empty "
                + "neighbour's sunny wet friendly grey miller's ancient cold stout rickety back"))
            .Rule("object", Words(
                "hat drum kettle lantern basket spoon flute pillow apple bell candle umbrella cup fiddle button "
                + "blanket key bucket ladder clock boot ribbon teapot pumpkin mirror cake whistle chair map jug "
                + "feather wheelbarrow trumpet cheese coin saucer broom barrel kite scarf needle shovel melon "
                + "cushion book anchor rope thimble onion stool cloak walnut box comb turnip trunk pipe egg ring "
                + "sock"));

        grammar
            .Rule("belongings",
                "{owned} {oddment}, {oddment} and {oddment}",
                "{owned} {oddment}, {oddment} and {a} {look} {object} full of {fill}",
                "{owned} nothing but {oddment} and {oddment}")
            .Rule("owned", "owned", "possessed", "kept", "was fond of", "cared for", "had", "collected")
            .Rule("fill", Words(
                "honey buttons tea peas flour marbles letters moss beans pepper jam sand secrets feathers pebbles "
                + "cherries"));

        grammar
            .Rule("passerBy",
                "{A} {mood} {guest=anyone.species} with {oddment} {passed}.",
                "{A} {mood} {guest=anyone.species} and {a} {mood} {guest=anyone.species} {passed}.",
                "{A} {mood} {guest=anyone.species}, {carrying} {oddment}, {passed}.")
            .Rule("carrying", "carrying", "polishing", "pulling", "hugging", "mending", "pushing", "selling", "painting",
                "chewing")
            .Rule("passed", "looked on", "stopped to listen", "shook with laughter", "nodded", "saw it all",
                "whistled a tune", "said nothing",
                "tiptoed past", "yawned", "asked the time", "stood and stared", "took notes", "sneezed",
                "counted the clouds", "fell over",
                "hummed", "blushed", "ran for cover")
            .Rule("mood", Words(
                "young fat old merry sad curious sleepy nervous grumpy tall polite hungry lame puzzled shy cross "
                + "wandering cheerful deaf jealous elegant muddy lonely clumsy freckled lucky bashful drowsy "
                + "homesick pale"));

        grammar
            .Rule("feast",
                "[That night|At supper|On Sunday|Afterwards] the {guest=anyone.species} {did}, the {guest=anyone.species} "
                    + "{did}, and the {guest=anyone.species} {did}.",
                "[There was a feast|They held a feast|There was a party] {place.at}: the {guest=anyone.species} {did} and the "
                    + "{guest=anyone.species} {did}.",
                "The {guest=anyone.species} {did}, [and|while] the {guest=anyone.species} {did}.")
            .Rule("did",
                "brought {oddment}", "danced with {a} {mood} {guest=anyone.species}", "{did2} {oddment}",
                "sang to {oddment}", "came in {a} {look} {garment}",
                "{did2} {a} {mood} {guest=anyone.species}")
            .Rule("did2", "laughed at", "bowed to", "made a speech about", "wept over", "fell asleep on", "painted",
                "juggled with", "sat on",
                "told stories of", "tripped over", "kissed", "wrote a song for", "drank to", "hid behind")
            .Rule("ending", " {feast}", "", " {feast} {gossip}", " {gossip}")
            .Rule("someone", "{a} {mood} {guest=anyone.species}", "{a} {mood} {guest=anyone.species} with {oddment}",
                "{a} {mood} {guest=anyone.species} in {a} {look} {garment}")
            .Rule("garment", Words(
                "hat cloak nightcap bonnet apron waistcoat shawl coat wig mask crown petticoat jacket barrel"))
            .Rule("surname", "", " {surnameHead}{surnameTail}")
            .Rule("surnameHead", Words(
                "Moss Green Thistle Apple Brook Black Honey Hay Mud Button Silver Nettle Barley Long Cinder Willow "
                + "Pepper Copper Whistle Stone Wind Candle"))
            .Rule("surnameTail", Words(
                "foot wood bottom worth field whisker brook berry top by ham nose pocket well thorn ley"));
    }

    private static string[] Words(string spaced) => spaced.Split(' ');
}
