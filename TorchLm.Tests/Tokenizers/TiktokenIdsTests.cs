using System.Text.Json;
using TorchLm.Tests.Train;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Tokenizers;

/// <summary>
/// Ids that OpenAI's own program gives: TiktokenIds.json was written by the npm package tiktoken 1.0.22, which is tiktoken's Rust
/// code compiled to WebAssembly, by its <c>encode_ordinary</c>. That package has cl100k's pattern as first published, as TorchLm
/// has: see the remark on <see cref="PreTokenization.Cl100k"/>.
/// </summary>
public class TiktokenIdsTests
{
    [Theory]
    [InlineData("cl100k_base")]
    [InlineData("o200k_base")]
    public void Ids_are_those_of_tiktoken_itself(string name)
    {
        string path = Path.Combine(ProgramProcess.RepositoryRoot, "TorchLm.Tests", "Tokenizers", "TiktokenIds.json");
        using JsonDocument list = JsonDocument.Parse(File.ReadAllBytes(path));
        ITokenizer tokenizer = TokenizerSamples.Get(name);
        int count = 0;
        foreach (JsonElement entry in list.RootElement.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] expected = [.. entry.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
            Assert.True(expected.AsSpan().SequenceEqual(tokenizer.Encode(text)),
                $"{JsonSerializer.Serialize(text)}: {string.Join(' ', expected)} became {string.Join(' ', tokenizer.Encode(text))}");
            count++;
        }
        Assert.InRange(count, 200, int.MaxValue);
    }

    [Fact]
    public void No_token_goes_on_after_its_last_line_break()
    {
        // So it makes no difference to ids whether white space that ends a text is one word or two.
        var tokenizer = TokenizerSamples.GetByteLevel("cl100k_base");
        int[] withBreaks = [.. Enumerable.Range(0, 100256).Where(id => tokenizer.GetBytes(id).IndexOfAny("\r\n"u8) >= 0)];
        Assert.NotEmpty(withBreaks);
        Assert.All(withBreaks, id => Assert.True(tokenizer.GetBytes(id)[^1] is (byte)'\r' or (byte)'\n'));
    }
}
