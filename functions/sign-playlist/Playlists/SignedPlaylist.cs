using System.Buffers.Text;
using System.Security.Cryptography;

namespace SignPlaylist.Playlists;

/// <summary>A signed playlist, ready to be sent.</summary>
internal sealed class SignedPlaylist(byte[] body, ContentCoding coding)
{
    public ReadOnlyMemory<byte> Body => body;

    public ContentCoding Coding => coding;

    /// <summary>A strong entity tag, in quotes: it is made from the very bytes that are sent.</summary>
    public string ETag { get; } = '"' + Base64Url.EncodeToString(SHA256.HashData(body).AsSpan(0, 12)) + '"';
}
