using System.Globalization;
using System.Text;

namespace SignPlaylist.CloudFront;

/// <summary>What may be fetched, and when. A <c>*</c> in the resource matches any run of characters.</summary>
/// <param name="Resource">The URL, which must need no escaping in JSON: ASCII without quotes or backslashes.</param>
/// <param name="Expires">The end, in whole seconds.</param>
/// <param name="NotBefore">The start, in whole seconds, or null when there is none.</param>
/// <remarks>AWS, "Create a signed URL using a custom policy" and "… a canned policy".</remarks>
internal sealed record PolicyStatement(string Resource, DateTimeOffset Expires, DateTimeOffset? NotBefore)
{
    /// <summary>The statement in the one spelling that CloudFront rebuilds for a canned policy, and that AWS's own signers use: no white space.</summary>
    public byte[] ToJson()
    {
        var end = Expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var start = NotBefore is { } notBefore
            ? $$""","DateGreaterThan":{"AWS:EpochTime":{{notBefore.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}}}"""
            : "";
        return Encoding.ASCII.GetBytes(
            $$$"""{"Statement":[{"Resource":"{{{Resource}}}","Condition":{"DateLessThan":{"AWS:EpochTime":{{{end}}}}{{{start}}}}}]}""");
    }
}
