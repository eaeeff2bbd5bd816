using System.Security.Cryptography;
using System.Text.Json;
using SignPlaylist.CloudFront;

namespace SignPlaylist.Tests.CloudFront;

/// <summary>Compares the signer with AWS's JavaScript signer (TestData/make-vectors.mjs).</summary>
public sealed class AwsVectorTests
{
    private static readonly JsonElement s_file =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TestData", "vectors.json"))).RootElement;

    public static TheoryData<int, string> Vectors
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var (index, vector) in s_file.GetProperty("vectors").EnumerateArray().Index())
                data.Add(index, $"{vector.GetProperty("keyType")} {vector.GetProperty("hash")} {vector.GetProperty("kind")}");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Makes_the_URL_that_AWS_makes(int index, string title)
    {
        var vector = s_file.GetProperty("vectors")[index];
        var expected = vector.GetProperty("signed").GetString()!;
        var actual = Signed(vector).Url;
        if (title.StartsWith("rsa", StringComparison.Ordinal))
            Assert.Equal(expected, actual);
        else
            AssertSameButForTheSignature(vector, expected, actual);
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Makes_the_cookies_that_AWS_makes(int index, string title)
    {
        var vector = s_file.GetProperty("vectors")[index];
        if (!vector.TryGetProperty("cookies", out var expected))
            return; // a canned policy: no cookies are made of it
        var cookies = Signed(vector).Signature.Cookies.ToDictionary(cookie => cookie.Name, cookie => cookie.Value, StringComparer.Ordinal);
        Assert.Equal(expected.EnumerateObject().Count(), cookies.Count);
        foreach (var cookie in expected.EnumerateObject())
        {
            if (title.StartsWith("rsa", StringComparison.Ordinal) || cookie.Name != "CloudFront-Signature")
                Assert.Equal(cookie.Value.GetString(), cookies[cookie.Name]);
        }
    }

    private static (string Url, UrlSignature Signature) Signed(JsonElement vector)
    {
        var key = SigningKey.Parse(s_file.GetProperty(vector.GetProperty("keyType").GetString()!).GetString()!);
        var signer = new UrlSigner(s_file.GetProperty("keyPairId").GetString()!, key, new HashAlgorithmName(vector.GetProperty("hash").GetString()));
        var url = vector.GetProperty("url").GetString()!;
        var expires = DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("expires").GetInt64());
        var signature = vector.GetProperty("kind").GetString() == "canned"
            ? signer.SignCanned(url, expires)
            : signer.Sign(new(vector.GetProperty("resource").GetString()!, expires,
                vector.GetProperty("start") is { ValueKind: JsonValueKind.Number } start ? DateTimeOffset.FromUnixTimeSeconds(start.GetInt64()) : null));
        return (url + (url.Contains('?', StringComparison.Ordinal) ? '&' : '?') + signature.Query, signature);
    }

    /// <summary>ECDSA signatures differ each time: everything else must be equal, and both signatures must verify.</summary>
    private static void AssertSameButForTheSignature(JsonElement vector, string expected, string actual)
    {
        using var ec = ECDsa.Create();
        ec.ImportFromPem(s_file.GetProperty("ecdsa").GetString());
        var ours = Part(actual, "Signature");
        var theirs = Part(expected, "Signature");
        Assert.Equal(expected.Replace(theirs, "", StringComparison.Ordinal), actual.Replace(ours, "", StringComparison.Ordinal));
        var policy = Part(expected, "Policy") is { Length: > 0 } encoded
            ? Decode(encoded)
            : new PolicyStatement(
                vector.GetProperty("url").GetString()!,
                DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("expires").GetInt64()),
                NotBefore: null).ToJson();
        foreach (var signature in new[] { ours, theirs })
            Assert.True(ec.VerifyData(policy, Decode(signature), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private static string Part(string url, string name) =>
        url.Split('?', '&').FirstOrDefault(part => part.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";

    private static byte[] Decode(string text) => Convert.FromBase64String(text.Replace('-', '+').Replace('_', '=').Replace('~', '/'));
}
