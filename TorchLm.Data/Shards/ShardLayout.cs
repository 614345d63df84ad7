using System.Buffers.Binary;
using TorchLm.Core;

namespace TorchLm.Data.Shards;

/// <summary>
/// Where the tokens of a shard file lie: llm.c's header (256 little-endian int32: magic number, version, token count, zeros)
/// followed by the tokens, or nanoGPT's headerless uint16 tokens.
/// </summary>
/// <param name="BytesPerToken">2 (uint16) or 4 (uint32).</param>
/// <param name="Offset">The first token's position in the file, in bytes.</param>
/// <param name="Tokens">Number of tokens.</param>
internal readonly record struct ShardLayout(int BytesPerToken, int Offset, long Tokens)
{
    /// <summary>Length of the header in bytes.</summary>
    public const int HeaderLength = 256 * sizeof(int);

    // llm.c, dev/data/data_common.py: the GPT-2 format and the Llama 3 format.
    private const int NarrowMagic = 20240520, NarrowVersion = 1;
    private const int WideMagic = 20240801, WideVersion = 7;

    /// <summary>The bytes a token takes in a shard for this vocabulary: 2 as long as every id fits into uint16.</summary>
    public static int BytesPerTokenFor(int vocabularySize) => vocabularySize <= ushort.MaxValue + 1 ? 2 : 4;

    /// <summary>The header of a shard that holds <paramref name="tokens"/> tokens.</summary>
    public static byte[] MakeHeader(int bytesPerToken, int tokens)
    {
        byte[] header = new byte[HeaderLength];
        BinaryPrimitives.WriteInt32LittleEndian(header, bytesPerToken == 2 ? NarrowMagic : WideMagic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), bytesPerToken == 2 ? NarrowVersion : WideVersion);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), tokens);
        return header;
    }

    /// <summary>Reads the layout of a shard file and checks it against the file's length.</summary>
    /// <exception cref="InputException">The file is not a shard, or not a whole one.</exception>
    public static ShardLayout Read(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return Read(file, path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot read the token file '{path}': {failure.Message}", failure);
        }
    }

    private static ShardLayout Read(FileStream file, string path)
    {
        if (file.Length == 0) throw new InputException($"The token file '{path}' is empty: make it again.");

        Span<byte> start = stackalloc byte[12];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        int magic = read >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(start) : 0;
        // As uint16 tokens of GPT-2 the magic numbers hold an id above 50256, so no nanoGPT file starts like that by chance.
        if (magic is NarrowMagic or WideMagic) return ReadWithHeader(file, path, start[..read], magic);
        if (ShardName.IsHeaderless(Path.GetFileName(path))) return ReadHeaderless(file, path);
        throw new InputException($"The file '{path}' is not a token shard: it starts with {magic} instead of {NarrowMagic} " +
            $"(uint16) or {WideMagic} (uint32); make shards with `torchlm prepare`.");
    }

    private static ShardLayout ReadWithHeader(FileStream file, string path, ReadOnlySpan<byte> start, int magic)
    {
        if (file.Length < HeaderLength)
        {
            throw new InputException($"The token file '{path}' is truncated: {file.Length} bytes are less than its header of " +
                $"{HeaderLength}; copy or make it again.");
        }
        int version = BinaryPrimitives.ReadInt32LittleEndian(start[4..]);
        int expectedVersion = magic == NarrowMagic ? NarrowVersion : WideVersion;
        if (version != expectedVersion)
        {
            throw new InputException($"The token file '{path}' has version {version}, but only version {expectedVersion} is " +
                $"known for shards that start with {magic}: make it again.");
        }

        int tokens = BinaryPrimitives.ReadInt32LittleEndian(start[8..]);
        int width = magic == NarrowMagic ? 2 : 4;
        long body = file.Length - HeaderLength;
        if (tokens <= 0)
        {
            throw new InputException($"The header of the token file '{path}' promises {tokens} tokens: make it again.");
        }
        if (body < (long)tokens * width)
        {
            throw new InputException($"The token file '{path}' is truncated: its header promises {tokens} tokens of {width} " +
                $"bytes, but only {body} bytes follow; copy or make it again.");
        }
        if (body > (long)tokens * width)
        {
            throw new InputException($"The token file '{path}' does not match its header: {tokens} tokens of {width} bytes are " +
                $"promised, but {body} bytes follow; copy or make it again.");
        }
        return new ShardLayout(width, HeaderLength, tokens);
    }

    private static ShardLayout ReadHeaderless(FileStream file, string path)
    {
        if (file.Length % 2 != 0)
        {
            throw new InputException($"The token file '{path}' has an odd length ({file.Length} bytes), but holds uint16 " +
                "tokens: it is truncated; copy or make it again.");
        }
        return new ShardLayout(2, 0, file.Length / 2);
    }
}
