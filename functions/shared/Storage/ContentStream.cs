namespace Reelseal.Storage;

/// <summary>An object's content while it is read: its faults are the store's (<see cref="UpstreamException"/>), and it may be slow but not silent.</summary>
/// <param name="read">Reads on from a position, relative to the content's start; 0 at its end.</param>
/// <param name="owner">What to dispose of with it.</param>
/// <param name="length">The number of bytes to expect.</param>
/// <param name="idleLimit">How long a single read may take.</param>
/// <param name="lifetime">Ends reading.</param>
internal sealed class ContentStream(
    Func<Memory<byte>, long, CancellationToken, ValueTask<int>> read, IDisposable owner, long length, TimeSpan idleLimit, CancellationToken lifetime) : Stream
{
    private readonly Deadline _deadline = new(idleLimit, lifetime);
    private long _position;
    private bool _failed;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => length;
    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || (_position == length && length > 0))
            return 0;
        _deadline.Extend();
        using var linked = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancellationToken) : null;
        var token = linked?.Token ?? _deadline.Token;
        try
        {
            var count = await read(buffer, _position, token);
            if (count == 0 && _position < length)
                throw new EndOfStreamException($"The content ended after {_position} of {length} bytes.");
            // The SDK compares checksums at the end, which a reader who counts bytes would never ask for: nobody gets the last bytes unchecked.
            if (count > 0 && _position + count == length && await read(new byte[1], length, token) > 0)
                throw new InvalidDataException($"The content goes on after {length} bytes.");
            _position += count;
            return count;
        }
        catch (Exception e)
        {
            _failed = true;
            cancellationToken.ThrowIfCancellationRequested();
            throw _deadline.Translate(e);
        }
        finally
        {
            _deadline.Pause();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <exception cref="NotSupportedException">Always: a thread must not wait for the network.</exception>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read an object asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                owner.Dispose();
            }
            catch (Exception) when (_failed)
            {
                // The SDK reports the wrong checksum again on disposal; the reader has got the exception already.
            }
            _deadline.Dispose();
        }
        base.Dispose(disposing);
    }
}
