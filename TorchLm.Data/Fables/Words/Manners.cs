using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Words;

/// <summary>How animals are and how they speak: adjectives, adverbs, and the phrases that all plots share.</summary>
internal static class Manners
{
    /// <summary>Adds the rules.</summary>
    public static void AddTo(GrammarBuilder grammar)
    {
        grammar
            // A role is spoken of by name or by species; which animal plays it is remembered from the title on.
            .Rule("hero", "{hero.name}", "the {hero.species}")
            .Rule("other", "the {other.species}", "{other.name}")
            .Rule("third", "the {third.species}", "{third.name}")
            .Rule("named", "named", "called", "by the name of", "known as", "whose name was", "whom all called")
            .Rule("said", "said", "replied", "answered", "returned")
            .Rule("spoke", "said", "remarked", "declared", "began", "murmured", "observed")
            .Rule("theMoral", "The moral:", "Moral:", "And the moral is this:", "So remember:", "The old folk say:",
                "The lesson:", "Every grandmother knows it:", "Keep this in your pocket:");

        grammar
            .Rule("proud", "proud", "vain", "boastful", "haughty", "handsome", "conceited", "swaggering", "noisy", "puffed-up",
                "splendid", "self-satisfied", "lordly", "strutting", "glossy")
            .Rule("sly", "sly", "cunning", "crafty", "clever", "wily", "smooth-tongued", "sharp-eyed", "artful", "scheming",
                "shifty", "quick-witted", "slippery", "sweet-voiced")
            .Rule("kind", "kind", "gentle", "good-natured", "patient", "friendly", "soft-hearted", "cheerful", "generous",
                "modest", "mild")
            .Rule("hungry", "hungry", "greedy", "thin", "ragged", "thieving", "lazy", "half-starved", "restless",
                "sharp-nosed", "wandering")
            .Rule("thrifty", "thrifty", "hard-working", "careful", "tidy", "sensible", "busy", "sober", "grey-haired", "stout",
                "tireless", "early-rising", "prudent")
            .Rule("idle", "idle", "carefree", "merry", "lazy", "dreamy", "dancing", "happy-go-lucky", "light-hearted",
                "sleepy", "jolly")
            .Rule("small", "small", "little", "tiny", "timid", "brave little", "ragged little", "bright-eyed", "nimble",
                "wee", "quiet")
            .Rule("strong", "strong", "mighty", "great", "fierce", "huge", "fearless", "grim", "powerful",
                "broad-shouldered", "grizzled")
            .Rule("slow", "slow", "patient", "plodding", "steady", "dusty", "quiet", "thoughtful", "stubborn",
                "sleepy-eyed", "solemn")
            .Rule("wise", "wise", "old", "solemn", "grave", "sharp-eyed", "learned", "white-haired", "fair-minded",
                "short-sighted")
            .Rule("wild", "wild", "naughty", "bored", "giddy", "mischievous", "cheeky", "thoughtless", "young", "frisky",
                "bold");

        grammar
            .Rule("calmly", "calmly", "quietly", "gently", "softly", "mildly", "at last", "with a smile", "after some thought",
                "without looking up", "politely", "in a small voice", "slowly", "with a nod",
                "in {a} [soft|low|clear|kind|tired|patient|steady|warm|friendly] [voice|tone|whisper]",
                "with {a} [shy|slow|wise|gentle|small] [smile|nod|cough]")
            .Rule("loudly", "loudly", "proudly", "at once", "with a laugh", "with a toss of the head", "rudely", "scornfully",
                "for all to hear", "with a sniff", "grandly", "with a yawn", "cheerfully",
                "in {a} [loud|shrill|booming|mocking|merry|lofty|ringing|careless] [voice|tone]",
                "with {a} [rude|wide|scornful|great|silly] [grin|laugh|wink]")
            .Rule("sweetly", "sweetly", "softly", "in a voice like honey", "smoothly", "with a sigh", "tenderly",
                "with shining eyes", "in the politest way", "as if amazed", "innocently",
                "in {a} [silky|soft|humble|oily|warm|musical|hushed|charming] [voice|tone|whisper]",
                "with {a} [deep|false|tender|graceful|wide] [sigh|smile|bow]")
            .Rule("sadly", "sadly", "bitterly", "with a groan", "in tears", "much too late", "crossly", "in great shame",
                "angrily",
                "with a long face", "in a hoarse voice", "miserably",
                "in {a} [thin|broken|trembling|weak|tearful|cracked|faint] [voice|whisper]",
                "with {a} [long|bitter|hollow|heavy] [sigh|sob|sniff]")
            .Rule("hungWay", "hung {other.his} head", "blushed to the roots", "had nothing to say", "slunk away without a word",
                "crept home", "wished to be far away", "could not speak for shame", "looked at the ground", "hid for a week")
            .Rule("gossip",
                "[The sparrows|The geese|The old toads|The mice|The washerwomen] [still tell|told] the [tale|story] "
                    + "{place.at} [to this day|for many years|all winter|to anyone who asked].",
                "[All|Everyone] who lived {place.at} [laughed|talked|sang|whispered] about it [for a year|until the "
                    + "next harvest|at supper|for days].",
                "It is [still|often|sometimes] [told|sung|remembered] {place.at}, [mostly by grandmothers|when the nights are "
                    + "long|over soup|when the fire is low].",
                "[To this day|Since then|From that day on], they [nod|smile|wink] when [someone|a stranger] asks the way to "
                    + "{place.the}.");
    }
}
