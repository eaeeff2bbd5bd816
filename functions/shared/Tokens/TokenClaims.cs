using System.Collections.Frozen;

namespace Reelseal.Tokens;

/// <summary>What a token whose signature, issuer and audience were checked says. Its times are checked at every use.</summary>
/// <param name="Scopes">The scopes of the claim <c>scope</c> (RFC 8693, section 4.2).</param>
/// <param name="Videos">The videos that the claim <c>video</c> names; null when it is absent, and the token is good for all of them.</param>
/// <param name="NotBefore">From when it is valid.</param>
/// <param name="Expires">Until when it is valid.</param>
/// <param name="Until">The claim <c>until</c>: no URL signed for this token may outlive it.</param>
public sealed record TokenClaims(
    FrozenSet<string> Scopes, FrozenSet<VideoId>? Videos, DateTimeOffset NotBefore, DateTimeOffset Expires, DateTimeOffset? Until)
{
    public bool Allows(VideoId video) => Videos?.Contains(video) ?? true;
}
