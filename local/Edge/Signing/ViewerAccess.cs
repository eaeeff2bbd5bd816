using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Reelseal.Local.Edge.Signing;

/// <summary>Lets a viewer through, or says why not, as a behaviour with a trusted key group does. Written from AWS's developer guide alone: the signer is held against it.</summary>
internal sealed class ViewerAccess(TrustedKeyGroup keys, TimeProvider clock)
{
    /// <summary>Checks a request when it arrives; one that is let in is served to its end, and each further one, a range of the same file too, is checked again.</summary>
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

    /// <summary>The policy that was sent, or the canned one, which nobody sends: CloudFront writes it anew from the URL and the time.</summary>
    private static (byte[] Signed, PolicyDocument Policy)? ReadPolicy(SignedRequest request)
    {
        if (request.Policy is not null)
            return CloudFrontBase64.TryDecode(request.Policy, out var json) && PolicyDocument.TryParse(json, out var custom) ? (json, custom) : null;
        if (!long.TryParse(request.Expires, NumberStyles.None, CultureInfo.InvariantCulture, out var expires))
            return null;
        var canned = $$$"""{"Statement":[{"Resource":"{{{request.Url}}}","Condition":{"DateLessThan":{"AWS:EpochTime":{{{request.Expires}}}""" + "}}}]}";
        // The URL stands in the canned policy itself, so its pattern has nothing left to decide.
        return (Encoding.UTF8.GetBytes(canned), new(new("*"), expires, GreaterThan: null, Source: null));
    }
}
