using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Revocation;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Tests.Tokens;

public sealed class TokenGateTests : IDisposable
{
    private const int Limit = 300_000; // milliseconds
    private static readonly byte[] s_key = Encoding.UTF8.GetBytes("0123456789abcdef0123456789abcdef");
    private static readonly VideoId s_video = VideoId.Parse("0f8fad5b-d9cb-469f-a165-70867728950e", provider: null);
    private static readonly VideoId s_other = VideoId.Parse("1f8fad5b-d9cb-469f-a165-70867728950e", provider: null);

    private readonly FakeTimeProvider _clock = new(new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly HttpClient _http = new();
    private readonly TemporaryDirectory _folder = new();
    private readonly Revocations _revocations;
    private readonly TokenGate _gate;

    public TokenGateTests()
    {
        var options = new TokenOptions { SharedKey = s_key, LongestInQuery = TimeSpan.FromMinutes(15) };
        var store = new DirectoryObjectStore(_folder.Path, TimeSpan.FromSeconds(5));
        _revocations = new(store, new(_clock, NullLogger<OutageLog>.Instance), _clock);
        _gate = new(new TokenValidator(options, _clock, _http, NullLogger<TokenValidator>.Instance), _revocations, options, _clock);
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_in_the_header_lets_in()
    {
        var token = Token();

        foreach (var header in (string[])[$"Bearer {token}", $"bearer {token}", $"BEARER  {token} "])
        {
            var admission = await AdmitAsync(header);
            Assert.True(admission.Granted);
            Assert.Equal([Scopes.Play], admission.Claims!.Scopes.ToList());
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(null)]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("Bearer")]
    [InlineData("")]
    [InlineData("Bearerx")]
    public async Task Without_a_token_the_answer_says_what_is_needed(string? header)
    {
        var context = Request(header);

        var admission = await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true);

        IsRefused(admission, 401, context);
        Assert.Equal("Bearer", context.Response.Headers.WWWAuthenticate); // no error code without a token (RFC 6750, section 3.1)
    }

    [Theory(Timeout = Limit)]
    [InlineData("Bearer ")]
    [InlineData("Bearer x")]
    [InlineData("Bearer a.b.c")]
    [InlineData("Bearer eyJhbGciOiJub25lIn0.e30.")]
    public async Task With_a_bad_token_the_answer_says_so(string header)
    {
        var context = Request(header);

        IsRefused(await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true), 401, context);
        Assert.Equal("Bearer error=\"invalid_token\"", context.Response.Headers.WWWAuthenticate);
    }

