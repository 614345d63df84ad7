using TorchLm.Data.Fables.Engine;

namespace TorchLm.Data.Fables.Words;

/// <summary>
/// The creatures of the fables. Each has its own voice, gait, home and names; a name belongs to one creature only and says
/// whether it is a he or a she, so that a reader who remembers the name knows all the rest.
/// </summary>
internal static class Animals
{
    private static readonly Entity Ant = Animal("ant", "nest", "piped", "marched", "Anton", "Minnie*", "Pip");
    private static readonly Entity Badger = Animal("badger", "sett", "grumbled", "shuffled", "Barnaby", "Bess*", "Brock");
    private static readonly Entity Bear = Animal("bear", "cave", "growled", "lumbered", "Bruno", "Ursula*", "Boris");
    private static readonly Entity Beaver = Animal("beaver", "lodge", "huffed", "waddled", "Bertram", "Willow*");
    private static readonly Entity Bee = Animal("bee", "hive", "buzzed", "flew", "Melissa*", "Honor*", "Clover*");
    private static readonly Entity Beetle = Animal("beetle", "crack in the wall", "clicked", "crawled", "Bartleby", "Jet*");
    private static readonly Entity Boar = Animal("boar", "thicket", "grunted", "charged", "Tusker", "Gruffin");
    private static readonly Entity Cat = Animal("cat", "cushion", "purred", "slunk", "Tabitha*", "Tom", "Minx*");
    private static readonly Entity Cricket = Animal("cricket", "blade of grass", "chirped", "hopped", "Fiddler", "Chloe*",
        "Jasper");
    private static readonly Entity Crow = Animal("crow", "nest", "cawed", "flapped", "Corwin", "Inky*", "Cora*");
    private static readonly Entity Dog = Animal("dog", "kennel", "barked", "bounded", "Rex", "Bella*", "Patch");
    private static readonly Entity Donkey = Animal("donkey", "stable", "brayed", "plodded", "Dudley", "Jenny*", "Oats");
    private static readonly Entity Duck = Animal("duck", "nest in the reeds", "quacked", "waddled", "Dilly*", "Drake",
        "Puddle*");
    private static readonly Entity Eagle = Animal("eagle", "eyrie", "screamed", "soared", "Aquila*", "Talon");
    private static readonly Entity Fox = Animal("fox", "den", "barked", "trotted", "Rufus", "Ruby*", "Ferdy");
    private static readonly Entity Frog = Animal("frog", "lily pad", "croaked", "hopped", "Fergus", "Flora*", "Freddie");
    private static readonly Entity Goat = Animal("goat", "shed", "bleated", "skipped", "Gregory", "Greta*", "Billy");
    private static readonly Entity Goose = Animal("goose", "nest", "hissed", "waddled", "Gertrude*", "Gus", "Augusta*");
    private static readonly Entity Hare = Animal("hare", "hollow", "squeaked", "bounded", "Harold", "Hazel*", "Swift");
    private static readonly Entity Hedgehog = Animal("hedgehog", "heap of leaves", "snuffled", "shuffled", "Henry",
        "Prickle*", "Horace");
    private static readonly Entity Hen = Animal("hen", "henhouse", "clucked", "strutted", "Henrietta*", "Speckle*", "Martha*");
    private static readonly Entity Heron = Animal("heron", "nest", "croaked", "strode", "Hector", "Isolde*");
    private static readonly Entity Horse = Animal("horse", "stable", "neighed", "galloped", "Thunder", "Daisy*", "Captain");
    private static readonly Entity Jackdaw = Animal("jackdaw", "chimney", "chattered", "flapped", "Jack", "Jacinta*");
    private static readonly Entity Ladybird = Animal("ladybird", "leaf", "whispered", "flew", "Dot*", "Rosie*");
    private static readonly Entity Lamb = Animal("lamb", "fold", "bleated", "skipped", "Lily*", "Snowdrop*", "Larkin");
    private static readonly Entity Lion = Animal("lion", "cave", "roared", "strode", "Leo", "Leona*", "Lionel");
    private static readonly Entity Magpie = Animal("magpie", "nest", "chattered", "swooped", "Maggie*", "Magnus");
    private static readonly Entity Mole = Animal("mole", "tunnel", "mumbled", "shuffled", "Morris", "Velvet*", "Milo");
    private static readonly Entity Monkey = Animal("monkey", "tree", "chattered", "swung", "Mango", "Zuri*");
    private static readonly Entity Mouse = Animal("mouse", "hole", "squeaked", "scampered", "Milly*", "Maurice", "Crumb");
    private static readonly Entity Otter = Animal("otter", "holt", "whistled", "slid", "Oliver", "Ottilie*", "Oscar");
    private static readonly Entity Owl = Animal("owl", "hollow tree", "hooted", "glided", "Olive*", "Orlando", "Minerva*");
    private static readonly Entity Ox = Animal("ox", "stall", "lowed", "plodded", "Oswald", "Goliath");
    private static readonly Entity Peacock = Animal("peacock", "garden wall", "shrieked", "strutted", "Percival", "Prince");
    private static readonly Entity Pig = Animal("pig", "sty", "grunted", "trotted", "Petunia*", "Hamlet", "Porter");
    private static readonly Entity Rabbit = Animal("rabbit", "burrow", "squeaked", "hopped", "Rowan", "Poppy*", "Thistle");
    private static readonly Entity Rat = Animal("rat", "cellar", "squeaked", "scurried", "Roland", "Ratty", "Roxana*");
    private static readonly Entity Raven = Animal("raven", "nest", "croaked", "flapped", "Ravenna*", "Edgar", "Morgan");
    private static readonly Entity Rooster = Animal("rooster", "perch", "crowed", "strutted", "Chanticleer", "Rory", "Duke");
    private static readonly Entity Snail = Animal("snail", "shell", "murmured", "crept", "Simon", "Shelly*", "Sylvester");
    private static readonly Entity Sparrow = Animal("sparrow", "nest", "chirped", "fluttered", "Sophie*", "Spencer");
    private static readonly Entity Spider = Animal("spider", "web", "whispered", "crept", "Silka*", "Webster");
    private static readonly Entity Squirrel = Animal("squirrel", "hollow oak", "chattered", "scampered", "Nutley",
        "Sorrel*", "Rusty");
    private static readonly Entity Stag = Animal("stag", "glade", "snorted", "sprang", "Sterling", "Bramble");
    private static readonly Entity Swallow = Animal("swallow", "nest", "twittered", "darted", "Sally*", "Skye*");
    private static readonly Entity Swan = Animal("swan", "island of reeds", "hissed", "glided", "Serena*", "Sigmund");
    private static readonly Entity Toad = Animal("toad", "damp stone", "croaked", "crawled", "Tobias", "Theodora*", "Wart");
    private static readonly Entity Tortoise = Animal("tortoise", "shell", "murmured", "plodded", "Timothy", "Tilda*",
        "Solomon");
    private static readonly Entity Weasel = Animal("weasel", "hole", "hissed", "slunk", "Wesley", "Wilma*");
    private static readonly Entity Wolf = Animal("wolf", "lair", "growled", "loped", "Wolfram", "Greya*", "Fang");
    private static readonly Entity Wren = Animal("wren", "nest", "piped", "fluttered", "Jennet*", "Christopher");

