using System.Buffers.Binary;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;

namespace TorchLm.Tests.Data;

/// <summary>Makes and reads shard files independently of the code under test, byte by byte.</summary>
internal static class ShardFiles
{
    public static byte[] Shard(params int[] tokens)
    {
        byte[] bytes = new byte[1024 + 2 * tokens.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, 20240520);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), tokens.Length);
        Headerless(tokens).CopyTo(bytes, 1024);
        return bytes;
    }

    public static byte[] Headerless(params int[] tokens)
    {
        byte[] bytes = new byte[2 * tokens.Length];
        for (int i = 0; i < tokens.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)tokens[i]);
        return bytes;
    }

    public static long[] ReadAll(TokenShard shard, int vocabularySize = int.MaxValue)
    {
        long[] tokens = new long[shard.Tokens];
        shard.Read(0, tokens, vocabularySize);
        return tokens;
    }

    public static long[] ReadAll(DatasetSplit split) => [.. split.Shards.SelectMany(entry =>
    {
        using TokenShard shard = TokenShard.Open(entry.Path);
        return ReadAll(shard);
    })];

    /// <summary>
    /// A split whose token at position p of shard s is <c>1000 s + p</c>, so that every token says where it is from.
    /// </summary>
    public static DatasetSplit Split(TemporaryFolder folder, params int[] tokensInShards)
    {
        List<SplitShard> shards = [];
        for (int shard = 0; shard < tokensInShards.Length; shard++)
        {
            int[] tokens = [.. Enumerable.Range(1000 * shard, tokensInShards[shard])];
            shards.Add(new SplitShard(folder.Write($"set_train_{shard + 1:D6}.bin", Shard(tokens)), tokens.Length));
        }
        return new DatasetSplit("train", folder.Path, shards, Documents: null, Bytes: null, EntropyNats: null);
    }
}
