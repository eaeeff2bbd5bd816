using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Reelseal;

namespace SignPlaylist;

/// <summary>What CloudFront and this function share: the header <c>X-Origin-Verify</c>, and the proofs that tell how long a ticket lasts.</summary>
/// <remarks>
/// CloudFront strips a signature's parameters before it calls the function, which could otherwise not tell when a ticket ends and would renew it
/// for ever. Of the two secrets the first is used, both are accepted: so the header can be rotated while the distribution changes.
/// </remarks>
internal sealed class OriginProof(IReadOnlyList<string> secrets)
{
    public const string Header = "X-Origin-Verify";

    private readonly byte[][] _secrets = [.. secrets.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Whether the value of <see cref="Header"/> is one of the secrets.</summary>
    public bool IsValid(string header)
    {
        var isValid = false;
        var bytes = Encoding.UTF8.GetBytes(header);
        foreach (var secret in _secrets)
            isValid |= CryptographicOperations.FixedTimeEquals(bytes, secret);
        return isValid;
    }

    /// <summary>The query by which a playlist of this video is asked for until that time: <c>until=…&amp;proof=…</c>.</summary>
    public string QueryFor(VideoId video, DateTimeOffset until)
    {
        var seconds = until.ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"until={seconds}&proof={Base64Url.EncodeToString(Proof(_secrets[0], video, seconds))}");
    }

    /// <summary>Reads <c>until</c> where <c>proof</c> shows that it is ours; null where not.</summary>
    public DateTimeOffset? Read(VideoId video, string? until, string? proof)
    {
        Span<byte> claimed = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (!long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || proof is not { Length: 43 } // 32 bytes without padding
            || !Base64Url.TryDecodeFromChars(proof, claimed, out _))
            return null;
        var holds = false;
        foreach (var secret in _secrets)
            holds |= CryptographicOperations.FixedTimeEquals(claimed, Proof(secret, video, seconds));
        return holds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
    }

    private static byte[] Proof(byte[] secret, VideoId video, long until) =>
        HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{video}\n{until}")));
}
