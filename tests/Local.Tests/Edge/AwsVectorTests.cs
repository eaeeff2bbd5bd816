using System.Text.Json;
using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Tests.Edge;

/// <summary>The edge accepts what AWS's own signer signs; <c>TestData/aws-vectors.mjs</c> regenerates the vectors.</summary>
public sealed class AwsVectorTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly VectorFile s_file = JsonSerializer.Deserialize<VectorFile>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "TestData", "aws-vectors.json")), JsonSerializerOptions.Web)!;
    private static readonly TrustedKeyGroup s_keys = new(s_file.Keys);

    public static TheoryData<string> Names => [.. s_file.Vectors.Select(vector => vector.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Accepts_a_URL_that_AWS_signed(string name) => Assert.Null(Check(Vector(name).SignedUrl));

    [Theory, MemberData(nameof(Names))]
    public void Accepts_cookies_that_AWS_signed(string name) => Assert.Null(Check(Vector(name).Url, Vector(name).CookieHeader));

    [Theory, MemberData(nameof(Names))]
    public void Refuses_the_same_signature_for_another_video(string name) =>
        Assert.Equal("AccessDenied", Check(Vector(name).SignedUrl.Replace("1b7a11", "1b7a12", StringComparison.Ordinal))?.Code);

    [Theory, MemberData(nameof(Names))]
    public void Refuses_a_signature_of_which_one_character_was_changed(string name)
    {
        var url = Vector(name).SignedUrl;
        var at = url.IndexOf("Signature=", StringComparison.Ordinal) + "Signature=".Length + 20;
        Assert.Equal("AccessDenied", Check(url[..at] + (url[at] == 'A' ? 'B' : 'A') + url[(at + 1)..])?.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public void Refuses_it_after_its_time(string name) =>
        Assert.Equal("AccessDenied", ViewerRequests.Check(s_keys, Vector(name).SignedUrl, new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))?.Code);

    private static Refusal? Check(string url, string? cookies = null) => ViewerRequests.Check(s_keys, url, s_now, cookies);

    private static AwsVector Vector(string name) => s_file.Vectors.Single(vector => vector.Name == name);

    private sealed record VectorFile(Dictionary<string, string> Keys, AwsVector[] Vectors);

    private sealed record AwsVector(string Name, string Url, string SignedUrl, Dictionary<string, JsonElement> Cookies)
    {
        public string CookieHeader => string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));
    }
}
