using TorchLm.Core;
using TorchLm.Data.Shards;

namespace TorchLm.Tests.Data;

public sealed class TokenShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_small_vocabulary_is_written_byte_for_byte_as_llm_c_does()
    {
        Write("tiny", "train", vocabularySize: 65_536, maxTokens: 10, [1, 258, 65_535]);
        byte[] bytes = File.ReadAllBytes(_folder["tiny_train_000001.bin"]);
        byte[] expected = new byte[1024 + 6];
        new byte[] { 0x88, 0xD8, 0x34, 0x01, 1, 0, 0, 0, 3, 0, 0, 0 }.CopyTo(expected, 0); // 20240520 = 0x0134D888
        new byte[] { 1, 0, 2, 1, 255, 255 }.CopyTo(expected, 1024);
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void A_large_vocabulary_is_written_byte_for_byte_as_llm_c_does()
    {
        Write("tiny", "val", vocabularySize: 65_537, maxTokens: 10, [1, 65_536]);
        byte[] bytes = File.ReadAllBytes(_folder["tiny_val_000000.bin"]);
        byte[] expected = new byte[1024 + 8];
        new byte[] { 0xA1, 0xD9, 0x34, 0x01, 7, 0, 0, 0, 2, 0, 0, 0 }.CopyTo(expected, 0); // 20240801 = 0x0134D9A1
        new byte[] { 1, 0, 0, 0, 0, 0, 1, 0 }.CopyTo(expected, 1024);
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData(50_257, 2)]
    [InlineData(200_019, 4)]
    public void What_is_written_is_read_again_across_shards(int vocabularySize, int bytesPerToken)
    {
        int[] tokens = [.. Enumerable.Range(0, 2500).Select(i => (int)((long)i * 7919 % vocabularySize))];
        IReadOnlyList<ShardEntry> entries = Write("set", "train", vocabularySize, maxTokens: 1000, tokens);

        Assert.Equal(["set_train_000001.bin", "set_train_000002.bin", "set_train_000003.bin"],
            entries.Select(entry => entry.File));
        Assert.Equal([1000L, 1000, 500], entries.Select(entry => entry.Tokens));
        List<long> read = [];
        foreach (ShardEntry entry in entries)
        {
            using TokenShard shard = TokenShard.Open(_folder[entry.File]);
            Assert.Equal(bytesPerToken, shard.BytesPerToken);
            read.AddRange(ShardFiles.ReadAll(shard, vocabularySize));
            byte[] hash = System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(shard.Path));
            Assert.Equal(Convert.ToHexString(hash), entry.Sha256, ignoreCase: true);
        }
        Assert.Equal(tokens.Select(token => (long)token), read);
    }

    [Fact]
    public void Nothing_appended_makes_no_file_and_an_abandoned_shard_leaves_none()
    {
        Assert.Empty(Write("set", "val", 256, 10, []));
        using (TokenShardWriter writer = new(_folder.Path, "set", "train", 256))
        {
            writer.Append([1, 2, 3]);
            Assert.Equal("set_train_000001.bin.tmp", Path.GetFileName(Assert.Single(Directory.GetFiles(_folder.Path))));
        }
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_part_is_read_from_the_middle_and_ranges_outside_are_refused()
    {
        using TokenShard shard = TokenShard.Open(_folder.Write("a_train_000001.bin", ShardFiles.Shard(5, 6, 7, 8)));
        long[] part = new long[2];
        shard.Read(1, part, 10);
        Assert.Equal([6L, 7], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Read(3, part, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Read(-1, part, 10));
    }

    [Fact]
    public void NanoGpts_headerless_files_are_read()
    {
        using TokenShard shard = TokenShard.Open(_folder.Write("val.bin", ShardFiles.Headerless(50_256, 11, 0)));
        Assert.Equal([50_256L, 11, 0], ShardFiles.ReadAll(shard, 50_257));
    }

    [Fact]
    public void A_token_beyond_the_vocabulary_is_named_with_its_file_and_position()
    {
        using TokenShard shard = TokenShard.Open(_folder.Write("a_train_000001.bin", ShardFiles.Shard(1, 2, 3, 65, 4, 99)));
        long[] two = new long[2];
        shard.Read(0, two, 65);
        string message = Assert.Throws<InputException>(() => shard.Read(2, two, 65)).Message;
        Assert.Contains("position 3", message);
        Assert.Contains("is 65", message);
        Assert.Contains(shard.Path, message);
        Assert.Contains("position 5", Assert.Throws<InputException>(() => shard.CheckTokens(66)).Message);
        shard.CheckTokens(100);
    }

    public static TheoryData<string, byte[], string> Damaged => new()
    {
        { "a_train_000001.bin", [], "is empty" },
        { "a_train_000001.bin", [1, 2, 3], "is not a token shard" },
        { "a_train_000001.bin", ShardFiles.Headerless(1, 2, 3), "is not a token shard" },
        { "a_train_000001.bin", ShardFiles.Shard(1, 2, 3)[..700], "truncated" },
        { "a_train_000001.bin", ShardFiles.Shard(1, 2, 3)[..^1], "promises 3 tokens of 2 bytes, but only 5 bytes follow" },
        { "a_train_000001.bin", [.. ShardFiles.Shard(1, 2, 3), 0], "3 tokens of 2 bytes are promised, but 7 bytes follow" },
        { "a_train_000001.bin", ShardFiles.Shard(), "promises 0 tokens" },
        { "a_train_000001.bin", Changed(ShardFiles.Shard(1, 2), 4, 2), "has version 2, but only version 1" },
        { "a_train_000001.bin", Changed(ShardFiles.Shard(1, 2), 11, 0x80), "promises -2147483646 tokens" },
        { "val.bin", [1, 2, 3], "odd length (3 bytes)" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_damaged_file_is_refused_in_a_sentence(string name, byte[] bytes, string complaint)
    {
        string path = _folder.Write(name, bytes);
        string message = Assert.Throws<InputException>(() => TokenShard.Open(path)).Message;
        Assert.Contains(complaint, message);
        Assert.Contains(path, message);
    }

    [Fact]
    public void A_missing_file_is_refused_in_a_sentence() =>
        Assert.Contains("Cannot read", Assert.Throws<InputException>(() =>
            TokenShard.Open(_folder["none_train_000001.bin"])).Message);

    private static byte[] Changed(byte[] bytes, int position, byte value)
    {
        bytes[position] = value;
        return bytes;
    }

    private IReadOnlyList<ShardEntry> Write(string name, string split, int vocabularySize, int maxTokens,
        ReadOnlySpan<int> tokens)
    {
        using TokenShardWriter writer = new(_folder.Path, name, split, vocabularySize, maxTokens);
        int half = tokens.Length / 2;
        for (int i = 0; i < half; i++) writer.Append([tokens[i]]);
        writer.Append(tokens[half..]);
        return writer.Complete();
    }
}
