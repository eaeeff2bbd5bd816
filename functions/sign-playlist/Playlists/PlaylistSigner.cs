using System.Text;
using Microsoft.Extensions.Caching.Memory;
using Reelseal;
using Reelseal.Telemetry;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>Signs playlists, and keeps what it signed: all viewers of one window get the same bytes.</summary>
internal sealed class PlaylistSigner(IMemoryCache cache, SigningOptions options, TimeProvider clock)
{
    /// <summary>The largest body that is held, of what the caches may hold together. A larger one is signed again for each answer, straight into it.</summary>
    private const int LargestShare = 8;

    private readonly int _largestBody = (int)long.Min(options.CacheBytes / LargestShare, int.MaxValue);
    private readonly SingleFlight<Rendering, SignedPlaylist> _renderings = new();
    private readonly SingleFlight<PolicyStatement, UrlSignature> _signatures = new();

    /// <summary>Signs a playlist for a viewer.</summary>
    public async ValueTask<SignedPlaylist> SignAsync(Playlist playlist, Viewer viewer, ContentCoding coding, CancellationToken cancellationToken)
    {
        var playlistQuery = playlist.NamesPlaylists ? viewer.PlaylistQuery : "";
        var rendering = new Rendering(
            playlist.Key.Key, playlist.ETag, viewer.ViaCloudFront, viewer.Expires, options.Lifetime.StartFor(clock.GetUtcNow()), playlistQuery, coding);
        // A token belongs to one viewer: an answer with it is not cached, and the token never becomes a cache key.
        if (playlistQuery.Length > 0 && !viewer.ViaCloudFront)
            return await Task.Run(() => RenderAsync(playlist, rendering), cancellationToken);

        var signed = cache.Get<SignedPlaylist>(rendering);
        CacheLookups.Count("signed", signed is not null);
        return signed ?? await _renderings.RunAsync(rendering, () => RenderAndKeepAsync(playlist, rendering), cancellationToken);
    }

    /// <summary>Returns the signature that opens everything of a video until then. A new one is made on a thread that no answer waits for.</summary>
    public async ValueTask<UrlSignature> SignatureForAsync(VideoId video, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var statement = new PolicyStatement(options.Distribution.ResourceFor(video), expires, options.Lifetime.StartFor(clock.GetUtcNow()));
        return cache.Get<UrlSignature>(statement) ?? await _signatures.RunAsync(
            statement,
            () => Task.FromResult(cache.Set(statement, options.Signer.Sign(statement), new MemoryCacheEntryOptions { Size = CacheSizes.Entry })),
            cancellationToken);
    }

    /// <summary>Signs one URL with a canned policy, on a thread that no answer waits for.</summary>
    public Task<UrlSignature> SignUrlAsync(string url, DateTimeOffset expires, CancellationToken cancellationToken) =>
        Task.Run(() => options.Signer.SignCanned(url, expires), cancellationToken);

    /// <summary>Signs a playlist into a stream, through one pooled buffer: what is signed can be thirty times as long as the playlist.</summary>
    internal static void Rewrite(Playlist playlist, Distribution distribution, Delivery delivery, Stream output)
    {
        using var buffer = new StreamBuffer(output);
        var rewriter = new PlaylistRewriter(playlist, distribution, delivery);
        while (rewriter.RewriteNext(buffer))
        {
        }
        buffer.Flush();
    }

    private async Task<SignedPlaylist> RenderAndKeepAsync(Playlist playlist, Rendering rendering)
    {
        var signed = await RenderAsync(playlist, rendering);
        return cache.Set(rendering, signed, new MemoryCacheEntryOptions { Size = (signed.Body?.Length ?? CacheSizes.Entry) + CacheSizes.Entry });
    }

    private async Task<SignedPlaylist> RenderAsync(Playlist playlist, Rendering rendering)
    {
        using var span = Signals.Activities.StartActivity("sign playlist");
        var delivery = options.SignPerUrl
            ? Delivery.WithSignaturePerUrl(rendering.ViaCloudFront, rendering.PlaylistQuery, options.Signer, rendering.Expires)
            : Delivery.WithOneSignature(
                rendering.ViaCloudFront, rendering.PlaylistQuery, await SignatureForAsync(playlist.Key.Video, rendering.Expires, CancellationToken.None));
        return TryRender(playlist, delivery, rendering.Coding) is { } body
            ? new(body, rendering.Coding)
            : new(options.Distribution, delivery, rendering.Coding, Encoding.UTF8.GetBytes($"{rendering}{Encoding.ASCII.GetString(delivery.Signature.Span)}"));
    }

    /// <summary>Signs a playlist into memory; null where that would take more than is held.</summary>
    private byte[]? TryRender(Playlist playlist, Delivery delivery, ContentCoding coding)
    {
        // One signature on every line compresses to almost nothing, signatures of their own hardly at all. They also take long, so a body that
        // will not fit is not even begun.
        const int urlAndSignature = 400;
        if ((coding == ContentCoding.Identity || options.SignPerUrl) && playlist.UriCount > _largestBody / urlAndSignature)
            return null;
        var body = new BodyBuffer(_largestBody);
        try
        {
            using (var compressor = coding.Compress(body))
            {
                using var buffer = new StreamBuffer(compressor);
                var rewriter = new PlaylistRewriter(playlist, options.Distribution, delivery);
                while (!body.HasOverflowed && rewriter.RewriteNext(buffer))
                {
                }
                buffer.Flush();
            }
            return body.HasOverflowed ? null : body.ToArray();
        }
        finally
        {
            body.Release();
        }
    }

    /// <summary>All that a signed playlist's bytes depend on.</summary>
    private sealed record Rendering(
        string Key, string ETag, bool ViaCloudFront, DateTimeOffset Expires, DateTimeOffset? Start, string PlaylistQuery, ContentCoding Coding);
}
