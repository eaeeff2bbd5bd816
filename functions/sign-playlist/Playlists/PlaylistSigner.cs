using System.IO.Pipelines;
using Microsoft.Extensions.Caching.Memory;
using Reelseal;
using Reelseal.Telemetry;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Signs playlists, and keeps what it signed: all viewers of one window get the same bytes.</summary>
internal sealed class PlaylistSigner(IMemoryCache cache, SigningOptions options, TimeProvider clock)
{
    private static readonly StreamPipeWriterOptions s_buffers = new(minimumBufferSize: 64 << 10, leaveOpen: true);

    private readonly SingleFlight<Rendering, SignedPlaylist> _flights = new();

    /// <summary>The playlist, signed for a viewer.</summary>
    /// <exception cref="UpstreamException">The playlist cannot be signed.</exception>
    public async ValueTask<SignedPlaylist> SignAsync(
        Playlist playlist, PlaylistKey key, Viewer viewer, ContentCoding coding, CancellationToken cancellationToken)
    {
        var rendering = new Rendering(
            key.Key, playlist.ETag, viewer.ViaCloudFront, viewer.Expires, options.Lifetime.StartFor(clock.GetUtcNow()),
            playlist.NamesPlaylists ? viewer.PlaylistQuery : "", coding);
        var signed = cache.Get<SignedPlaylist>(rendering);
        CacheLookups.Count("signed", signed is not null);
        return signed ?? await _flights.RunAsync(rendering, () => Task.FromResult(Render(playlist, key, rendering)), cancellationToken);
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
        using var span = Signals.Activities.StartActivity("sign playlist");
        var delivery = options.SignPerUrl
            ? Delivery.WithSignaturePerUrl(rendering.ViaCloudFront, rendering.PlaylistQuery, options.Signer, rendering.Expires)
            : Delivery.WithOneSignature(rendering.ViaCloudFront, rendering.PlaylistQuery, SignatureFor(key.Video, rendering.Expires));
        var body = new MemoryStream();
        using (var compressed = rendering.Coding.Compress(body))
            Rewrite(playlist, key, options.Distribution, delivery, compressed);
        var signed = new SignedPlaylist(body.ToArray(), rendering.Coding);
        return cache.Set(rendering, signed, new MemoryCacheEntryOptions { Size = signed.Body.Length + CacheSizes.Entry });
    }

    /// <summary>Rewrites into a stream, through pooled buffers: what is signed can be thirty times as long as the playlist.</summary>
    internal static void Rewrite(Playlist playlist, PlaylistKey key, Distribution distribution, Delivery delivery, Stream output)
    {
        var writer = PipeWriter.Create(output, s_buffers);
        new PlaylistRewriter(key, distribution, delivery).Rewrite(playlist.Content, writer);
        writer.Complete();
    }

    /// <summary>All that a signed playlist's bytes depend on.</summary>
    private sealed record Rendering(
        string Key, string ETag, bool ViaCloudFront, DateTimeOffset Expires, DateTimeOffset? Start, string PlaylistQuery, ContentCoding Coding);
}
