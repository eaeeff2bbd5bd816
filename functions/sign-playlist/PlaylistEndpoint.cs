using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using SignPlaylist.Playlists;

namespace SignPlaylist;

/// <summary><c>GET</c> and <c>HEAD /videos/{video}/….m3u8</c>: request → authorise → fetch → rewrite → respond.</summary>
internal sealed class PlaylistEndpoint(ViewerGate gate, PlaylistSource source, PlaylistSigner signer, SigningOptions options, TimeProvider clock)
{
    private const string ContentType = "application/vnd.apple.mpegurl";

    /// <summary>How long CloudFront keeps an answer to a ticket of another key than this replica signs with.</summary>
    /// <remarks>
    /// While the key changes, a replica that still signs with the old one may be asked by a ticket of the new one. Kept until the ticket ends, its answer would
    /// fill the new ticket's playlists with signatures that CloudFront no longer accepts.
    /// </remarks>
    private static readonly TimeSpan s_otherKeyFreshness = TimeSpan.FromSeconds(5);

    /// <summary>Creates the endpoint as the plainest delegate there is: it answers every playlist of every viewer.</summary>
    public static RequestDelegate Create(IServiceProvider services) => ActivatorUtilities.CreateInstance<PlaylistEndpoint>(services).HandleAsync;

    private async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (!PlaylistKey.TryParse(request.RouteValues["video"] as string, request.RouteValues["path"] as string, out var key))
        {
            await Problem(StatusCodes.Status400BadRequest, "This is not the path of a playlist.").ExecuteAsync(context);
            return;
        }

        var admission = await gate.AdmitAsync(request, key.Video);
        if (!admission.Granted)
        {
            await admission.Refusal.ExecuteAsync(context);
            return;
        }

        if (await source.FetchAsync(key, response, context.RequestAborted) is not { } playlist)
        {
            response.Headers.CacheControl = "max-age=5";
            await Problem(StatusCodes.Status404NotFound, "There is no such playlist.").ExecuteAsync(context);
            return;
        }

        var coding = ContentCodings.Preferred(request.Headers.AcceptEncoding);
        var signed = await signer.SignAsync(playlist, admission.Viewer, coding, context.RequestAborted);
        WriteHeaders(response, playlist, signed, admission.Viewer);
        if (IsKnown(request.Headers.IfNoneMatch, signed.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = ContentType;
        response.ContentLength = signed.Body?.Length;
        if (signed.Coding.Name() is { } name)
            response.Headers.ContentEncoding = name;
        if (!HttpMethods.IsGet(request.Method))
            return;
        if (signed.Body is { } body)
            await response.BodyWriter.WriteAsync(body, context.RequestAborted);
        else
            await signed.WriteAsync(playlist, response.BodyWriter, context.RequestAborted);
    }

    /// <summary>Returns whether the client has these bytes already (RFC 9110, section 13.1.2). A malformed list is ignored.</summary>
    private static bool IsKnown(StringValues ifNoneMatch, string eTag)
    {
        if (ifNoneMatch.Count == 0 || !EntityTagHeaderValue.TryParseStrictList(ifNoneMatch, out var tags))
            return false;
        if (tags.Contains(EntityTagHeaderValue.Any)) // alone it stands for all; in a list it is malformed
            return tags.Count == 1;
        var ours = EntityTagHeaderValue.Parse(eTag);
        return tags.Any(tag => tag.Compare(ours, useStrongComparison: false));
    }

    private void WriteHeaders(HttpResponse response, Playlist playlist, SignedPlaylist signed, Viewer viewer)
    {
        response.Headers.ETag = signed.ETag;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.Headers.CacheControl = CacheControlOf(playlist, viewer);
        if (!viewer.ViaCloudFront)
            response.Headers["Referrer-Policy"] = "no-referrer"; // a token may be in the URL
    }

    /// <summary>
    /// How long a copy may be served. It must not outlive what is in it, nor hide for too long that the video was deleted, replaced or its tickets revoked.
    /// </summary>
    private string CacheControlOf(Playlist playlist, Viewer viewer)
    {
        var left = viewer.Expires - clock.GetUtcNow();
        var limit = viewer.HasOtherKey ? s_otherKeyFreshness
            : playlist.Key.IsMultivariant ? options.MultivariantFreshness - options.OwnMultivariantFreshness : options.MediaFreshness;
        if (playlist.ChangesWithin is { } soon && soon < limit)
            limit = soon;
        // A token's URLs have half of their lifetime left even in the oldest copy; a ticket ends at its time, no matter who holds the copy.
        if (!viewer.ViaCloudFront)
            return string.Create(CultureInfo.InvariantCulture, $"private, max-age={Seconds(Min(left, Min(limit, options.Lifetime.Minimum / 2)))}");
        // The ages of copies add up, so where the limit counts the edge keeps one, and the player none.
        return limit < left
            ? string.Create(CultureInfo.InvariantCulture, $"public, max-age=0, s-maxage={Seconds(limit)}, stale-if-error=0")
            : string.Create(CultureInfo.InvariantCulture, $"public, max-age={Seconds(left)}");
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static long Seconds(TimeSpan time) => long.Max((long)time.TotalSeconds, 0);

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
