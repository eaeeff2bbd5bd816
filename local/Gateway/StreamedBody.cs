using System.Net;

namespace Reelseal.Local.Gateway;

/// <summary>A request body that goes on as it comes: each piece is sent at once, where .NET's own content would wait for a full buffer.</summary>
internal sealed class StreamedBody(Stream body) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
