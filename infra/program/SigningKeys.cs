using System.Collections.Immutable;
using Pulumi;
using Pulumi.Aws.CloudFront;

namespace Reelseal.Infra;

/// <summary>The key group that the distribution trusts. Several keys while one is being rotated.</summary>
internal sealed class SigningKeys : ComponentResource
{
    public Output<string> KeyGroupId { get; }

    /// <summary>The id of the key that sign-playlist signs with: the first of the list.</summary>
    public Output<string> SigningKeyId { get; }

    public SigningKeys(string name, ImmutableArray<PublicKeyPem> publicKeys)
        : base("reelseal:delivery:SigningKeys", name)
    {
        var owned = new CustomResourceOptions { Parent = this };
        // Named by its fingerprint, a key stays the same resource wherever it stands in the list.
        var keys = publicKeys.Select(pem => new PublicKey($"{name}-{pem.Fingerprint}", new() { EncodedKey = pem.Text }, owned)).ToList();
        SigningKeyId = keys[0].Id;
        KeyGroupId = new KeyGroup(name, new() { Items = keys.Select(key => key.Id).ToList() }, owned).Id;
        RegisterOutputs();
    }
}
