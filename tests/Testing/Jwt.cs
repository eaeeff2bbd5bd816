using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Reelseal.Testing;

/// <summary>Makes JSON Web Tokens by hand (RFC 7515, section 3.1), including tokens that no library would make.</summary>
public static class Jwt
{
    public static string Create(JsonObject header, JsonObject payload, Func<byte[], byte[]> sign) =>
        Create(header.ToJsonString(), payload.ToJsonString(), sign);

    public static string Create(string header, string payload, Func<byte[], byte[]> sign)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>A token signed with a shared key.</summary>
    public static string Create(JsonObject payload, byte[] sharedKey) =>
        Create(new JsonObject { ["alg"] = "HS256", ["typ"] = "JWT" }, payload, data => HMACSHA256.HashData(sharedKey, data));
}
