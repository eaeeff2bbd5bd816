using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.HttpResults;
using Reelseal;
using Reelseal.Revocation;
using Reelseal.Tokens;

namespace SignPlaylist;

/// <summary>Someone who may play a video.</summary>
/// <param name="ViaCloudFront">The request came through CloudFront, with a ticket; otherwise through the gateway, with a token.</param>
/// <param name="Expires">When the URLs signed for this viewer end.</param>
/// <param name="PlaylistQuery">What the URIs of other playlists carry on: the ticket's proof, a token that came in the query, or nothing.</param>
/// <param name="HasOtherKey">The ticket was signed with another key than this replica signs with: the key is being rotated.</param>
internal sealed record Viewer(bool ViaCloudFront, DateTimeOffset Expires, string PlaylistQuery, bool HasOtherKey = false);

/// <summary>A viewer, or the answer that says why there is none.</summary>
internal readonly record struct ViewerAdmission(Viewer? Viewer, ProblemHttpResult? Refusal)
{
    [MemberNotNullWhen(true, nameof(Viewer))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Granted => Viewer is not null;
}

/// <summary>Decides who may play a video: CloudFront with a ticket that has neither ended nor been revoked, and a client of the gateway with a token.</summary>
internal sealed class ViewerGate(TokenGate tokens, Revocations revocations, SigningOptions options, TimeProvider clock)
{
    public async ValueTask<ViewerAdmission> AdmitAsync(HttpRequest request, VideoId video)
    {
        if (request.Headers.TryGetValue(OriginProof.Header, out var header))
            return await AdmitEdgeAsync(request, video, header.ToString());

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

    private async ValueTask<ViewerAdmission> AdmitEdgeAsync(HttpRequest request, VideoId video, string header)
    {
        if (!options.OriginProof.IsValid(header))
            return Refuse($"The header {OriginProof.Header} is wrong.");
        string? key = request.Query["key"];
        string? proof = request.Query["proof"];
        if (!EpochSeconds.TryParse(request.Query["until"], out var until) || !SigningOptions.IsKeyPairId(key))
            return Refuse("The URL does not come from a ticket: until or key is missing or malformed.");
        if (until <= clock.GetUtcNow())
            return Refuse("The ticket has ended.");
        var epoch = await revocations.EpochOfAsync(video, request.HttpContext.RequestAborted);
        if (!options.OriginProof.IsValid(proof, video, until, key, epoch))
            return Refuse("The URL does not come from a ticket for this video, or the ticket was revoked.");
        return new(
            new(ViaCloudFront: true, until, options.OriginProof.QueryFor(video, until, key, epoch), HasOtherKey: key != options.Signer.KeyPairId),
            Refusal: null);
    }

    private static ViewerAdmission Refuse(string detail) =>
        new(Viewer: null, TypedResults.Problem(statusCode: StatusCodes.Status403Forbidden, detail: detail));
}
