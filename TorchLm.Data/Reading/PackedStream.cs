using System.IO.Compression;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.BZip2;
using ICSharpCode.SharpZipLib.GZip;
using ZstdSharp;

namespace TorchLm.Data.Reading;

/// <summary>
/// Opens compressed files so that a truncated or damaged one is noticed. .NET's own gzip and Brotli streams take the end of a truncated file for
/// the end of its content, and do not compare gzip's checksum.
/// </summary>
internal static class PackedStream
{
    /// <summary>The content of a file that can be sought in.</summary>
    public static Stream Open(Stream file, Packing packing) => packing switch
    {
        Packing.Gzip => new GZipInputStream(file, 1 << 16), // reads members that follow each other as one
        Packing.Zstandard => new DecompressionStream(file, leaveOpen: false),
        Packing.Brotli => new CheckedBrotliStream(file),
        Packing.Bzip2 => new Bzip2Members(file),
        _ => file,
    };

    /// <summary>Whether a failure says that the packed data is damaged.</summary>
    public static bool IsDamage(Exception failure) =>
        failure is SharpZipBaseException or ZstdException or InvalidDataException or EndOfStreamException or IndexOutOfRangeException;

    /// <summary>Streams of bzip2 that follow each other are one content (pbzip2 and Wikipedia's dumps are such), of which the library reads the first.</summary>
    private sealed class Bzip2Members(Stream file) : ReadOnlyStream(file)
    {
        private BZip2InputStream _member = Next(file);

        public override int Read(Span<byte> buffer)
        {
            while (true)
            {
                int read = _member.Read(buffer);
                if (read > 0 || buffer.IsEmpty || !IsNext()) return read;
                _member = Next(Inner);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) _member.Dispose();
            base.Dispose(disposing);
        }

        // What follows the last stream and is none is passed over, as the readers of gzip do.
        private bool IsNext()
        {
            long position = Inner.Position;
            Span<byte> mark = stackalloc byte[3];
            bool isNext = Inner.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false) == 3 && mark.SequenceEqual("BZh"u8);
            Inner.Position = position;
            return isNext;
        }

        private static BZip2InputStream Next(Stream file) => new(file) { IsStreamOwner = false };
    }

    private sealed class CheckedBrotliStream(Stream file) : ReadOnlyStream(file)
    {
        private readonly byte[] _input = new byte[1 << 16];
        private BrotliDecoder _decoder; // a mutable struct
        private int _start, _end;
        private bool _done;

        public override int Read(Span<byte> buffer)
        {
            while (!_done && !buffer.IsEmpty)
            {
                var status = _decoder.Decompress(_input.AsSpan(_start, _end - _start), buffer, out int consumed, out int written);
                _start += consumed;
                _done = status == System.Buffers.OperationStatus.Done;
                if (status == System.Buffers.OperationStatus.InvalidData) throw new InvalidDataException("This is not Brotli's format.");
                if (_done && (_start < _end || Inner.ReadByte() >= 0)) throw new InvalidDataException("Something follows the end of the Brotli stream.");
                if (written > 0) return written;
                if (status == System.Buffers.OperationStatus.NeedMoreData) Fill();
            }
            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            _decoder.Dispose();
            base.Dispose(disposing);
        }

        private void Fill()
        {
            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            (_start, _end) = (0, _end - _start);
            int read = Inner.Read(_input.AsSpan(_end));
            if (read == 0) throw new EndOfStreamException("The Brotli stream ends early.");
            _end += read;
        }
    }
}
