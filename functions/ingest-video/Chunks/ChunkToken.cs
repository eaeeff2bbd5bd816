using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IngestVideo.Chunks;

/// <summary>What opens <c>POST /chunks</c>: it is for one body, which names one chunk of one plan for one video, and for about a minute.</summary>
/// <remarks>It is only ever a header, because gateways log paths and queries: <c>{end in seconds since the epoch}.{HMAC-SHA256 in base64url}</c>.</remarks>
internal static class ChunkToken
{
    public const string Header = "X-Chunk-Token";

    /// <summary>How much longer than the call it is valid: the call may wait, and clocks may differ.</summary>
    private static readonly TimeSpan s_allowance = TimeSpan.FromSeconds(10);

    /// <summary>Makes a token.</summary>
    /// <param name="key">The secret that all replicas know.</param>
    /// <param name="body">The body of the call.</param>
    /// <param name="now">The present time.</param>
    /// <param name="timeout">How long the call may take.</param>
    public static string Create(byte[] key, ReadOnlySpan<byte> body, DateTimeOffset now, TimeSpan timeout)
    {
        var until = (now + timeout + s_allowance).ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"{until}.{Base64Url.EncodeToString(Sign(key, until, body))}");
    }

    /// <summary>Returns whether a token is for this body, and valid now.</summary>
    public static bool IsValid(string token, byte[] key, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var dot = token.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !long.TryParse(token.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var until))
            return false;
        // Compared as text, in its one spelling: nothing of a stranger's is decoded.
        var expected = Base64Url.EncodeToUtf8(Sign(key, until, body));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token[(dot + 1)..]), expected) && now.ToUnixTimeSeconds() < until;
    }

    private static byte[] Sign(byte[] key, long until, ReadOnlySpan<byte> body) => HMACSHA256.HashData(
        key, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"chunk\n{until}\n{Convert.ToHexStringLower(SHA256.HashData(body))}")));
}
