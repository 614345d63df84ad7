using System.Text;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class BpeTrainerTests
{
    private static readonly string[] _runs = [.. TextSamples.RandomOf("aab ", 60, maximumLength: 40, seed: 3)];
    private static readonly string[] _world =
        [.. TextSamples.Tricky.Where(text => text.Length < 200), .. TextSamples.RandomOf("aé日🙂𝐁'\u0301 \n1", 80, 25, seed: 4)];

    public static TheoryData<string> Corpora => ["english", "runs of few letters", "many scripts"];

    [Theory]
    [MemberData(nameof(Corpora))]
    public void Merges_are_those_of_a_naive_trainer(string corpus)
    {
        string[] documents = DocumentsOf(corpus);
        foreach (long minimum in (long[])[1, 2, 5])
        {
            var expected = NaiveBpe.Train(documents, mergeCount: 200, minimum);
            var actual = BpeTrainer.Train(documents, new BpeTrainerOptions(256 + 200, [], minimum)).Tokenizer;
            Assert.NotEmpty(expected);
            Assert.Equal(expected, actual.Merges.Select(merge => (Latin(actual, merge.Left), Latin(actual, merge.Right))));
        }
    }

    public static IEnumerable<object[]> CorporaAndSplits =>
        from corpus in new[] { "english", "runs of few letters", "many scripts" }
        from split in RegexSplit.Names
        select new object[] { corpus, split };

    [Theory]
    [MemberData(nameof(CorporaAndSplits))]
    public void Merges_are_those_of_a_naive_trainer_for_every_split_and_number_of_threads(string corpus, string split)
    {
        string[] documents = DocumentsOf(corpus);
        var expected = NaiveBpe.Train(documents, mergeCount: 150, minimumFrequency: 2, text => RegexSplit.Words(split, text));
        foreach (int threads in (int[])[1, 2, 5])
        {
            var options = new BpeTrainerOptions(256 + 150, [], preTokenization: PreTokenization.Find(split));
            var actual = BpeTrainer.Train(documents, options, threads).Tokenizer;
            Assert.Same(PreTokenization.Find(split), actual.PreTokenization);
            Assert.Equal(expected, actual.Merges.Select(merge => (Latin(actual, merge.Left), Latin(actual, merge.Right))));
        }
    }

    [Fact]
    public void Runs_of_one_letter_merge_from_the_left()
    {
        string[] documents = [new string('a', 7), new string('a', 12), "baaab", new string('a', 31) + "b"];
        var expected = NaiveBpe.Train(documents, mergeCount: 30, minimumFrequency: 1);
        var actual = BpeTrainer.Train(documents, new BpeTrainerOptions(256 + 30, [], minimumPairFrequency: 1)).Tokenizer;
        Assert.Equal(expected, actual.Merges.Select(merge => (Latin(actual, merge.Left), Latin(actual, merge.Right))));
    }

    [Fact]
    public void Eight_threads_find_what_one_finds()
    {
        // Many batches, and one document so long that several threads share it.
        string[] words = [.. TextSamples.RandomOf("etaoinsé日𝐁", 30_000, 9, seed: 71)];
        var random = new Random(72);
        string[] documents = [.. Enumerable.Range(0, 3000).Select(number =>
            string.Join(' ', Enumerable.Range(0, number == 700 ? 900_000 : 400)
                .Select(_ => words[(int)(words.Length * Math.Pow(random.NextDouble(), 3))])))];
        Assert.InRange(documents[700].Length, 1 << 22, int.MaxValue);
        var options = new BpeTrainerOptions(1500, preTokenization: PreTokenization.Nanochat);
        var one = BpeTrainer.Train(documents, options, threads: 1);
        var eight = BpeTrainer.Train(documents, options, threads: 8);
        Assert.Equal(one.Tokenizer.Merges, eight.Tokenizer.Merges);
        Assert.Equal((one.WordCount, one.DistinctWordCount), (eight.WordCount, eight.DistinctWordCount));
        Assert.Equal(1500, one.Tokenizer.VocabularySize);
    }

    [Theory]
    [MemberData(nameof(Corpora))]
    public void Encoding_is_that_of_a_naive_encoder(string corpus)
    {
        var tokenizer = BpeTrainer.Train(DocumentsOf(corpus), new BpeTrainerOptions(500)).Tokenizer;
        var rules = tokenizer.Merges
            .Select((merge, rank) => (Pair: (Latin(tokenizer, merge.Left), Latin(tokenizer, merge.Right)), rank))
            .ToDictionary(rule => rule.Pair, rule => rule.rank);
        var idOf = Enumerable.Range(0, tokenizer.VocabularySize - 1).ToDictionary(id => Latin(tokenizer, id));
        foreach (string text in DocumentsOf(corpus).Concat(TextSamples.Random(300, seed: 5)))
        {
            var expected = NaiveBpe.Words(text).SelectMany(word =>
                NaiveBpe.Encode(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(word)), rules)).Select(part => idOf[part]);
            Assert.Equal(expected, tokenizer.Encode(text));
        }
    }

    [Fact]
    public void Ids_are_bytes_in_the_order_of_GPT2_then_merges_then_special_tokens()
    {
        var options = new BpeTrainerOptions(256 + 3 + 2, ["<|endoftext|>", "<|pad|>"]);
        var tokenizer = BpeTrainer.Train(["hug hug hug"], options).Tokenizer;

        // The first and last bytes as in GPT-2's published vocab.json: "!" is 0, "~" 93, "Ġ" (space) 220.
        Assert.Equal("!", tokenizer.Decode([0]));
        Assert.Equal("~", tokenizer.Decode([93]));
        Assert.Equal(" ", tokenizer.Decode([220]));
        Assert.Equal("\n", tokenizer.Decode([198]));
        Assert.Equal([0xAD], tokenizer.GetBytes(255).ToArray());

        // u (84) g (70) and h (71) u (84) both occur three times: the smaller left id wins.
        Assert.Equal([new BpeMerge(71, 84, 256), new BpeMerge(256, 70, 257), new BpeMerge(220, 257, 258)], tokenizer.Merges);
        Assert.Equal(259, tokenizer.EndOfTextId);
        Assert.Equal("<|pad|>", tokenizer.Decode([260]));
        Assert.Equal(261, tokenizer.VocabularySize);
        Assert.Equal([257, 258], tokenizer.Encode("hug hug"));
    }

    [Fact]
    public void Ties_go_to_the_smallest_left_id_then_to_the_smallest_right_id()
    {
        // Six different pairs, each twice.
        string[] words = ["zy", "zx", "by", "bx", "bw", "aw"];
        var tokenizer = BpeTrainer.Train([.. words, .. words], new BpeTrainerOptions(256 + 6, [])).Tokenizer;
        Assert.Equal(["aw", "bw", "bx", "by", "zx", "zy"], tokenizer.Merges.Select(merge => tokenizer.GetSpelling(merge.Result)));
    }

    [Fact]
    public void The_order_of_documents_makes_no_difference()
    {
        string[] documents = DocumentsOf("many scripts");
        var options = new BpeTrainerOptions(400);
        var forward = BpeTrainer.Train(documents, options).Tokenizer;
        Assert.Equal(forward.Merges, BpeTrainer.Train(documents.Reverse(), options).Tokenizer.Merges);
    }

    [Fact]
    public void A_corpus_that_runs_out_of_pairs_says_so()
    {
        var result = BpeTrainer.Train(["abab abab"], new BpeTrainerOptions(1000));
        Assert.Equal(256 + 2 + 1, result.Tokenizer.VocabularySize); // ab, abab
        Assert.Contains("holds 259 tokens instead of 1000", result.Shortfall);
        Assert.Equal((2, 2), (result.WordCount, result.DistinctWordCount));

        Assert.Null(BpeTrainer.Train(["abab abab"], new BpeTrainerOptions(258)).Shortfall);
    }

    [Fact]
    public void An_empty_corpus_gives_the_bytes_alone()
    {
        var result = BpeTrainer.Train([], new BpeTrainerOptions(300));
        Assert.Equal(257, result.Tokenizer.VocabularySize);
        Assert.NotNull(result.Shortfall);
        Assert.Equal("höi", result.Tokenizer.Decode(result.Tokenizer.Encode("höi")));
    }

    [Theory]
    [InlineData("o200k", "x'")] // as in "x's", which is one word
    [InlineData("o200k", "Ċ/")] // as in "!\n/"
    [InlineData("cl100k", "ĠĊĠ")] // as in " \n \n"
    [InlineData("nanochat", "12")]
    public void A_special_token_that_may_be_a_part_of_a_word_of_the_split_is_refused(string split, string name)
    {
        var refusal = Assert.Throws<TokenizerException>(() => new BpeTrainerOptions(300, [name], 2, PreTokenization.Find(split)));
        Assert.Contains($"{name} could also be an ordinary word", refusal.Message);
        Assert.NotNull(new BpeTrainerOptions(300, ["<|bos|>", "<|user_start|>"], 2, PreTokenization.Find(split)));
    }

    [Theory]
    [InlineData(256, "<|endoftext|>", 2, "256 is too small")]
    [InlineData(-1, "<|endoftext|>", 2, "-1 is too small")]
    [InlineData(300, "<|endoftext|>", 0, "frequency of 0")]
    [InlineData(300, "", 2, "empty name")]
    [InlineData(300, "word", 2, "special token word could also be")]
    [InlineData(300, "Ġword", 2, "could also be an ordinary word")]
    [InlineData(300, "¢a", 2, "could also be an ordinary word")] // bytes A2 61, as in "Ţa"
    [InlineData(300, "<|a|>,<|a|>", 2, "not distinct")]
    public void Impossible_options_are_refused(int size, string special, long minimum, string expected) =>
        Assert.Contains(
            expected, Assert.Throws<TokenizerException>(() => new BpeTrainerOptions(size, special.Split(','), minimum)).Message);

    [Fact]
    public void A_special_token_that_is_not_valid_text_is_refused() =>
        Assert.Contains(
            "lone surrogate", Assert.Throws<TokenizerException>(() => new BpeTrainerOptions(300, ["<|\uD800|>"])).Message);

    [Fact]
    public void A_corpus_with_a_lone_surrogate_is_refused_with_its_place()
    {
        string[] documents = ["fine", "bad \uD800"];
        string message = Assert.Throws<TokenizerException>(() => BpeTrainer.Train(documents, new BpeTrainerOptions(300))).Message;
        Assert.Contains("document 2", message);
        Assert.Contains("offset 4;", message);
    }

    [Fact]
    public void The_first_document_with_a_lone_surrogate_is_named_however_many_threads_look()
    {
        string fine = string.Concat(Enumerable.Repeat("some text ", 200_000));
        string[] documents = [fine, fine, fine, fine + "\uDC00 \uD800", "\uDC00", fine, fine, "\uD800"];
        foreach (int threads in (int[])[1, 2, 6])
        {
            string message = Assert.Throws<TokenizerException>(() => BpeTrainer.Train(documents, new BpeTrainerOptions(300), threads)).Message;
            Assert.Contains("document 4", message);
            Assert.Contains("offset 2000000;", message);
        }
    }

    [Fact]
    public void Documents_are_read_one_by_one_and_not_all_at_once()
    {
        // Pieces that are only looked at later would have to be kept: the collector may take nearly all of them.
        var read = new List<WeakReference>();
        int most = 0;
        BpeTrainer.Train(Documents(), new BpeTrainerOptions(300), threads: 2);
        Assert.Equal(60, read.Count);
        Assert.InRange(most, 1, 30);

        IEnumerable<string> Documents()
        {
            for (int number = 0; number < 60; number++)
            {
                string document = string.Concat(Enumerable.Repeat($"text {number} ", 150_000));
                read.Add(new WeakReference(document));
                yield return document;
                GC.Collect();
                most = Math.Max(most, read.Count(reference => reference.IsAlive));
            }
        }
    }

    [Fact]
    public void A_failure_of_the_reader_comes_through_unchanged()
    {
        Assert.Equal("disk", Assert.Throws<IOException>(() => BpeTrainer.Train(Documents(), new BpeTrainerOptions(300), threads: 3)).Message);

        static IEnumerable<string> Documents()
        {
            yield return "text";
            throw new IOException("disk");
        }
    }

    [Fact]
    public void Training_can_be_cancelled() => Assert.Throws<OperationCanceledException>(() =>
        BpeTrainer.Train([TokenizerSamples.Corpus], new BpeTrainerOptions(300), cancellationToken: new CancellationToken(canceled: true)));

    private static string[] DocumentsOf(string corpus) => corpus switch
    {
        "english" => [TokenizerSamples.Corpus],
        "many scripts" => _world,
        _ => _runs,
    };

    private static string Latin(ByteLevelBpeTokenizer tokenizer, int id) => Encoding.Latin1.GetString(tokenizer.GetBytes(id));
}
