using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Reelseal.Local.Edge.Signing;

/// <summary>
/// Admits or refuses a viewer, as a behaviour with a trusted key group does. It follows AWS's developer guide alone, so that it can check the signer.
/// </summary>
internal sealed class ViewerAccess(TrustedKeyGroup keys, TimeProvider clock)
{
    /// <summary>
    /// Checks a request when it arrives. An admitted request is served to its end; every further request is checked again,
    /// even for another range of the same file.
    /// </summary>
    /// <returns>Null when the viewer may pass.</returns>
    public Refusal? Check(SignedRequest request, IPAddress? viewer)
    {
        if (request.KeyPairId is null or "")
            return Refusal.MissingKey;
        if (keys.Find(request.KeyPairId) is not { } key)
            return Refusal.InvalidKey;
        if (request.Signature is null || !CloudFrontBase64.TryDecode(request.Signature, out var signature))
            return Refusal.MalformedSignature;
        if (Hash(request.HashAlgorithm) is not { } hash)
            return Refusal.AccessDenied;
        if (ReadPolicy(request) is not var (signed, policy))
            return Refusal.MalformedPolicy;
        return key.Verifies(signed, signature, hash) && policy.Allows(request.Url, viewer, clock.GetUtcNow()) ? null : Refusal.AccessDenied;
    }

    private static HashAlgorithmName? Hash(string? name) => name switch
    {
        null or "SHA1" => HashAlgorithmName.SHA1,
        "SHA256" => HashAlgorithmName.SHA256,
        _ => null,
    };

    /// <summary>The policy that was sent, or the canned one, which is never sent: CloudFront reconstructs it from the URL and the time.</summary>
    private static (byte[] Signed, PolicyDocument Policy)? ReadPolicy(SignedRequest request)
    {
        if (request.Policy is not null)
            return CloudFrontBase64.TryDecode(request.Policy, out var json) && PolicyDocument.TryParse(json, out var custom) ? (json, custom) : null;
        if (!long.TryParse(request.Expires, NumberStyles.None, CultureInfo.InvariantCulture, out var expires))
            return null;
        var canned = $$$"""{"Statement":[{"Resource":"{{{request.Url}}}","Condition":{"DateLessThan":{"AWS:EpochTime":{{{request.Expires}}}""" + "}}}]}";
        // A canned policy contains the URL itself, so there is no pattern to match.
        return (Encoding.UTF8.GetBytes(canned), new(new("*"), expires, GreaterThan: null, Source: null));
    }
}
