using System.Diagnostics;

namespace IngestVideo.Receiving;

/// <summary>
/// A request's body, counted while it is read, and refused when it stalls or trickles, because each sender occupies one of few slots.
/// Its length is unknown: behind the gateway there is no Content-Length.
/// Reading throws <see cref="IngestRefusedException"/> (413, 408), and <see cref="OperationCanceledException"/> when the sender hung up.
/// </summary>
internal sealed class UploadStream(Stream body, long mostBytes, TimeSpan idleTimeout) : Stream
{
    /// <summary>Slower than any line that a video would be sent over.</summary>
    private const int LeastBytesPerSecond = 1024;

    private long _read;
    private long _readBefore;
    private TimeSpan _waited;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        idle.CancelAfter(idleTimeout);
        int read;
        var start = Stopwatch.GetTimestamp();
        try
        {
            read = await body.ReadAsync(buffer, idle.Token);
        }
        catch (OperationCanceledException) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new IngestRefusedException(
                StatusCodes.Status408RequestTimeout, $"The upload stalled: no byte came for {idleTimeout.TotalSeconds:0.#} seconds. Send the video again.");
        }
        catch (BadHttpRequestException e) // the sender may still be there to read the answer
        {
            throw new IngestRefusedException(StatusCodes.Status400BadRequest, "The request is malformed: its body ends early. Send the video again.", e);
        }
        catch (IOException e) // the connection broke
        {
            throw new OperationCanceledException("The sender hung up.", e);
        }
        _read += read;
        _waited += Stopwatch.GetElapsedTime(start); // not the time in which we were busy
        // Twice the timeout: a sender that was cut off for nearly that long has the other half to catch up.
        if (_waited >= 2 * idleTimeout && read > 0)
        {
            if (_read - _readBefore < LeastBytesPerSecond * _waited.TotalSeconds)
            {
                throw new IngestRefusedException(
                    StatusCodes.Status408RequestTimeout,
                    $"The upload is too slow: fewer than {LeastBytesPerSecond} bytes a second came. Send the video again.");
            }
            (_waited, _readBefore) = (TimeSpan.Zero, _read);
        }
        return _read > mostBytes ? throw IngestRefusedException.TooLarge(mostBytes) : read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => _read; set => throw new NotSupportedException(); }
    public override void Flush() => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
