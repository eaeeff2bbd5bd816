using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.HttpResults;
using Reelseal;
using Reelseal.Tokens;

namespace SignPlaylist;

/// <summary>Someone who may play a video.</summary>
/// <param name="ViaCloudFront">The request came through CloudFront, with a ticket; otherwise through the gateway, with a token.</param>
/// <param name="Expires">When the URLs signed for this viewer end.</param>
/// <param name="PlaylistQuery">What the URIs of other playlists carry on: the ticket's proof, a token that came in the query, or nothing.</param>
internal sealed record Viewer(bool ViaCloudFront, DateTimeOffset Expires, string PlaylistQuery);

/// <summary>A viewer, or the answer that says why there is none.</summary>
internal readonly record struct ViewerAdmission(Viewer? Viewer, ProblemHttpResult? Refusal)
{
    [MemberNotNullWhen(true, nameof(Viewer))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Granted => Viewer is not null;
}

/// <summary>Decides who may play a video: who comes through CloudFront with a ticket that still lasts, or to the gateway with a token.</summary>
internal sealed class ViewerGate(TokenGate tokens, SigningOptions options, TimeProvider clock)
{
    public async ValueTask<ViewerAdmission> AdmitAsync(HttpRequest request, VideoId video)
    {
        if (request.Headers.TryGetValue(OriginProof.Header, out var header))
            return AdmitEdge(request, video, header.ToString());

        var admission = await tokens.AdmitAsync(request, Scopes.Play, video, allowQuery: true);
        if (!admission.Granted)
            return new(Viewer: null, admission.Refusal);
        // A token that was let in is made of characters that stand for themselves in a query (RFC 7515, section 3.1).
        var token = request.Query[TokenGate.QueryParameter];
        return new(new(
            ViaCloudFront: false,
            options.Lifetime.EndFor(clock.GetUtcNow(), admission.Claims.Until),
            token.Count == 0 ? "" : $"{TokenGate.QueryParameter}={token}"), Refusal: null);
    }

    private ViewerAdmission AdmitEdge(HttpRequest request, VideoId video, string header)
    {
        if (!options.OriginProof.IsValid(header))
            return Refuse($"The header {OriginProof.Header} is wrong.");
        if (options.OriginProof.Read(video, request.Query["until"], request.Query["proof"]) is not { } until)
            return Refuse("The URL does not come from a ticket: until and proof are missing or do not fit this video.");
        if (until <= clock.GetUtcNow())
            return Refuse("The ticket has ended.");
        return new(new(ViaCloudFront: true, until, options.OriginProof.QueryFor(video, until)), Refusal: null);
    }

    private static ViewerAdmission Refuse(string detail) =>
        new(Viewer: null, TypedResults.Problem(statusCode: StatusCodes.Status403Forbidden, detail: detail));
}
