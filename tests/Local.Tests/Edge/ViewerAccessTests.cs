using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Tests.Edge;

public sealed class ViewerAccessTests
{
    private const string Url = "https://d111.cloudfront.net/videos/1/a/00000.ts";
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly DateTimeOffset s_later = s_now.AddHours(1);
    private static readonly TestKeyPair s_rsa = TestKeyPair.Rsa(); // making one takes longer than everything else
    private static readonly TestKeyPair s_p256 = TestKeyPair.P256();
    private static readonly TrustedKeyGroup s_keys = TestKeyPair.Group(s_rsa, s_p256);

    [Theory]
    [InlineData(null)]
    [InlineData("SHA1")]
    [InlineData("SHA256")]
    public void Accepts_RSA_with_either_hash(string? hash) => Assert.Null(Check(s_rsa.SignCanned(Url, s_later, hash)));

    [Fact]
    public void Accepts_P256_with_SHA256() => Assert.Null(Check(s_p256.SignCanned(Url, s_later)));

    [Theory]
    [InlineData(null)]
    [InlineData("SHA1")]
    public void Refuses_P256_with_SHA1(string? hash) => Assert.Equal("AccessDenied", Check(s_p256.SignCanned(Url, s_later, hash))?.Code);

    [Fact]
    public void Refuses_a_hash_that_is_named_wrongly() =>
        Assert.Equal("AccessDenied", Check(s_rsa.SignCanned(Url, s_later).Replace("SHA256", "SHA1", StringComparison.Ordinal))?.Code);

    [Fact]
    public void Accepts_parameters_in_any_order_and_percent_encoded()
    {
        var parameters = s_rsa.SignCanned(Url, s_later).Split('?')[1].Replace("~", "%7E", StringComparison.Ordinal).Split('&');
        Assert.Null(Check(Url + "?" + string.Join('&', parameters.Reverse())));
    }

    [Fact]
    public void Accepts_own_parameters_between_the_reserved_ones()
    {
        var parameters = s_rsa.SignCanned(Url + "?until=1&proof=x", s_later).Split('?')[1].Split('&'); // until, proof, Expires, Signature, …
        Assert.Null(Check($"{Url}?{parameters[2]}&{parameters[0]}&{parameters[3]}&{parameters[1]}&{parameters[4]}&{parameters[5]}"));
    }

    [Fact]
    public void Refuses_an_own_parameter_that_was_not_signed() => Assert.Equal("AccessDenied", Check(s_rsa.SignCanned(Url, s_later) + "&until=1")?.Code);

    [Theory]
    [InlineData("")]
    [InlineData("?x=1")]
    [InlineData("?Key-Pair-Id=")]
    [InlineData("?Expires=1&Signature=AAAA")]
    public void Says_that_the_key_is_missing(string query) => Assert.Equal(Refusal.MissingKey, Check(Url + query));

    [Fact]
    public void Says_that_the_key_is_unknown() =>
        Assert.Equal(Refusal.InvalidKey, Check(s_rsa.SignCanned(Url, s_later).Replace("K1RSA", "K2RSA", StringComparison.Ordinal)));

    [Theory]
    [InlineData("Signature=%2B")]
    [InlineData("Signature=a")]
    [InlineData("")]
    public void Says_that_the_signature_is_malformed(string signature) =>
        Assert.Equal(Refusal.MalformedSignature, Check($"{Url}?Expires=1900000000&Key-Pair-Id=K1RSA&{signature}"));

    [Theory]
    [InlineData("Expires=soon")]
    [InlineData("Expires=+1900000000")]
    [InlineData("Policy=e30_")] // {}
    [InlineData("Policy=e30=")] // not CloudFront's base64
    [InlineData("x=1")]
    public void Says_that_the_policy_is_malformed(string parameter) =>
        Assert.Equal(Refusal.MalformedPolicy, Check($"{Url}?{parameter}&Key-Pair-Id=K1RSA&Signature=AAAA"));

    [Fact]
    public void Refuses_the_key_of_another_pair()
    {
        using var other = TestKeyPair.Rsa(s_rsa.Id);
        Assert.Equal("AccessDenied", Check(other.SignCanned(Url, s_later))?.Code);
    }

    [Fact]
    public void Refuses_a_longer_time_than_was_signed()
    {
        var (end, later) = ($"{s_later.ToUnixTimeSeconds()}", $"{s_later.AddDays(1).ToUnixTimeSeconds()}");
        Assert.Equal("AccessDenied", Check(s_rsa.SignCanned(Url, s_later).Replace(end, later, StringComparison.Ordinal))?.Code);
    }

    [Fact]
    public void Accepts_cookies_for_every_file_that_their_policy_covers() =>
        Assert.Null(Check(Url, s_p256.Cookies(TestKeyPair.Policy("https://d111.cloudfront.net/videos/1/*", s_later))));

    [Fact]
    public void Does_not_look_at_cookies_when_the_URL_is_signed()
    {
        var cookies = s_rsa.Cookies(TestKeyPair.Policy("*", s_later));
        Assert.Equal("AccessDenied", Check(s_rsa.SignCanned(Url, s_now.AddSeconds(-1)), cookies)?.Code);
        Assert.Equal("MissingKey", Check(Url + "?Expires=1900000000", cookies)?.Code);
        Assert.Null(Check(Url + "?x=1", cookies));
    }

    [Fact]
    public void A_policy_for_one_video_does_not_cover_another_however_the_path_is_written()
    {
        var policy = TestKeyPair.Policy("https://d111.cloudfront.net/videos/1/*", s_later);
        Assert.Null(Check(s_rsa.SignCustom("https://d111.cloudfront.net/videos/1/x.ts", policy)));
        foreach (var path in (string[])["/videos/2/x.ts", "/videos/%31/x.ts", "/VIDEOS/1/x.ts", "//videos/1/x.ts", "/x?/videos/1/"])
            Assert.Equal("AccessDenied", Check(s_rsa.SignCustom("https://d111.cloudfront.net" + path, policy))?.Code);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(2304)]
    public void A_key_group_rejects_another_size(int size)
    {
        using var key = System.Security.Cryptography.RSA.Create(size);
        Assert.Throws<ArgumentException>(() => PublicKey.FromPem(key.ExportSubjectPublicKeyInfoPem()));
    }

    [Fact]
    public void A_key_group_rejects_another_curve()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => PublicKey.FromPem(key.ExportSubjectPublicKeyInfoPem()));
    }

    private static Refusal? Check(string url, string? cookies = null) => ViewerRequests.Check(s_keys, url, s_now, cookies);
}
