namespace TorchLm.Core.Checkpoints;

/// <summary>Writes to a stream and pauses after each 64 KiB, as a slow disk would.</summary>
internal sealed class PausingStream(Stream target, TimeSpan pause) : Stream
{
    private const int Chunk = 1 << 16;

    private int _sincePause;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => target.Length;

    public override long Position
    {
        get => target.Position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int count = Math.Min(buffer.Length, Chunk - _sincePause);
            target.Write(buffer[..count]);
            buffer = buffer[count..];
            _sincePause += count;
            if (_sincePause < Chunk) continue;
            target.Flush();
            Thread.Sleep(pause);
            _sincePause = 0;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
