using System.Buffers;
using Microsoft.Extensions.Caching.Memory;
using Reelseal;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Signs playlists, and keeps what it signed: all viewers of one window get the same bytes.</summary>
internal sealed class PlaylistSigner(IMemoryCache cache, SigningOptions options, TimeProvider clock)
{
    private readonly SingleFlight<Rendering, SignedPlaylist> _flights = new();

    /// <summary>The playlist, signed for a viewer.</summary>
    /// <exception cref="UpstreamException">The playlist cannot be signed.</exception>
    public async ValueTask<SignedPlaylist> SignAsync(
        Playlist playlist, PlaylistKey key, Viewer viewer, ContentCoding coding, CancellationToken cancellationToken)
    {
        var rendering = new Rendering(
            key.Key, playlist.ETag, viewer.ThroughEdge, viewer.Expires, options.Lifetime.StartFor(clock.GetUtcNow()),
            playlist.NamesPlaylists ? viewer.PlaylistQuery : "", coding);
        return cache.Get<SignedPlaylist>(rendering) is { } signed
            ? signed
            : await _flights.RunAsync(rendering, () => Task.FromResult(Render(playlist, key, rendering)), cancellationToken);
    }

    /// <summary>The signature that opens everything of a video until then.</summary>
    public UrlSignature SignatureFor(VideoId video, DateTimeOffset expires)
    {
        var statement = new PolicyStatement(options.Distribution.ResourceFor(video), expires, options.Lifetime.StartFor(clock.GetUtcNow()));
        return cache.GetOrCreate(statement, entry =>
        {
            entry.Size = CacheSizes.Entry;
            return options.Signer.Sign(statement);
        })!;
    }

    private SignedPlaylist Render(Playlist playlist, PlaylistKey key, Rendering rendering)
    {
        var delivery = options.EachUrl
            ? Delivery.WithSignatureEach(rendering.ThroughEdge, rendering.PlaylistQuery, options.Signer, rendering.Expires)
            : Delivery.WithOneSignature(rendering.ThroughEdge, rendering.PlaylistQuery, SignatureFor(key.Video, rendering.Expires));
        var signed = new SignedPlaylist(rendering.Coding.Compress(Rewrite(playlist, key, options.Distribution, delivery).WrittenMemory), rendering.Coding);
        return cache.Set(rendering, signed, new MemoryCacheEntryOptions { Size = signed.Body.Length + CacheSizes.Entry });
    }

    internal static ArrayBufferWriter<byte> Rewrite(Playlist playlist, PlaylistKey key, Distribution distribution, Delivery delivery)
    {
        // Two lines a segment, of which one grows: enough for almost every playlist, without growing the buffer on the way.
        var lines = playlist.Content.AsSpan().Count((byte)'\n') + 1;
        var grown = distribution.UrlOf(key.Folder).Length + delivery.Signature.Length + 1;
        var output = new ArrayBufferWriter<byte>(playlist.Content.Length + (((lines / 2) + 16) * grown));
        new PlaylistRewriter(key, distribution, delivery).Rewrite(playlist.Content, output);
        return output;
    }

    /// <summary>All that a signed playlist's bytes depend on.</summary>
    private sealed record Rendering(
        string Key, string ETag, bool ThroughEdge, DateTimeOffset Expires, DateTimeOffset? Start, string PlaylistQuery, ContentCoding Coding);
}
