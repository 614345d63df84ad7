using System.Text;
using TorchLm.Tests.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Train;

/// <summary><c>torchlm tokenizer train</c> with the real program.</summary>
public sealed class TokenizerTrainCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TokenizerTrainCommandTests()
    {
        Directory.CreateDirectory(_folder["books"]);
        File.WriteAllText(_folder["books/a.txt"], TokenizerSamples.Corpus);
        File.WriteAllText(_folder["books/b.md"], "The fox, naïve 🦊, 12345 times.\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_vocabulary_of_files_is_that_of_the_library_for_every_split_and_number_of_threads()
    {
        string[] documents = [File.ReadAllText(_folder["books/a.txt"]), File.ReadAllText(_folder["books/b.md"])];
        foreach (string split in (string[])["gpt2", "cl100k", "o200k", "nanochat"])
        {
            Done("books", "--out", $"{split}/own.json", "--split", split, "--vocab-size", "300", "--threads", "2");
            var options = new BpeTrainerOptions(300, preTokenization: PreTokenization.Find(split));
            var expected = BpeTrainer.Train(documents, options, threads: 1).Tokenizer;
            var written = Assert.IsType<ByteLevelBpeTokenizer>(TokenizerFile.Load(_folder[$"{split}/own.json"]));
            Assert.Equal(expected.Merges, written.Merges);
            Assert.Same(expected.PreTokenization, written.PreTokenization);
            Assert.Equal(299, written.EndOfTextId);

            string info = ProgramProcess.Run(_folder.Path, "tokenizer", "info", "--tokenizer", $"{split}/own.json").Output;
            Assert.Contains($"split as {split} does", info, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_report_says_what_was_made_and_how_well_it_compresses()
    {
        string report = Done("books/b.md", "books/a.txt", "--out", "new/folder", "--vocab-size", "300",
            "--special", "<|bos|>", "--special", "<|user|>");
        var tokenizer = (ByteLevelTokenizer)TokenizerFile.Load(_folder["new/folder"]);
        Assert.Equal(["<|bos|>", "<|user|>"], tokenizer.Tokens.SpecialTokens.Keys);
        Assert.Contains("300: 256 bytes, 42 merges, 2 special", report, StringComparison.Ordinal);
        Assert.Contains("2 documents", report, StringComparison.Ordinal);
        Assert.Contains(Path.Combine("new/folder", "tokenizer.json"), report, StringComparison.Ordinal);

        string[] documents = [File.ReadAllText(_folder["books/b.md"]), File.ReadAllText(_folder["books/a.txt"])];
        double bytes = documents.Sum(Encoding.UTF8.GetByteCount);
        string own = (bytes / documents.Sum(text => tokenizer.Encode(text).Length)).ToString("N2");
        string other = (bytes / documents.Sum(text => TiktokenEncoding.Cl100kBase.Encode(text).Length)).ToString("N2");
        Assert.Contains($"{own} bytes each on the corpus; cl100k_base's {other}", report, StringComparison.Ordinal);
        Assert.Contains($"{documents.Sum(text => NaiveBpe.Words(text).Count):N0} words", report, StringComparison.Ordinal);
        Assert.Contains($"{documents.SelectMany(NaiveBpe.Words).Distinct().Count():N0} distinct", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rarer_pair_than_asked_for_is_not_merged_and_the_shortfall_is_said()
    {
        File.WriteAllText(_folder["few.txt"], "abab abab abab ac ac");
        string report = Done("few.txt", "--out", "few", "--min-frequency", "3");
        var expected = NaiveBpe.Train(["abab abab abab ac ac"], 100, minimumFrequency: 3);
        Assert.Equal(expected.Count, ((ByteLevelTokenizer)TokenizerFile.Load(_folder["few"])).Merges.Count);
        Assert.Contains("no more pairs that occur at least 3 times", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_is_replaced_only_when_told_so()
    {
        Done("books", "--out", "t", "--vocab-size", "280");
        byte[] first = File.ReadAllBytes(_folder["t/tokenizer.json"]);
        Run("books", "--out", "t", "--vocab-size", "290").AssertRefused("already a tokenizer", "--overwrite");
        Assert.Equal(first, File.ReadAllBytes(_folder["t/tokenizer.json"]));
        Done("books", "--out", "t", "--vocab-size", "290", "--overwrite");
        Assert.Equal(290, TokenizerFile.Load(_folder["t"]).VocabularySize);
    }

    [Fact]
    public void Mistakes_are_said()
    {
        Run("books", "--out", "t", "--split", "gpt5").AssertRefused("\"gpt5\"", "gpt2, cl100k, o200k, nanochat");
        Run("books", "--out", "t", "--vocab-size", "200").AssertRefused("200 is too small");
        Run("books", "--out", "t", "--special", "word").AssertRefused("word could also be an ordinary word");
        Run("books", "--out", "t", "--min-frequency", "0").AssertRefused("frequency of 0");
        Run("books", "--out", "t", "--threads", "-1").AssertRefused("--threads -1");
        Run("nowhere", "--out", "t").AssertRefused("nowhere");
        Run("books", "--out", "").AssertRefused("--out is empty");
        Run("books").AssertRefused("--out");
        Run("books", "--out", "books/a.txt").AssertRefused("books/a.txt");
        Assert.False(Directory.Exists(_folder["t"]));
    }

    private string Done(params string[] arguments)
    {
        ProgramProcess result = Run(arguments);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output;
    }

    private ProgramProcess Run(params string[] arguments) => ProgramProcess.Run(_folder.Path, ["tokenizer", "train", .. arguments]);
}
