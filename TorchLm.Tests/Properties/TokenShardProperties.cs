using FsCheck;
using FsCheck.Fluent;
using TorchLm.Data.Shards;
using TorchLm.Tests.Data;

namespace TorchLm.Tests.Properties;

public class TokenShardProperties
{
    private sealed record Case(int Vocabulary, int[][] Documents, int MaxTokens)
    {
        public override string ToString() => $"{Vocabulary} ids, {MaxTokens} tokens a shard, documents [{string.Join("], [", Documents.Select(d => string.Join(' ', d)))}]";
    }

    private static Gen<Case> Cases =>
        from vocabulary in Gen.Elements(1, 2, 257, 65_535, 65_536, 65_537, int.MaxValue)
        from documents in Generators.Numbers(0, vocabulary - 1).UpTo(40).UpTo(6)
        from most in Gen.Choose(1, 50)
        select new Case(vocabulary, documents, most);

    [Fact]
    public void Tokens_come_back_whatever_their_width_and_wherever_documents_and_shards_end() => PropertyCheck.Holds(Cases, c =>
    {
        using var folder = new TemporaryFolder();
        using TokenShardWriter writer = new(folder.Path, "set", "train", c.Vocabulary, c.MaxTokens);
        foreach (int[] document in c.Documents) writer.Append(document);
        List<long> read = [];
        foreach (ShardEntry entry in writer.Complete())
        {
            using TokenShard shard = TokenShard.Open(folder[entry.File]);
            Assert.Equal(c.Vocabulary <= 65_536 ? 2 : 4, shard.BytesPerToken);
            Assert.InRange(shard.Tokens, 1, c.MaxTokens);
            Assert.Equal(entry.Tokens, shard.Tokens);
            read.AddRange(ShardFiles.ReadAll(shard, c.Vocabulary));
        }
        Assert.Equal(c.Documents.SelectMany(d => d).Select(id => (long)id), read);
    });

    [Fact]
    public void Any_part_of_a_shard_is_that_part_of_its_tokens() => PropertyCheck.Holds(
        from tokens in Gen.Choose(0, 65_535).UpTo(60)
        from ends in Gen.Choose(0, tokens.Length + 1).Two()
        select (Tokens: tokens.Append(7).ToArray(), From: Math.Min(ends.Item1, ends.Item2), To: Math.Max(ends.Item1, ends.Item2)),
        c =>
        {
            using var folder = new TemporaryFolder();
            using TokenShard shard = TokenShard.Open(folder.Write("a_train_000001.bin", ShardFiles.Shard(c.Tokens)));
            long[] part = new long[c.To - c.From];
            shard.Read(c.From, part, 65_536);
            Assert.Equal(c.Tokens[c.From..c.To].Select(id => (long)id), part);
        });
}
