using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

public class TokenizerChoiceTests
{
    [Fact]
    public void Names_of_the_command_line_are_understood()
    {
        Assert.IsType<TokenizerChoice.Characters>(TokenizerChoice.Parse("char"));
        Assert.IsType<TokenizerChoice.TrainedBpe>(TokenizerChoice.Parse("bpe"));
        Assert.Equal(["cl100k_base", "o200k_base"], TokenizerChoice.Names.Skip(2)
            .Select(name => Assert.IsType<TokenizerChoice.Ready>(TokenizerChoice.Parse(name)).Open().Kind));
    }

    [Fact]
    public void A_file_and_the_folder_that_holds_it_are_understood()
    {
        using var folder = new TemporaryFolder();
        TokenizerSamples.Get("bpe").Save(folder.In("tokenizer.json"));
        foreach (string path in (string[])[folder.Path, folder.In("tokenizer.json")])
            Assert.Equal("bpe", Assert.IsType<TokenizerChoice.Ready>(TokenizerChoice.Parse(path)).Open().Kind);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        foreach (string name in (string[])["gpt5", "", "Char", "nul\0"])
        {
            string message = Assert.Throws<TokenizerException>(() => TokenizerChoice.Parse(name)).Message;
            Assert.Contains($"\"{name}\"", message);
            Assert.Contains("char, bpe, cl100k_base, o200k_base", message);
        }
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_refused()
    {
        using var folder = new TemporaryFolder();
        var refusal = Assert.Throws<TokenizerException>(() => TokenizerChoice.Parse(folder.Path));
        Assert.Contains("holds no tokenizer.json", refusal.Message);
    }
}
