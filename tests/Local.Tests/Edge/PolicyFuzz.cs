using System.Net;
using System.Text;
using Reelseal.Local.Edge.Signing;
using Reelseal.Testing;

namespace Reelseal.Local.Tests.Edge;

/// <summary>Almost correct policies and signed URLs: only a signed one opens anything, and a readable one covers only what it names.</summary>
public sealed class PolicyFuzz
{
    private const string Folder = "https://d111.cloudfront.net/videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77/";
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly TestKeyPair s_pair = TestKeyPair.P256();
    private static readonly string s_policy = TestKeyPair.Policy(Folder + "*", s_now.AddHours(1));
    private static readonly string s_url = s_pair.SignCustom(Folder + "a1/720p/00000.ts", s_policy);
    private static readonly ViewerAccess s_access = new(TestKeyPair.Group(s_pair), new Clock());

    private static readonly Fuzzer s_policies = new(
        [
            .. ((string[])[
                s_policy,
                TestKeyPair.Policy(
                    Folder + "*", s_now.AddHours(1),
                    ",\"DateGreaterThan\":{\"AWS:EpochTime\":1799999999},\"IpAddress\":{\"AWS:SourceIp\":\"192.0.2.0/24\"}"),
            ]).Select(Encoding.UTF8.GetBytes),
        ],
        [
            .. ((string[])
            [
                "*", "?", "\\?", "//", "null", "[]", "{}", "\"", ",", ":", "-1", "1e300", "\\u0000", "\\ud800", "\\u002a", "0.0.0.0/0", "/33",
                "\"Resource\":\"*\",", "\"DateLessThan\":{},", "9223372036854775808",
            ]).Select(Encoding.UTF8.GetBytes), [0xC3], [0xFF],
        ]);

    private static readonly Fuzzer s_urls = new(
        [Encoding.ASCII.GetBytes(s_url), Encoding.ASCII.GetBytes(s_pair.SignCanned(Folder + "a1/720p/00000.ts?x=1", s_now.AddHours(1)))],
        [
            .. ((string[])
            [
                "&", "?", "=", "Policy=", "Expires=", "&Expires=9999999999", "Signature=", "Key-Pair-Id=", "&Key-Pair-Id=K1P256", "Hash-Algorithm=", "SHA1",
                "%", "%26", "%3F", "_", "~", "-", "#", "../", "%2e%2e/", "/", "//", "7b2c9d1e-0000-4000-8000-000000000001",
            ]).Select(Encoding.ASCII.GetBytes),
        ]);

    [Fact(Timeout = 300_000)]
    public void Policies_short() => s_policies.Run(CheckPolicy);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public void Policies_long() => s_policies.RunLong(CheckPolicy);

    [Fact(Timeout = 300_000)]
    public void Signed_URLs_short() => s_urls.Run(CheckUrl);

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public void Signed_URLs_long() => s_urls.RunLong(CheckUrl);

    private static void CheckPolicy(byte[] input)
    {
        if (!PolicyDocument.TryParse(input, out var policy))
            return;
        var text = Encoding.UTF8.GetString(input);
        var (own, _) = ViewerUrl.Parse("https", "d111.cloudfront.net", "/videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77/a1/720p/00000.ts");
        var (other, _) = ViewerUrl.Parse("https", "elsewhere.example", "/x");
        foreach (var time in (long[])[0, 1_799_999_999, 1_800_000_000, 4_000_000_000])
        {
            _ = policy.Allows(own, IPAddress.Parse("192.0.2.1"), DateTimeOffset.FromUnixTimeSeconds(time));
            // It opens what it does not name only through a wildcard, or by omitting the resource.
            var opens = policy.Allows(other, IPAddress.Parse("192.0.2.1"), DateTimeOffset.FromUnixTimeSeconds(time));
            Assert.False(opens && text.Contains("Resource\":\"https://d111", StringComparison.Ordinal), text);
        }
    }

    private static void CheckUrl(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        const string origin = "https://d111.cloudfront.net";
        if (!text.StartsWith(origin + "/", StringComparison.Ordinal))
            return;
        var request = SignedRequest.Read("https", "d111.cloudfront.net", text[origin.Length..], new NoCookies());
        if (s_access.Check(request, IPAddress.Loopback) is null)
            Assert.StartsWith(Folder, request.Url.ToString(), StringComparison.Ordinal);
    }

    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => s_now;
    }

    private sealed class NoCookies : Dictionary<string, string>, Microsoft.AspNetCore.Http.IRequestCookieCollection
    {
        ICollection<string> Microsoft.AspNetCore.Http.IRequestCookieCollection.Keys => Keys;

        string? Microsoft.AspNetCore.Http.IRequestCookieCollection.this[string key] => null;
    }
}
