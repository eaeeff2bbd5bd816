using System.Buffers;

namespace SignPlaylist.Playlists;

/// <summary>Collects what is written in one pooled buffer, and hands it to a stream whenever it is full.</summary>
internal sealed class StreamBuffer(Stream output) : IBufferWriter<byte>, IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
    private int _count;

    public void Advance(int count) => _count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsSpan(_count);
    }

    public void Flush()
    {
        output.Write(_buffer, 0, _count);
        _count = 0;
    }

    /// <summary>Returns the buffer; what was not flushed is lost.</summary>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void MakeRoom(int sizeHint)
    {
        if (_buffer.Length - _count >= int.Max(sizeHint, 1))
            return;
        Flush();
        if (_buffer.Length >= sizeHint)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = ArrayPool<byte>.Shared.Rent(sizeHint);
    }
}
