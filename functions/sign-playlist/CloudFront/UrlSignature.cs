using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace SignPlaylist.CloudFront;

/// <summary>What lets a URL through CloudFront.</summary>
/// <param name="Expires">When it ends.</param>
/// <param name="Policy">The custom policy, encoded, or null when the policy is canned.</param>
/// <param name="Signature">The policy's signature, encoded.</param>
/// <param name="KeyPairId">The id of the public key that verifies it.</param>
/// <param name="HashAlgorithm">The hash's name, or null for SHA-1, which is what CloudFront takes when nothing is said.</param>
internal sealed record UrlSignature(DateTimeOffset Expires, string? Policy, string Signature, string KeyPairId, string? HashAlgorithm)
{
    /// <summary>The parameters that CloudFront reads and removes, so that no URL may have them already.</summary>
    public static FrozenSet<string> ReservedParameters { get; } =
        FrozenSet.Create(StringComparer.Ordinal, "Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm");

    /// <summary>The query parameters, in the order of AWS's own signers, without a leading <c>?</c>.</summary>
    public string Query { get; } =
        (Policy is null ? "Expires=" + Expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) : "Policy=" + Policy)
        + "&Key-Pair-Id=" + KeyPairId + "&Signature=" + Signature + (HashAlgorithm is null ? "" : "&Hash-Algorithm=" + HashAlgorithm);

    /// <summary>The cookies of a custom policy. AWS, "Set signed cookies using a custom policy".</summary>
    public IEnumerable<(string Name, string Value)> Cookies
    {
        get
        {
            yield return ("CloudFront-Policy", Policy ?? throw new InvalidOperationException("A canned policy opens one URL, so it has no use in a cookie."));
            yield return ("CloudFront-Signature", Signature);
            yield return ("CloudFront-Key-Pair-Id", KeyPairId);
            if (HashAlgorithm is not null)
                yield return ("CloudFront-Hash-Algorithm", HashAlgorithm);
        }
    }

    /// <summary>Base64 with the characters that mean something in a URL replaced, as CloudFront expects it (it is not base64url).</summary>
    internal static string Encode(ReadOnlySpan<byte> data) =>
        new StringBuilder(Convert.ToBase64String(data)).Replace('+', '-').Replace('=', '_').Replace('/', '~').ToString();
}
