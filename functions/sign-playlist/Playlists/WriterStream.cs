using System.Buffers;

namespace SignPlaylist.Playlists;

/// <summary>Lets a compressor write to a buffer writer. Flushing is the writer's business.</summary>
internal sealed class WriterStream(IBufferWriter<byte> output) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer) => output.Write(buffer);
}
