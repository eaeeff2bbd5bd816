using System.Collections.Frozen;

namespace Reelseal.Tokens;

/// <summary>What a token says whose signature, issuer and audience were checked. Its times are checked at every use.</summary>
/// <param name="Scopes">The scopes, without <c>TOKEN_SCOPE_PREFIX</c>; <see cref="ClaimsReader"/> says where they come from.</param>
/// <param name="Videos">The videos that the claim <c>TOKEN_VIDEO_CLAIM</c> names; null when it is absent, and the token is good for all of them.</param>
/// <param name="NotBefore">When it becomes valid.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Until">The claim <c>until</c>: no URL signed for this token may outlive it.</param>
/// <param name="Id">The claim <c>jti</c> (Entra ID: <c>uti</c>), by which this token can be revoked; null when it has none.</param>
/// <param name="Subject">The claim <c>sub</c>, by which all tokens of one user can be revoked; null when it has none.</param>
public sealed record TokenClaims(
    FrozenSet<string> Scopes, FrozenSet<VideoId>? Videos, DateTimeOffset NotBefore, DateTimeOffset Expires, DateTimeOffset? Until, string? Id, string? Subject)
{
    public bool Allows(VideoId video) => Videos?.Contains(video) ?? true;
}