    [Fact(Timeout = Limit)]
    public async Task An_expired_token_is_refused()
    {
        var token = Token();
        _clock.Advance(TimeSpan.FromHours(1));
        var context = Request($"Bearer {token}");

        IsRefused(await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true), 401, context);
    }

    [Theory(Timeout = Limit)]
    [InlineData("video:ingest", null, 403)]
    [InlineData("", null, 403)]
    [InlineData("video:playx video VIDEO:PLAY", null, 403)]
    [InlineData("video:play", null, 0)]
    [InlineData("other video:play", null, 0)]
    [InlineData("video:play", "\"0f8fad5b-d9cb-469f-a165-70867728950e\"", 0)]
    [InlineData("video:play", "[\"1f8fad5b-d9cb-469f-a165-70867728950e\",\"0f8fad5b-d9cb-469f-a165-70867728950e\"]", 0)]
    [InlineData("video:play", "\"1f8fad5b-d9cb-469f-a165-70867728950e\"", 403)]
    [InlineData("video:play", "[]", 403)]
    public async Task A_valid_token_allows_what_it_names_and_nothing_else(string scope, string? videos, int refusal)
    {
        var context = Request($"Bearer {Token(scope, videos)}");

        var admission = await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true);

        if (refusal == 0)
        {
            Assert.True(admission.Granted);
            return;
        }
        IsRefused(admission, refusal, context);
        Assert.Equal("Bearer error=\"insufficient_scope\"", context.Response.Headers.WWWAuthenticate);
    }

    [Fact(Timeout = Limit)]
    public async Task A_request_about_no_video_is_open_to_a_token_for_one()
    {
        var context = Request($"Bearer {Token(videos: $"\"{s_other}\"")}");

        Assert.True((await _gate.AdmitAsync(context.Request, Scopes.Play, video: null, allowQuery: false)).Granted);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Header_and_query_together_are_a_bad_request(bool same)
    {
        var context = Request($"Bearer {Token(minutes: 5)}", same ? Token(minutes: 5) : Token(videos: $"\"{s_video}\"", minutes: 5));

        IsRefused(await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true), 400, context);
        Assert.Equal("Bearer error=\"invalid_request\"", context.Response.Headers.WWWAuthenticate);
    }

    [Fact(Timeout = Limit)]
    public async Task Two_tokens_are_a_bad_request()
    {
        var token = Token(videos: $"\"{s_video}\"", minutes: 5);
        var headers = Request(null);
        headers.Request.Headers.Append("Authorization", $"Bearer {token}");
        headers.Request.Headers.Append("Authorization", $"Bearer {token}");
        var query = Request(null);
        query.Request.QueryString = new($"?token={token}&token={token}");

        IsRefused(await _gate.AdmitAsync(headers.Request, Scopes.Play, s_video, allowQuery: true), 400, headers);
        IsRefused(await _gate.AdmitAsync(query.Request, Scopes.Play, s_video, allowQuery: true), 400, query);
    }

    [Theory(Timeout = Limit)]
    [InlineData("\"0f8fad5b-d9cb-469f-a165-70867728950e\"", 15, 0)]
    [InlineData("[\"0f8fad5b-d9cb-469f-a165-70867728950e\"]", 1, 0)]
    [InlineData("\"0f8fad5b-d9cb-469f-a165-70867728950e\"", 16, 401)] // lives too long for a place that is logged
    [InlineData(null, 5, 401)] // names no video
    [InlineData("[]", 5, 403)]
    [InlineData("\"1f8fad5b-d9cb-469f-a165-70867728950e\"", 5, 403)]
    public async Task A_token_in_the_query_names_its_video_and_lives_shortly(string? videos, int minutes, int refusal)
    {
        var context = Request(null, Token(videos: videos, minutes: minutes));

        var admission = await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true);

        if (refusal == 0)
            Assert.True(admission.Granted);
        else
            IsRefused(admission, refusal, context);
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_in_the_query_is_ignored_if_it_is_not_allowed()
    {
        var token = Token(videos: $"\"{s_video}\"", minutes: 5);
        var context = Request(null, token);

        IsRefused(await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: false), 401, context);
        Assert.True((await _gate.AdmitAsync(Request($"Bearer {token}", token).Request, Scopes.Play, s_video, allowQuery: false)).Granted);
        var empty = Request(null, "");
        IsRefused(await _gate.AdmitAsync(empty.Request, Scopes.Play, s_video, allowQuery: true), 401, empty);
    }

    [Theory(Timeout = Limit)]
    [InlineData(1, 0)]
    [InlineData(0, 403)]
    [InlineData(-3600, 403)]
    public async Task Access_by_a_token_ends_with_its_until(int seconds, int refusal)
    {
        var payload = Payload();
        payload["until"] = _clock.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds();
        var context = Request($"Bearer {Jwt.Create(payload, s_key)}");

        var admission = await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true);

        if (refusal == 0)
            Assert.True(admission.Granted);
        else
            IsRefused(admission, refusal, context);
    }

    [Fact(Timeout = Limit)]
    public async Task A_revoked_token_is_refused_as_invalid_and_another_one_of_the_same_user_is_not()
    {
        string TokenOf(string id, string subject)
        {
            var payload = Payload();
            (payload["jti"], payload["sub"]) = (id, subject);
            return Jwt.Create(payload, s_key);
        }

        await _revocations.RefuseAsync(RevocationKind.Token, "1", refused: true, TestContext.Current.CancellationToken);
        await _revocations.RefuseAsync(RevocationKind.Subject, "b", refused: true, TestContext.Current.CancellationToken);
        Assert.True((await AdmitAsync($"Bearer {TokenOf("2", "a")}")).Granted);
        Assert.True((await AdmitAsync($"Bearer {TokenOf("b", "1")}")).Granted);
        foreach (var (id, subject) in (IEnumerable<(string, string)>)[("1", "a"), ("2", "b"), ("1", "b")])
        {
            var context = Request($"Bearer {TokenOf(id, subject)}");
            IsRefused(await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true), 401, context);
            Assert.Equal("Bearer error=\"invalid_token\"", context.Response.Headers.WWWAuthenticate);
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("jti")]
    [InlineData("sub")]
    public async Task A_token_with_a_malformed_jti_or_sub_is_refused_because_it_could_not_be_revoked(string claim)
    {
        foreach (var value in (string[])["1", "[\"a\"]", "{}", "true", "\"\\ud800\""])
        {
            var payload = Payload().ToJsonString()[..^1] + $",\"{claim}\":{value}}}";
            var context = Request($"Bearer {Jwt.Create("""{"alg":"HS256"}""", payload, data => HMACSHA256.HashData(s_key, data))}");
            IsRefused(await _gate.AdmitAsync(context.Request, Scopes.Play, s_video, allowQuery: true), 401, context);
        }
    }

    private static void IsRefused(Admission admission, int status, HttpContext context)
    {
        Assert.False(admission.Granted);
        Assert.Null(admission.Claims);
        Assert.Equal(status, admission.Refusal!.StatusCode);
        Assert.Equal("no-store", context.Response.Headers.CacheControl);
        // What was sent as a token does not come back.
        var tokens = context.Request.Headers.Authorization.Concat(context.Request.Query["token"]).OfType<string>().Select(text => text.Split(' ')[^1]);
        foreach (var sent in tokens.Where(text => text.Length > 10))
            Assert.DoesNotContain(sent, admission.Refusal.ProblemDetails.Detail, StringComparison.Ordinal);
    }

    private static DefaultHttpContext Request(string? header, string? query = null)
    {
        var context = new DefaultHttpContext();
        if (header is not null)
            context.Request.Headers.Authorization = header;
        if (query is not null)
            context.Request.QueryString = new(QueryHelpers.AddQueryString("", "token", query));
        return context;
    }

    private async Task<Admission> AdmitAsync(string header) => await _gate.AdmitAsync(Request(header).Request, Scopes.Play, s_video, allowQuery: true);

    private string Token(string scope = "video:play", string? videos = null, int minutes = 30)
    {
        var payload = Payload();
        payload["scope"] = scope;
        payload["exp"] = _clock.GetUtcNow().AddMinutes(minutes).ToUnixTimeSeconds();
        if (videos is not null)
            payload["video"] = JsonNode.Parse(videos);
        return Jwt.Create(payload, s_key);
    }

    private JsonObject Payload() => new() { ["aud"] = "reelseal", ["exp"] = _clock.GetUtcNow().AddMinutes(30).ToUnixTimeSeconds(), ["scope"] = "video:play" };
}
