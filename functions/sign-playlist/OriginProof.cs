using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
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
        return string.Create(CultureInfo.InvariantCulture, $"until={seconds}&proof={Proof(_secrets[0], video, seconds)}");
    }

    /// <summary>Reads <c>until</c> where <c>proof</c> shows that it is ours; null where not.</summary>
    /// <remarks>
    /// Compares the proof as text and takes one spelling of a time only: nothing of a stranger's is decoded, and each other spelling would be another cache key at CloudFront.
    /// </remarks>
    public DateTimeOffset? Read(VideoId video, string? until, string? proof)
    {
        if (!EpochSeconds.TryParse(until, out var end))
            return null;
        var isOurs = false;
        foreach (var secret in _secrets)
            isOurs |= CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(proof.AsSpan()), MemoryMarshal.AsBytes(Proof(secret, video, end.ToUnixTimeSeconds()).AsSpan()));
        return isOurs ? end : null;
    }

    private static string Proof(byte[] secret, VideoId video, long until) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{video}\n{until}"))));
}
