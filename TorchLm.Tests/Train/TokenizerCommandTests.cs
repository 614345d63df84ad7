using System.Diagnostics;
using System.Text.Json;
using TorchLm.Tests.Export;
using TorchLm.Tests.Tokenizers;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Train;

/// <summary><c>torchlm tokenizer</c> with the real program.</summary>
public sealed class TokenizerCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TokenizerCommandTests() => SavedRuns.Bpe.Save(_folder["tokenizer.json"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Text_becomes_ids_and_ids_become_text()
    {
        int[] ids = SavedRuns.Bpe.Encode("The fox, naïve 🦊");
        string spaced = string.Join(' ', ids);
        Assert.Equal(spaced, Done(null, "encode", "The fox, naïve 🦊").Output.Trim());
        Assert.Equal(spaced, Done("The fox, naïve 🦊", "encode", "-").Output.Trim());
        Assert.Equal(JsonSerializer.Serialize(ids), Done(null, "encode", "The fox, naïve 🦊", "--json").Output.Trim());
        Assert.Equal("The fox, naïve 🦊", Done(null, ["decode", .. ids.Select(id => $"{id}")]).Output);
        Assert.Equal("The fox, naïve 🦊", JsonSerializer.Deserialize<string>(Done(spaced + "\n", "decode", "--json").Output));
        Assert.Equal("11 22\n", ProgramProcess.Run(_folder.Path, ["tokenizer", "decode", "--tokenizer", "cl100k_base", .. TiktokenEncoding.Cl100kBase.Encode("11 22\n").Select(id => $"{id}")]).Output);
    }

    [Fact]
    public void Lines_of_JSON_hold_texts_with_line_breaks()
    {
        string[] texts = [.. TextSamples.Tricky.Where(text => text.Length < 300)];
        string output = Done(string.Concat(texts.Select(text => JsonSerializer.Serialize(text) + "\n")), "encode", "--json-lines").Output;
        Assert.Equal(texts.Select(SavedRuns.Bpe.Encode), output.TrimEnd('\n').Split('\n').Select(line => JsonSerializer.Deserialize<int[]>(line)!));
        Assert.Equal(texts, Done(output, "decode", "--json-lines").Output.TrimEnd('\n').Split('\n').Select(line => JsonSerializer.Deserialize<string>(line)!));
    }

    [Fact]
    public void A_tokenizer_says_what_it_is()
    {
        using JsonDocument json = JsonDocument.Parse(Done(null, "info", "--json").Output);
        Assert.Equal("bpe", json.RootElement.GetProperty("kind").GetString());
        Assert.Equal(SavedRuns.Bpe.VocabularySize, json.RootElement.GetProperty("vocabulary_size").GetInt32());
        Assert.Equal("gpt2", json.RootElement.GetProperty("pre_tokenization").GetString());
        Assert.Equal(SavedRuns.Bpe.EndOfTextId, json.RootElement.GetProperty("special_tokens").GetProperty("<|endoftext|>").GetInt32());
        string text = Done(null, "info").Output;
        Assert.Contains($"<|endoftext|> = {SavedRuns.Bpe.EndOfTextId}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_said()
    {
        Run(null, "decode", "99999").AssertRefused("99999", "outside the vocabulary");
        Run(null, "decode", "x").AssertRefused("'x' is not a token id");
        Run("\"a\"\nb\n", "encode", "--json-lines").AssertRefused("Line 2", "JSON string");
        Run("\"a\"\n\n\"b\"\n", "encode", "--json-lines").AssertRefused("Line 2", "JSON string");
        Run("[1]\n[\"a\"]\n", "decode", "--json-lines").AssertRefused("Line 2", "array of ids");
        Run("[1]\n[99999]\n", "decode", "--json-lines").AssertRefused("Line 2", "99999", "outside the vocabulary");
        Run("\"a\"\n", "encode", "x", "--json-lines").AssertRefused("--json-lines", "leave out 'x'");
        Run("[1]\n", "decode", "7", "--json-lines").AssertRefused("--json-lines", "leave out '7'");
        ProgramProcess.Run(_folder.Path, "tokenizer", "info", "--tokenizer", "bpe").AssertRefused("'bpe' is made of a corpus");
        ProgramProcess.Run(_folder.Path, "tokenizer", "info", "--tokenizer", "nowhere").AssertRefused("nowhere");
        ProgramProcess.Run(_folder.Path, "tokenizer", "encode", "x").AssertRefused("--tokenizer", "torchlm tokenizer encode --help");
    }

    [Fact]
    public void Characters_that_the_vocabulary_lacks_are_named()
    {
        SavedRuns.Characters.Save(_folder["tokenizer.json"]);
        Assert.Equal("abc日🦊", Done(Done("abc日🦊", "encode").Output, "decode").Output);
        Run(null, "encode", "abcz").AssertRefused("'z'");
        Run("\"a\"\n\"z\"\n", "encode", "--json-lines").AssertRefused("Line 2", "'z'");
    }

    [Fact]
    public void Standard_input_is_UTF8_and_its_byte_order_mark_no_text()
    {
        Assert.Equal(Done("The fox", "encode").Output, Done("\uFEFFThe fox", "encode").Output);
        using Process process = ProgramProcess.Start(_folder.Path, ["tokenizer", "encode", "--tokenizer", "tokenizer.json"]);
        process.StandardInput.BaseStream.Write([0xFF, 0xFE, (byte)'a', 0]); // UTF-16
        process.StandardInput.Close();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        new ProgramProcess(process.ExitCode, "", errors).AssertRefused("not UTF-8");
    }

    private ProgramProcess Done(string? input, params string[] arguments)
    {
        ProgramProcess result = Run(input, arguments);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result;
    }

    private ProgramProcess Run(string? input, params string[] arguments) =>
        ProgramProcess.Run(_folder.Path, input, ["tokenizer", .. arguments, "--tokenizer", "tokenizer.json"]);
}
