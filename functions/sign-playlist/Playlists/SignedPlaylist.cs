using System.Buffers.Text;
using System.IO.Pipelines;
using System.Security.Cryptography;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>A signed playlist, ready to be sent: its bytes, or, where they are too many to hold, what makes them again for each answer.</summary>
internal sealed class SignedPlaylist
{
    private readonly Distribution? _distribution;
    private readonly Delivery? _delivery;

    /// <summary>Holds the bytes. The entity tag is strong: it is made from them.</summary>
    public SignedPlaylist(byte[] body, ContentCoding coding)
    {
        (Body, Coding) = (body, coding);
        ETag = $"\"{Digest(body)}\"";
    }

    /// <summary>Holds none. The entity tag is weak: it is made from what the bytes follow from.</summary>
    /// <param name="distribution">The distribution that serves the video.</param>
    /// <param name="delivery">The signature, and the way of playing.</param>
    /// <param name="coding">How the bytes are compressed.</param>
    /// <param name="origin">All that the bytes depend on.</param>
    public SignedPlaylist(Distribution distribution, Delivery delivery, ContentCoding coding, ReadOnlySpan<byte> origin)
    {
        (_distribution, _delivery, Coding) = (distribution, delivery, coding);
        ETag = $"W/\"{Digest(origin)}\"";
    }

    /// <summary>The bytes; null where <see cref="WriteAsync"/> makes them.</summary>
    public ReadOnlyMemory<byte>? Body { get; }

    public ContentCoding Coding { get; }

    /// <summary>The entity tag, in quotes.</summary>
    public string ETag { get; }

    /// <summary>Signs the playlist into an answer, piece by piece, no faster than the client takes it.</summary>
    /// <param name="playlist">The playlist that this was made from.</param>
    /// <param name="output">The answer's body.</param>
    /// <param name="cancellationToken">Ends it when the client is gone.</param>
    public Task WriteAsync(Playlist playlist, PipeWriter output, CancellationToken cancellationToken) => Task.Run(async () =>
    {
        var rewriter = new PlaylistRewriter(playlist, _distribution!, _delivery!);
        if (Coding == ContentCoding.Identity)
        {
            while (rewriter.RewriteNext(output))
                await FlushAsync(output, cancellationToken);
        }
        else
        {
            await using var sink = new WriterStream(output);
            await using var compressor = Coding.Compress(sink);
            using var buffer = new StreamBuffer(compressor);
            while (rewriter.RewriteNext(buffer))
                await FlushAsync(output, cancellationToken);
            buffer.Flush();
        }
        await FlushAsync(output, cancellationToken);
    }, cancellationToken);

    private static async Task FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        if ((await output.FlushAsync(cancellationToken)).IsCompleted)
            throw new OperationCanceledException("The client is gone.", cancellationToken);
        await Task.Yield(); // the rest comes back on the thread that writes to sockets, which has other answers to write
    }

    private static string Digest(ReadOnlySpan<byte> data) => Base64Url.EncodeToString(SHA256.HashData(data).AsSpan(0, 12));
}
