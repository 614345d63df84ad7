namespace TorchLm.Tests.Export;

/// <summary>A file that is as long as it says, and of zeros after its beginning: what a sparse file is, without the disk.</summary>
internal sealed class LongStream(byte[] beginning, long length) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, Math.Max(0, length - Position));
        buffer[..count].Clear();
        if (Position < beginning.Length)
        {
            ReadOnlySpan<byte> rest = beginning.AsSpan((int)Position);
            rest[..Math.Min(rest.Length, count)].CopyTo(buffer);
        }
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
