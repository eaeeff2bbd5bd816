using System.Net;

namespace Reelseal.Local.Gateway;

/// <summary>A request body that is forwarded as it arrives: .NET's own content would wait for a full buffer.</summary>
internal sealed class StreamedBody(Stream body) : HttpContent
{
    private volatile bool _sent;

    /// <summary>Whether the body was sent to its end.</summary>
    public bool Sent => _sent;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        _sent = true;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
