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
        WriteHeaders(response, signed, admission.Viewer);
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

    private void WriteHeaders(HttpResponse response, SignedPlaylist signed, Viewer viewer)
    {
        response.Headers.ETag = signed.ETag;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        // A cached copy must not outlive its signatures. A ticket's copies all end with it; a token's URLs have half of their lifetime
        // left even in the oldest copy.
        var left = viewer.Expires - clock.GetUtcNow();
        var seconds = (long)(viewer.ViaCloudFront || left < options.Lifetime.Minimum / 2 ? left : options.Lifetime.Minimum / 2).TotalSeconds;
        response.Headers.CacheControl = string.Create(
            CultureInfo.InvariantCulture, $"{(viewer.ViaCloudFront ? "public" : "private")}, max-age={long.Max(seconds, 0)}");
        if (!viewer.ViaCloudFront)
            response.Headers["Referrer-Policy"] = "no-referrer"; // a token may be in the URL
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(statusCode: status, detail: detail);
}
