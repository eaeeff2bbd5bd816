using System.Security.Cryptography;
using System.Text;

namespace Reelseal.Revocation;

/// <summary>What can be revoked.</summary>
public enum RevocationKind
{
    /// <summary>All tickets and share links of a video.</summary>
    Video,

    /// <summary>One token, by its <c>jti</c>.</summary>
    Token,

    /// <summary>All tokens of one user, by their <c>sub</c>.</summary>
    Subject,
}

/// <summary>Names what is revoked, in memory and in the store.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Video">The video; meaningless for other kinds.</param>
/// <param name="Name">The <c>jti</c> or <c>sub</c>, or its digest when it is long; empty for a video.</param>
internal readonly record struct RevocationKey(RevocationKind Kind, VideoId Video, string Name)
{
    private const int MaxNameInMemory = 128;

    public static RevocationKey Of(VideoId video) => new(RevocationKind.Video, video, "");

    /// <summary>Names a token or a subject. The text is the issuer's and may be as long as a token, so a long one is kept as its digest.</summary>
    public static RevocationKey Of(RevocationKind kind, string name) => new(kind, default, name.Length <= MaxNameInMemory ? name : Digest(name));

    /// <summary>The object that holds it. Any text may be a <c>jti</c> or <c>sub</c>, an email address among them: the object bears its digest.</summary>
    public string ObjectKey => Kind switch
    {
        RevocationKind.Token => ObjectKeys.RevokedToken(Digest(Name)),
        RevocationKind.Subject => ObjectKeys.RevokedSubject(Digest(Name)),
        _ => ObjectKeys.Revocation(Video),
    };

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
