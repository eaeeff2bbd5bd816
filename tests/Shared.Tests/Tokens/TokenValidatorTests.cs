using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Tests.Tokens;

/// <summary>Tokens signed with a shared key, and what is the same for all tokens.</summary>
public sealed class TokenValidatorTests : IDisposable
{
    private const int Limit = 300_000; // milliseconds
    private static readonly byte[] s_key = Encoding.UTF8.GetBytes("0123456789abcdef0123456789abcdef");
    private static readonly VideoId s_video = VideoId.Parse("0f8fad5b-d9cb-469f-a165-70867728950e", provider: null);

    private readonly FakeTimeProvider _clock = new(new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly HttpClient _http = new();
    private readonly TokenValidator _validator;

    public TokenValidatorTests() => _validator = Validator(new() { SharedKey = s_key });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private long Now => _clock.GetUtcNow().ToUnixTimeSeconds();

    public void Dispose() => _http.Dispose();

    [Fact(Timeout = Limit)]
    public async Task The_claims_of_a_valid_token_are_read()
    {
        var other = VideoId.New();
        var payload = Payload();
        payload["scope"] = "video:play video:ingest";
        payload["video"] = new JsonArray(s_video.ToString(), other.ToString());
        payload["nbf"] = Now - 10;
        payload["until"] = Now + 7200;

        var claims = await ValidateAsync(payload);

        Assert.NotNull(claims);
        Assert.Equal([Scopes.Ingest, Scopes.Play], claims.Scopes.Order(StringComparer.Ordinal).ToList());
        Assert.True(claims.Allows(s_video));
        Assert.True(claims.Allows(other));
        Assert.False(claims.Allows(VideoId.New()));
        Assert.Equal(_clock.GetUtcNow().AddHours(1), claims.Expires);
        Assert.Equal(_clock.GetUtcNow().AddSeconds(-10), claims.NotBefore);
        Assert.Equal(_clock.GetUtcNow().AddHours(2), claims.Until);
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_without_optional_claims_is_for_all_videos_and_no_scope()
    {
        var claims = await ValidateAsync(new JsonObject { ["aud"] = "reelseal", ["exp"] = Now + 60 });

        Assert.NotNull(claims);
        Assert.Empty(claims.Scopes);
        Assert.Null(claims.Videos);
        Assert.True(claims.Allows(s_video));
        Assert.Null(claims.Until);
    }

    [Theory(Timeout = Limit)]
    [InlineData("\"reelseal\"", true)]
    [InlineData("[\"another\",\"reelseal\"]", true)]
    [InlineData("\"another\"", false)]
    [InlineData("\"reelseal/\"", false)]
    [InlineData("\"Reelseal\"", false)]
    [InlineData("[]", false)]
    [InlineData("null", false)]
    [InlineData("1", false)]
    [InlineData(null, false)]
    public Task A_token_is_for_this_audience(string? audience, bool valid) => ValidIf(valid, "aud", audience);

    [Theory(Timeout = Limit)]
    [InlineData("+0", true)] // the issuer's clock may be a few seconds off
    [InlineData("-4", true)]
    [InlineData("-5", false)]
    [InlineData("-3600", false)]
    [InlineData("+1", true)]
    public Task A_token_is_valid_until_it_expires(string seconds, bool valid) => ValidIf(valid, "exp", At(seconds));

    [Theory(Timeout = Limit)]
    [InlineData("-3600", true)]
    [InlineData("+5", true)]
    [InlineData("+6", false)]
    public Task A_token_is_not_valid_before_its_time(string seconds, bool valid) => ValidIf(valid, "nbf", At(seconds));

    [Theory(Timeout = Limit)]
    [InlineData("exp", null, false)]
    [InlineData("exp", "null", false)]
    [InlineData("exp", "\"1900000000\"", false)]
    [InlineData("exp", "1900000000.5", true)] // a NumericDate may have a fraction (RFC 7519, section 2)
    [InlineData("exp", "1.9e9", true)]
    [InlineData("exp", "1e300", false)]
    [InlineData("exp", "-1", false)]
    [InlineData("exp", "[1900000000]", false)]
    [InlineData("exp", "true", false)]
    [InlineData("nbf", "\"1\"", false)]
    [InlineData("nbf", "null", false)]
    [InlineData("nbf", "1e300", false)]
    [InlineData("nbf", "1.5", true)]
    [InlineData("until", "\"1900000000\"", false)]
    [InlineData("until", "null", false)]
    [InlineData("until", "{}", false)]
    [InlineData("until", "1e300", false)]
    [InlineData("until", "1900000000", true)]
    [InlineData("until", "1900000000.9", true)]
    [InlineData("scope", "1", false)]
    [InlineData("scope", "null", false)]
    [InlineData("scope", "[\"video:play\",1]", false)]
    [InlineData("scope", "[\"video:play\"]", true)]
    [InlineData("scope", "\"\"", true)]
    [InlineData("video", "1", false)]
    [InlineData("video", "null", false)]
    [InlineData("video", "{}", false)]
    [InlineData("video", "true", false)]
    [InlineData("video", "[\"0f8fad5b-d9cb-469f-a165-70867728950e\",null]", false)]
    [InlineData("video", "[[\"0f8fad5b-d9cb-469f-a165-70867728950e\"]]", false)]
    [InlineData("video", "[]", true)]
    public Task A_claim_of_the_wrong_type_makes_a_token_invalid(string claim, string? value, bool valid) => ValidIf(valid, claim, value);

    [Theory(Timeout = Limit)]
    [InlineData("\"0f8fad5b-d9cb-469f-a165-70867728950e\"", true)]
    [InlineData("[\"0f8fad5b-d9cb-469f-a165-70867728950e\"]", true)]
    [InlineData("[\"x\",\"0f8fad5b-d9cb-469f-a165-70867728950e\"]", true)]
    [InlineData("\"0F8FAD5B-D9CB-469F-A165-70867728950E\"", false)]
    [InlineData("\"0f8fad5bd9cb469fa16570867728950e\"", false)]
    [InlineData("\"*\"", false)]
    [InlineData("\"\"", false)]
    [InlineData("[]", false)]
    public async Task A_token_that_names_videos_is_for_these_alone(string videos, bool allowed)
    {
        var payload = Payload();
        payload["video"] = JsonNode.Parse(videos);

        var claims = await ValidateAsync(payload);

        Assert.NotNull(claims);
        Assert.Equal(allowed, claims.Allows(s_video));
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_is_refused_from_the_second_it_expires_even_when_it_is_remembered()
    {
        var token = Jwt.Create(Payload(), s_key);

        Assert.NotNull(await _validator.ValidateAsync(token, Token));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(await _validator.ValidateAsync(token, Token));
        _clock.Advance(TokenValidator.ClockSkew);
        Assert.Null(await _validator.ValidateAsync(token, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_becomes_valid_when_its_time_comes()
    {
        var payload = Payload();
        payload["nbf"] = Now + 100;
        var token = Jwt.Create(payload, s_key);

        Assert.Null(await _validator.ValidateAsync(token, Token));
        _clock.Advance(TimeSpan.FromSeconds(100));
        Assert.NotNull(await _validator.ValidateAsync(token, Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"None","typ":"JWT"}""")]
    [InlineData("""{"alg":"HS384"}""")]
    [InlineData("""{"alg":"HS512"}""")]
    [InlineData("""{"alg":"RS256"}""")]
    [InlineData("""{"alg":"hs256"}""")]
    [InlineData("""{"alg":["HS256"]}""")]
    [InlineData("""{"alg":null}""")]
    [InlineData("""{"alg":1}""")]
    [InlineData("""{"typ":"JWT"}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("""{"alg":"none","alg":"HS256"}""")]
    [InlineData("""{"alg":"HS256","alg":"HS256"}""")]
    [InlineData("""{"alg":"HS256","crit":["exp"]}""")] // what it does not understand, a receiver must refuse (RFC 7515, section 4.1.11)
    [InlineData("""{"alg":"HS256","crit":["b64"],"b64":false}""")]
    [InlineData("""{"alg":"HS256"} """ + "x")]
    public async Task A_header_that_asks_for_anything_but_HS256_is_refused_whatever_the_signature(string header)
    {
        Func<byte[], byte[]>[] signers =
        [
            data => HMACSHA256.HashData(s_key, data), data => HMACSHA384.HashData(s_key, data), data => HMACSHA512.HashData(s_key, data), _ => [],
        ];
        foreach (var sign in signers)
            Assert.Null(await _validator.ValidateAsync(Jwt.Create(header, Payload().ToJsonString(), sign), Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_payload_with_a_claim_twice_is_refused()
    {
        var payload = Payload().ToJsonString()[..^1] + ""","video":"0f8fad5b-d9cb-469f-a165-70867728950e","video":null}""";

        Assert.Null(await _validator.ValidateAsync(Jwt.Create("""{"alg":"HS256"}""", payload, data => HMACSHA256.HashData(s_key, data)), Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_forged_signature_is_refused()
    {
        var token = Jwt.Create(Payload(), s_key);
        var parts = token.Split('.');

        Assert.NotNull(await _validator.ValidateAsync(token, Token));
        foreach (var last in "AEIMQUYcgkosw048") // those that end a text of 32 bytes
            Assert.Equal(token.EndsWith(last), await _validator.ValidateAsync(token[..^1] + last, Token) is not null);
        Assert.Null(await _validator.ValidateAsync(Jwt.Create(Payload(), Encoding.UTF8.GetBytes("another key of thirty-two bytes!")), Token));
        Assert.Null(await _validator.ValidateAsync(Jwt.Create(Payload(), []), Token));
        Assert.Null(await _validator.ValidateAsync($"{parts[0]}.{parts[1]}.", Token));
        Assert.Null(await _validator.ValidateAsync($"{parts[0]}.{parts[1]}", Token));
        Assert.Null(await _validator.ValidateAsync(token + "A", Token));
        Assert.Null(await _validator.ValidateAsync(token + "=", Token));
        Assert.Null(await _validator.ValidateAsync(token + ".", Token));
        Assert.Null(await _validator.ValidateAsync($"{parts[0]}.{parts[1]}.{parts[2][..^2]}", Token));
        var payload = Payload();
        payload["scope"] = "video:ingest";
        Assert.Null(await _validator.ValidateAsync($"{parts[0]}.{Jwt.Create(payload, s_key).Split('.')[1]}.{parts[2]}", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task No_change_of_a_token_is_accepted_and_none_is_an_exception()
    {
        var token = Jwt.Create(Payload(), s_key);
        const string alphabet = "ABCXYZabcxyz0189-_.=+/{}\" \u0000\u00e4\ud83d";
        var random = new Random(20261122);
        for (var round = 0; round < 3_000; round++)
        {
            var changed = new StringBuilder(token);
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var place = random.Next(changed.Length);
                switch (random.Next(3))
                {
                    case 0: changed[place] = alphabet[random.Next(alphabet.Length)]; break;
                    case 1: changed.Remove(place, Math.Min(changed.Length - place, random.Next(1, 20))); break;
                    default: changed.Insert(place, alphabet[random.Next(alphabet.Length)]); break;
                }
            }
            if (changed.ToString() != token)
                Assert.Null(await _validator.ValidateAsync(changed.ToString(), Token));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Strange_JSON_throws_no_exception()
    {
        string[] strings =
        [
            "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\uffff\"", new string('[', 1000), "1e999", "-0", "\"" + new string('x', 3000) + "\"",
            "{\"\\ud800\":1}", "01", "\"HS256\"",
        ];
        foreach (var value in strings)
        {
            foreach (var name in (string[])["alg", "kid", "typ", "crit", "\\ud800", "x"])
                await _validator.ValidateAsync(
                    Jwt.Create($$"""{"{{name}}":{{value}},"b":"HS256"}""", Payload().ToJsonString(), data => HMACSHA256.HashData(s_key, data)),
                    Token);
            foreach (var name in (string[])["aud", "exp", "nbf", "iss", "until", "scope", "video", "\\ud800", "iat", "sub", "jti"])
                await _validator.ValidateAsync(
                    Jwt.Create("""{"alg":"HS256"}""", $$"""{"{{name}}":{{value}}}""", data => HMACSHA256.HashData(s_key, data)),
                    Token);
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("....")]
    [InlineData("a.b.c")]
    [InlineData("null")]
    [InlineData("e30.e30.e30")]
    public async Task A_text_that_is_not_a_token_is_refused(string text) => Assert.Null(await _validator.ValidateAsync(text, Token));

    [Fact(Timeout = Limit)]
    public async Task A_token_may_have_16_KiB_and_no_more()
    {
        var payload = Payload();
        payload["groups"] = new string('x', 12_000);
        Assert.InRange(Jwt.Create(payload, s_key).Length, 16_000, 16_384);
        Assert.NotNull(await ValidateAsync(payload));

        payload["groups"] = new string('x', 12_400);
        Assert.Null(await ValidateAsync(payload));
        Assert.Null(await _validator.ValidateAsync(new string('x', 1_000_000), Token));
        Assert.Null(await _validator.ValidateAsync(new string('\u20ac', 8_000), Token));
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"scope":"video:play"}""", "video:play")]
    [InlineData("""{"scope":["video:play","openid"]}""", "openid video:play")]
    [InlineData("""{"scp":"video:play video:ingest"}""", "video:ingest video:play")] // Entra ID
    [InlineData("""{"scp":["video:play"]}""", "video:play")] // Okta
    [InlineData("""{"permissions":["video:play"]}""", "video:play")] // Auth0 with RBAC
    [InlineData("""{"roles":["video:ingest"]}""", "video:ingest")] // Entra ID's app roles
    [InlineData("""{"scope":"openid profile email","permissions":["video:play"]}""", "video:play")] // a login by a person, whose rights are roles in Auth0
    [InlineData("""{"scp":"access_as_user","roles":["video:play"]}""", "video:play")] // likewise in Entra ID
    [InlineData("""{"scope":"video:play","permissions":["video:play","video:ingest"]}""", "video:play")] // its user may upload, but this client may only play
    [InlineData("""{"scp":"video:play","roles":["video:ingest"]}""", "video:play")]
    [InlineData("""{"scope":"video:other","permissions":["video:ingest"]}""", "video:other")]
    [InlineData("""{"scope":"","scp":[],"permissions":[],"roles":[]}""", "")]
    [InlineData("""{"scope":"openid","scopes":"video:play","role":"video:play","groups":["video:play"]}""", "")]
    public async Task Scopes_come_from_the_first_claim_that_names_one_of_ours(string claims, string scopes) =>
        Assert.Equal(scopes, string.Join(' ', (await ValidateAsync(With(claims)))!.Scopes.Order(StringComparer.Ordinal)));

    [Theory(Timeout = Limit)]
    [InlineData("scp", "1")]
    [InlineData("scp", "null")]
    [InlineData("scp", "{}")]
    [InlineData("permissions", "true")]
    [InlineData("permissions", "[{\"rsname\":\"video:play\"}]")]
    [InlineData("roles", "[null]")]
    [InlineData("roles", "{\"video:play\":{}}")]
    public async Task A_scope_claim_of_the_wrong_type_makes_a_token_invalid_unless_an_earlier_one_was_enough(string claim, string json)
    {
        Assert.Null(await ValidateAsync(With($$"""{"{{claim}}":{{json}}}""")));
        Assert.NotNull(await ValidateAsync(With($$"""{"scope":"video:play","{{claim}}":{{json}}}""")));
    }

    [Theory(Timeout = Limit)]
    [InlineData("reelseal/video:play", "video:play")]
    [InlineData("reelseal/video:play reelseal/video:ingest", "video:ingest video:play")]
    [InlineData("video:play", "video:play")] // a token of the shared key has no prefix
    [InlineData("video:play other/video:ingest", "other/video:ingest video:play")]
    [InlineData("other/video:play", "")]
    [InlineData("reelseal/reelseal/video:play", "")]
    [InlineData("Reelseal/video:play", "")]
    [InlineData("reelseal/", "")]
    public async Task A_prefix_is_removed_from_scopes(string scope, string scopes)
    {
        var validator = Validator(new() { SharedKey = s_key, ScopePrefix = "reelseal/" });

        var claims = await validator.ValidateAsync(Jwt.Create(With($$"""{"scope":"{{scope}}"}"""), s_key), Token);

        Assert.Equal(scopes, string.Join(' ', claims!.Scopes.Order(StringComparer.Ordinal)));
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"client_id":"c1"}""", true)]
    [InlineData("""{"client_id":["x","c2"]}""", true)]
    [InlineData("""{"client_id":"c3"}""", false)]
    [InlineData("""{"client_id":"c1,c2"}""", false)]
    [InlineData("""{"client_id":1}""", false)]
    [InlineData("""{"client_id":null}""", false)]
    [InlineData("""{"aud":"c1"}""", false)] // Cognito's id tokens
    public async Task The_audience_may_be_one_of_several_and_its_claim_may_have_another_name(string claims, bool valid)
    {
        var validator = Validator(new() { SharedKey = s_key, AudienceClaim = "client_id", Audiences = ["c1", "c2"] });

        Assert.Equal(valid, await validator.ValidateAsync(Jwt.Create(With(claims), s_key), Token) is not null);
    }

    [Fact(Timeout = Limit)]
    public async Task The_claim_of_videos_may_have_another_name()
    {
        var validator = Validator(new() { SharedKey = s_key, VideoClaim = "https://media.example/video" });

        Assert.Equal([s_video], (await ReadAsync($$"""{"https://media.example/video":["{{s_video}}"]}"""))!.Videos!);
        Assert.Null((await ReadAsync($$"""{"video":["{{s_video}}"]}"""))!.Videos);
        Assert.Null(await ReadAsync("""{"https://media.example/video":1}"""));

        async Task<TokenClaims?> ReadAsync(string claims) => await validator.ValidateAsync(Jwt.Create(With(claims), s_key), Token);
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"jti":"t1","sub":"alice"}""", "t1", "alice")]
    [InlineData("""{"uti":"t2"}""", "t2", null)] // Entra ID
    [InlineData("""{"jti":"t1","uti":"t2"}""", "t1", null)]
    [InlineData("""{"jti":null,"sub":null}""", null, null)]
    [InlineData("""{}""", null, null)]
    public async Task The_names_by_which_a_token_can_be_revoked_are_kept(string claims, string? id, string? subject)
    {
        var read = (await ValidateAsync(With(claims)))!;

        Assert.Equal((id, subject), (read.Id, read.Subject));
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"jti":7}""")]
    [InlineData("""{"sub":42}""")]
    [InlineData("""{"uti":7}""")]
    [InlineData("""{"jti":["t1"]}""")]
    [InlineData("""{"jti":{}}""")]
    [InlineData("""{"uti":true}""")]
    [InlineData("""{"sub":false}""")]
    [InlineData("""{"sub":["alice"]}""")]
    public async Task A_token_that_could_not_be_revoked_by_its_name_is_refused(string claims) => Assert.Null(await ValidateAsync(With(claims)));

    private async Task ValidIf(bool valid, string claim, string? json)
    {
        var payload = Payload();
        payload.Remove(claim);
        var text = json is null ? payload.ToJsonString() : $$"""{{payload.ToJsonString()[..^1]}},"{{claim}}":{{json}}}""";

        var claims = await _validator.ValidateAsync(Jwt.Create("""{"alg":"HS256","typ":"JWT"}""", text, data => HMACSHA256.HashData(s_key, data)), Token);

        Assert.Equal(valid, claims is not null);
    }

    private string At(string seconds) => (Now + int.Parse(seconds, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);

    private TokenValidator Validator(TokenOptions options) => new(options, _clock, _http, NullLogger<TokenValidator>.Instance);

    /// <summary>The claims that every token needs, and these.</summary>
    private JsonObject With(string claims)
    {
        var payload = JsonNode.Parse(claims)!.AsObject();
        payload.TryAdd("aud", "reelseal");
        payload.TryAdd("exp", Now + 3600);
        return payload;
    }

    private async Task<TokenClaims?> ValidateAsync(JsonObject payload) => await _validator.ValidateAsync(Jwt.Create(payload, s_key), Token);

    private JsonObject Payload() => new() { ["aud"] = "reelseal", ["exp"] = Now + 3600, ["scope"] = "video:play" };
}
