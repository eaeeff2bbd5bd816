using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Reelseal;

namespace SignPlaylist;

/// <summary>
/// What only this function and CloudFront know: the header <c>X-Origin-Verify</c>,
/// and the proofs in playlist URLs and share links that are made with the same secret.
/// </summary>
/// <remarks>
/// CloudFront strips a signature's parameters before it calls the function, which could otherwise not know when a ticket ends and would renew it for ever.
/// The first secret makes proofs, both are accepted: so the secret can be rotated while the distribution changes. Proofs are compared as text, in their one
/// spelling: nothing of a stranger's is decoded, and each other spelling would be another cache key at CloudFront.
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

    /// <summary>Makes the query of a ticket's playlist URLs: <c>until=…&amp;proof=…&amp;key=…</c>.</summary>
    /// <param name="video">The video.</param>
    /// <param name="until">When the ticket ends.</param>
    /// <param name="keyPairId">The key that the ticket was signed with. CloudFront caches by it,
    /// so an answer full of signatures of one key is never served to a ticket of another.</param>
    /// <param name="epoch">The video's epoch: raising it makes the proof worthless.</param>
    public string QueryFor(VideoId video, DateTimeOffset until, string keyPairId, long epoch)
    {
        var seconds = until.ToUnixTimeSeconds();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"until={seconds}&proof={Compute(_secrets[0], TicketText(video, seconds, keyPairId, epoch))}&key={keyPairId}");
    }

    /// <summary>Whether <paramref name="proof"/> was made for a ticket of just this video, end, key and epoch.</summary>
    public bool IsValid(string? proof, VideoId video, DateTimeOffset until, string keyPairId, long epoch) =>
        Matches(proof, TicketText(video, until.ToUnixTimeSeconds(), keyPairId, epoch));

    /// <summary>Makes the secret of a share link: the epoch and a proof, separated by a full stop.</summary>
    /// <remarks>The epoch stands in it so that a forged link is refused without asking the store for the video's epoch: anyone may come with one.</remarks>
    public string ShareFor(VideoId video, DateTimeOffset until, long epoch) =>
        string.Create(CultureInfo.InvariantCulture, $"{epoch}.{Compute(_secrets[0], ShareText(video, until.ToUnixTimeSeconds(), epoch))}");

    /// <summary>Returns the epoch for which a share link was made, or null when it is not ours for this video and end.</summary>
    public long? EpochOfShare(string share, VideoId video, DateTimeOffset until)
    {
        var dot = share.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && long.TryParse(share.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            && Matches(share[(dot + 1)..], ShareText(video, until.ToUnixTimeSeconds(), epoch)) ? epoch : null;
    }

    private static string TicketText(VideoId video, long until, string keyPairId, long epoch) =>
        string.Create(CultureInfo.InvariantCulture, $"{video}\n{until}\n{keyPairId}\n{epoch}");

    private static string ShareText(VideoId video, long until, long epoch) => string.Create(CultureInfo.InvariantCulture, $"share\n{video}\n{until}\n{epoch}");

    private bool Matches(string? proof, string text)
    {
        var matches = false;
        foreach (var secret in _secrets)
            matches |= CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(proof.AsSpan()), MemoryMarshal.AsBytes(Compute(secret, text).AsSpan()));
        return matches;
    }

    private static string Compute(byte[] secret, string text) => Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text)));
}
