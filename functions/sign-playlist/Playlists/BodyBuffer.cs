using System.Buffers;

namespace SignPlaylist.Playlists;

/// <summary>Holds the body of an answer while it is made, up to a limit. Beyond that it holds nothing.</summary>
/// <param name="limit">The most bytes.</param>
internal sealed class BodyBuffer(int limit) : WriteOnlyStream
{
    private const int ChunkBytes = 64 << 10;
    private readonly List<byte[]> _chunks = [];
    private int _count;

    /// <summary>Whether more was written than the limit allows.</summary>
    public bool HasOverflowed { get; private set; }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (HasOverflowed || buffer.Length > limit - _count)
        {
            HasOverflowed = true;
            Release();
            return;
        }
        while (!buffer.IsEmpty)
        {
            var used = _count % ChunkBytes;
            if (used == 0)
                _chunks.Add(ArrayPool<byte>.Shared.Rent(ChunkBytes));
            var length = int.Min(buffer.Length, ChunkBytes - used);
            buffer[..length].CopyTo(_chunks[^1].AsSpan(used));
            buffer = buffer[length..];
            _count += length;
        }
    }

    /// <summary>Copies what was written.</summary>
    public byte[] ToArray()
    {
        var body = new byte[_count];
        for (var chunk = 0; chunk < _chunks.Count; chunk++)
            _chunks[chunk].AsSpan(0, int.Min(ChunkBytes, _count - (chunk * ChunkBytes))).CopyTo(body.AsSpan(chunk * ChunkBytes));
        return body;
    }

    /// <summary>Gives the memory back. Being disposed does not: a compressor may do that before the bytes are read.</summary>
    public void Release()
    {
        foreach (var chunk in _chunks)
            ArrayPool<byte>.Shared.Return(chunk);
        _chunks.Clear();
        _count = 0;
    }
}