    /// <summary>Adds the lists of creatures by what a plot needs of them.</summary>
    public static void AddTo(GrammarBuilder grammar) => grammar
        .List("slow", Tortoise, Snail, Toad, Mole, Duck, Ox, Hedgehog, Donkey, Beetle, Goose)
        .List("quick", Hare, Fox, Stag, Horse, Dog, Swallow, Rabbit, Squirrel, Wolf, Cat)
        .List("judge", Owl, Raven, Badger, Heron, Goat, Magpie, Otter, Beaver)
        .List("thief", Fox, Magpie, Rat, Jackdaw, Weasel, Monkey, Cat, Crow, Squirrel, Wolf)
        .List("owner", Hen, Badger, Rabbit, Bear, Beaver, Otter, Pig, Hedgehog, Mouse, Goose)
        .List("flatterer", Fox, Cat, Wolf, Weasel, Rat, Monkey, Jackdaw, Dog, Raven)
        .List("singer", Crow, Rooster, Raven, Peacock, Magpie, Goose, Jackdaw, Swan, Frog, Donkey)
        .List("mighty", Lion, Bear, Wolf, Eagle, Boar, Ox, Stag, Horse, Dog)
        .List("tiny", Mouse, Ant, Wren, Bee, Beetle, Sparrow, Spider, Ladybird, Mole, Frog)
        .List("boaster", Rooster, Peacock, Frog, Stag, Lion, Goat, Horse, Swan, Cat, Eagle)
        .List("humble", Wren, Toad, Hen, Mole, Lamb, Snail, Donkey, Sparrow, Hedgehog, Ant)
        .List("idler", Cricket, Frog, Hare, Sparrow, Swallow, Cat, Rabbit, Jackdaw, Ladybird)
        .List("worker", Ant, Squirrel, Mouse, Bee, Beaver, Hedgehog, Mole, Badger, Hen)
        .List("finder", Goat, Dog, Bear, Otter, Crow, Pig, Cat, Raven, Heron, Donkey)
        .List("schemer", Fox, Monkey, Weasel, Magpie, Rat, Jackdaw, Owl, Wolf)
        .List("youngster", Lamb, Duck, Rabbit, Goat, Squirrel, Frog, Mouse, Otter, Sparrow)
        .List("hunter", Wolf, Fox, Eagle, Weasel, Bear, Lion)
        .List("anyone",
            Mouse, Goat, Duck, Frog, Hen, Rabbit, Owl, Pig, Otter, Donkey, Cat, Sparrow, Badger, Squirrel, Toad, Goose,
            Dog, Crow, Mole, Horse, Bee, Beaver, Lamb, Snail, Rooster, Heron, Fox, Cricket, Hare, Raven, Hedgehog, Swan,
            Bear, Ant, Magpie, Swallow, Wren, Spider, Ladybird, Ox, Rat, Monkey, Tortoise, Stag, Peacock, Weasel,
            Jackdaw, Beetle, Boar, Eagle, Lion, Wolf);

    private static Entity Animal(string species, string home, string cried, string went, params string[] names)
    {
        (string, string)[] common =
        [
            ("species", species), ("the", $"the {species}"), ("home", home), ("cried", cried), ("went", went),
        ];
        Entity[] named =
        [
            .. names.Select(name => new Entity([.. common, ("name", name.TrimEnd('*')), .. Pronouns(she: name.EndsWith('*'))])),
        ];
        return new Entity(common, [("names", named)]);
    }

    // A star after a name marks a she.
    private static (string, string)[] Pronouns(bool she) => she
        ? [("he", "she"), ("him", "her"), ("his", "her"), ("himself", "herself"), ("sir", "madam"), ("king", "queen")]
        : [("he", "he"), ("him", "him"), ("his", "his"), ("himself", "himself"), ("sir", "sir"), ("king", "king")];
}
