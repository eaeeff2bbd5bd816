using System.Diagnostics;

namespace Reelseal.Benchmarks.Servers;

/// <summary>Notes when a stream has been read to its end.</summary>
/// <param name="content">What is read.</param>
/// <param name="end">Gets the timestamp of the end, see <see cref="Stopwatch.GetTimestamp"/>.</param>
internal sealed class EndNotingStream(Stream content, TaskCompletionSource<long> end) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await content.ReadAsync(buffer, cancellationToken);
        if (count == 0)
            end.TrySetResult(Stopwatch.GetTimestamp());
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
