using System.Text;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>How the URIs of a playlist are handed to a player: the two ways of playing.</summary>
internal sealed class Delivery
{
    private Delivery(bool throughEdge, string playlistQuery, Func<string, string>? signEach, string signature)
    {
        ThroughEdge = throughEdge;
        PlaylistQuery = Encoding.ASCII.GetBytes(playlistQuery);
        SignEach = signEach;
        Signature = Encoding.ASCII.GetBytes(signature);
    }

    /// <summary>
    /// Through CloudFront every URI stays relative and is signed. Through the gateway media URIs become absolute URLs of CloudFront,
    /// while those of playlists stay relative and unsigned, so that the player comes back to the gateway for them.
    /// </summary>
    public bool ThroughEdge { get; }

    /// <summary>What is added to the URIs of playlists, besides the signature: <c>until</c> and <c>proof</c>, or the token, or nothing.</summary>
    public ReadOnlyMemory<byte> PlaylistQuery { get; }

    /// <summary>The signature that fits every URL of the video; empty where each URL gets its own.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Signs one URL with a canned policy, or null where one signature fits all.</summary>
    public Func<string, string>? SignEach { get; }

    public static Delivery WithOneSignature(bool throughEdge, string playlistQuery, UrlSignature signature) =>
        new(throughEdge, playlistQuery, signEach: null, signature.Query);

    public static Delivery WithSignatureEach(bool throughEdge, string playlistQuery, UrlSigner signer, DateTimeOffset expires) =>
        new(throughEdge, playlistQuery, url => signer.SignCanned(url, expires).Query, signature: "");
}
