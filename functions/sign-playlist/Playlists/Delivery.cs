using System.Text;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Playlists;

/// <summary>How the URIs of a playlist reach a player: the two ways of playing.</summary>
internal sealed class Delivery
{
    private Delivery(bool viaCloudFront, string playlistQuery, Func<string, string>? signUrl, Func<string, string>? signPrefix, string signature)
    {
        ViaCloudFront = viaCloudFront;
        PlaylistQuery = Encoding.ASCII.GetBytes(playlistQuery);
        SignUrl = signUrl;
        SignPrefix = signPrefix;
        Signature = Encoding.ASCII.GetBytes(signature);
    }

    /// <summary>Signs nothing: finds what cannot be signed.</summary>
    public static Delivery Trial { get; } = new(viaCloudFront: true, playlistQuery: "", signUrl: null, signPrefix: null, signature: "");

    /// <summary>
    /// Through CloudFront every URI stays relative and is signed. Through the gateway media URIs become absolute URLs of CloudFront,
    /// while those of playlists stay relative and unsigned, so that the player comes back to the gateway for them.
    /// </summary>
    public bool ViaCloudFront { get; }

    /// <summary>What is added to the URIs of playlists, besides the signature: the ticket's parameters, or the token, or nothing.</summary>
    public ReadOnlyMemory<byte> PlaylistQuery { get; }

    /// <summary>The signature that fits every URL of the video; empty where each URL gets its own.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Signs one URL with a canned policy, or null where one signature fits all.</summary>
    public Func<string, string>? SignUrl { get; }

    /// <summary>Signs all URLs that begin like this, by a custom policy; null where one signature fits all.</summary>
    public Func<string, string>? SignPrefix { get; }

    public static Delivery WithOneSignature(bool viaCloudFront, string playlistQuery, UrlSignature signature) =>
        new(viaCloudFront, playlistQuery, signUrl: null, signPrefix: null, signature.Query);

    public static Delivery WithSignaturePerUrl(bool viaCloudFront, string playlistQuery, UrlSigner signer, DateTimeOffset expires) => new(
        viaCloudFront, playlistQuery,
        url => signer.SignCanned(url, expires).Query,
        prefix => signer.Sign(new(prefix + "*", expires, NotBefore: null)).Query,
        signature: "");
}
