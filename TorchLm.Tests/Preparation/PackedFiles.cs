using System.IO.Compression;
using System.Text;
using Parquet;
using Parquet.Schema;

namespace TorchLm.Tests.Preparation;

/// <summary>Files in the formats that are read, made by the libraries' writers.</summary>
internal static class PackedFiles
{
    public static byte[] Gzip(byte[] content) => Pack(content, stream => new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true));

    public static byte[] Brotli(byte[] content) => Pack(content, stream => new BrotliStream(stream, CompressionLevel.Optimal, leaveOpen: true));

    public static byte[] Zstandard(byte[] content) => Pack(content, stream => new ZstdSharp.CompressionStream(stream, 3, leaveOpen: true));

    public static byte[] Bzip2(byte[] content) => Pack(content, stream => new ICSharpCode.SharpZipLib.BZip2.BZip2OutputStream(stream) { IsStreamOwner = false });

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A Parquet file of an id and a text column, with two rows in a row group.</summary>
    public static byte[] Parquet(string?[] texts, string column = "text") => ParquetAsync(texts, column).GetAwaiter().GetResult();

    private static async Task<byte[]> ParquetAsync(string?[] texts, string column)
    {
        var schema = new ParquetSchema(new DataField<int>("id"), new DataField<string>(column));
        using var content = new MemoryStream();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(schema, content))
        {
            foreach (string?[] rows in texts.Chunk(2))
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync<int>(schema.DataFields[0], Enumerable.Range(0, rows.Length).ToArray());
                await group.WriteAsync(schema.DataFields[1], rows!);
            }
        }
        return content.ToArray();
    }

    private static byte[] Pack(byte[] content, Func<Stream, Stream> pack)
    {
        using var packed = new MemoryStream();
        using (Stream stream = pack(packed)) stream.Write(content);
        return packed.ToArray();
    }
}
