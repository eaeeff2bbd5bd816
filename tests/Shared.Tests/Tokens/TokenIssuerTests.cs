using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Tests.Tokens;

/// <summary>Tokens of an issuer that publishes its keys, over real HTTP.</summary>
public sealed class TokenIssuerTests : IAsyncLifetime
{
    private const int Limit = 300_000; // milliseconds
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60); // where the issuer does answer: the machine may be busy
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(3); // where it does not
    private static readonly IssuerKey s_rsa = IssuerKey.Rsa("rsa"); // made once: an RSA key takes a while
    private static readonly IssuerKey s_sharedRsa = IssuerKey.Rsa("k");
    private static readonly IssuerKey s_p256 = IssuerKey.P256("p256");
    private static readonly byte[] s_sharedKey = Encoding.UTF8.GetBytes("0123456789abcdef0123456789abcdef");

    private readonly FakeTimeProvider _clock = new(new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly HttpClient _http = TokenServices.CreateHttpClient(s_patience);
    private TokenIssuer _issuer = null!;
    private TokenValidator _validator = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _issuer = await TokenIssuer.StartAsync();
        _issuer.Keys = [s_rsa, s_p256];
        _validator = Validator();
    }

    public async ValueTask DisposeAsync()
    {
        await _issuer.DisposeAsync();
        _http.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task Tokens_signed_with_published_keys_are_valid()
    {
        Assert.Equal([Scopes.Play], (await ValidateAsync(s_rsa.Sign(Payload())))!.Scopes.ToList());
        Assert.NotNull(await ValidateAsync(s_p256.Sign(Payload())));
        Assert.Equal(1, _issuer.Fetches);
    }

    [Theory(Timeout = Limit)]
    [InlineData("iss", "\"https://another.example\"")]
    [InlineData("iss", null)]
    [InlineData("iss", "[]")]
    [InlineData("aud", "\"another\"")]
    [InlineData("aud", null)]
    [InlineData("exp", "1")]
    [InlineData("exp", null)]
    [InlineData("nbf", "99999999999")]
    public async Task A_token_with_a_wrong_claim_is_refused(string claim, string? json)
    {
        var payload = Payload();
        payload[claim] = json is null ? null : JsonNode.Parse(json);
        if (json is null)
            payload.Remove(claim);

        Assert.Null(await ValidateAsync(s_rsa.Sign(payload)));
        Assert.Null(await ValidateAsync(s_p256.Sign(payload)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_forged_token_is_refused()
    {
        using var forger = IssuerKey.Rsa("rsa");
        using var otherForger = IssuerKey.P256("p256");
        using var nameless = IssuerKey.P256(null);

        Assert.Null(await ValidateAsync(forger.Sign(Payload())));
        Assert.Null(await ValidateAsync(otherForger.Sign(Payload())));
        Assert.Null(await ValidateAsync(nameless.Sign(Payload())));
        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"none","kid":"rsa"}""", Payload().ToJsonString(), _ => [])));
        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"PS256","kid":"rsa"}""", Payload().ToJsonString(), s_rsa.Sign)));
        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"EdDSA","kid":"rsa"}""", Payload().ToJsonString(), s_rsa.Sign)));
        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"ES256","kid":"rsa"}""", Payload().ToJsonString(), s_p256.Sign)));
        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"RS256","kid":"p256"}""", Payload().ToJsonString(), s_rsa.Sign)));
        // The forger's own key, brought along in the header.
        Assert.Null(await ValidateAsync(Jwt.Create(new JsonObject { ["alg"] = "RS256", ["kid"] = "rsa", ["jwk"] = forger.ToJwk() }, Payload(), forger.Sign)));
        Assert.Null(await ValidateAsync(
            Jwt.Create(new JsonObject { ["alg"] = "RS256", ["kid"] = "rsa", ["jku"] = _issuer.Address + "/jwks" }, Payload(), forger.Sign)));
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_public_key_is_not_a_shared_secret(bool withSharedKey)
    {
        var validator = Validator(withSharedKey ? s_sharedKey : null);
        foreach (var key in (IssuerKey[])[s_rsa, s_p256])
        {
            var jwk = key.ToJwk();
            string[] secrets =
            [
                key.ToPem(), key.ToPem().Trim(), key.ToPem().ReplaceLineEndings("\r\n"), jwk.ToJsonString(), (string?)jwk["n"] ?? (string)jwk["x"]!,
            ];
            foreach (var secret in secrets)
            {
                var header = new JsonObject { ["alg"] = "HS256", ["kid"] = key.Id };
                Assert.Null(await validator.ValidateAsync(
                    Jwt.Create(header, Payload(), data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), data)),
                    Token));
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Keys_and_tokens_may_go_without_an_id()
    {
        using var nameless = IssuerKey.Rsa(null);
        _issuer.Keys = [s_p256, s_rsa, nameless];

        Assert.NotNull(await ValidateAsync(nameless.Sign(Payload())));
        Assert.NotNull(await ValidateAsync(Jwt.Create("""{"alg":"RS256","kid":"whatever"}""", Payload().ToJsonString(), nameless.Sign)));
        Assert.NotNull(await ValidateAsync(Jwt.Create("""{"alg":"RS256"}""", Payload().ToJsonString(), s_rsa.Sign)));
        Assert.NotNull(await ValidateAsync(Jwt.Create("""{"alg":"ES256"}""", Payload().ToJsonString(), s_p256.Sign)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_new_key_is_fetched_when_a_token_names_it_and_what_the_old_ones_signed_is_forgotten()
    {
        using var next = IssuerKey.P256("next");
        var old = s_rsa.Sign(Payload());
        Assert.NotNull(await ValidateAsync(old));
        _issuer.Keys = [next];
        _clock.Advance(IssuerKeys.PauseAfterSuccess);

        Assert.NotNull(await ValidateAsync(old)); // still remembered, nobody has asked for keys
        Assert.NotNull(await ValidateAsync(next.Sign(Payload())));

        Assert.Null(await ValidateAsync(old));
        Assert.Equal(2, _issuer.Fetches);
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_that_is_replaced_under_the_same_id_is_another_key()
    {
        var old = s_rsa.Sign(Payload());
        Assert.NotNull(await ValidateAsync(old));
        using var next = IssuerKey.Rsa("rsa");
        _issuer.Keys = [next];
        Assert.Null(await ValidateAsync(next.Sign(Payload())));
        _clock.Advance(IssuerKeys.RefreshAfter);

        await EventuallyAsync(async () => await ValidateAsync(next.Sign(Payload())) is not null);
        Assert.Null(await ValidateAsync(old));
    }

    [Fact(Timeout = Limit)]
    public async Task A_withdrawn_key_is_trusted_for_five_minutes_more()
    {
        var token = s_rsa.Sign(Payload());
        Assert.NotNull(await ValidateAsync(token));
        _issuer.Keys = [s_p256];

        _clock.Advance(IssuerKeys.RefreshAfter - TimeSpan.FromSeconds(1));
        Assert.NotNull(await ValidateAsync(token));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await EventuallyAsync(async () => await ValidateAsync(token) is null); // the fetch goes on beside the requests
    }

    [Fact(Timeout = Limit)]
    public async Task Keys_that_have_not_changed_are_confirmed_and_nothing_is_forgotten()
    {
        var token = s_rsa.Sign(Payload());
        Assert.NotNull(await ValidateAsync(token));
        for (var round = 0; _issuer.Fetches < 4; round++)
        {
            // Only now and then: a fetch that has begun before the clock is put forward counts as new.
            if (round % 100 == 0)
                _clock.Advance(IssuerKeys.RefreshAfter);
            Assert.NotNull(await ValidateAsync(token));
            await Task.Delay(10, Token);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Made_up_key_ids_do_not_hammer_the_issuer()
    {
        Assert.NotNull(await ValidateAsync(s_rsa.Sign(Payload())));
        using var forger = IssuerKey.P256("x");
        for (var wave = 0; wave < 3; wave++)
        {
            var fifty = new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Token };
            await Parallel.ForEachAsync(Enumerable.Range(0, 300), fifty, async (number, _) =>
            {
                Assert.Null(await ValidateAsync(Jwt.Create($$"""{"alg":"ES256","kid":"{{wave}}-{{number}}"}""", Payload().ToJsonString(), forger.Sign)));
                Assert.NotNull(await ValidateAsync(s_p256.Sign(Payload())));
            });
            Assert.Equal(1 + wave, _issuer.Fetches);
            _clock.Advance(IssuerKeys.PauseAfterSuccess);
        }

        // And a real new key is seen all the same.
        using var next = IssuerKey.P256("next");
        _issuer.Keys = [next];
        Assert.NotNull(await ValidateAsync(next.Sign(Payload())));
    }

    [Fact(Timeout = Limit)]
    public async Task Fifty_at_once_share_one_fetch()
    {
        _issuer.Misbehave = async context =>
        {
            await Task.Delay(100, context.RequestAborted);
            await context.Response.WriteAsync($$"""{"issuer":"{{_issuer.Address}}","jwks_uri":"{{_issuer.Address}}/jwks"}""", context.RequestAborted);
        };

        Assert.All(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ValidateAsync(s_p256.Sign(Payload())))), Assert.NotNull);

        Assert.Equal(1, _issuer.Fetches);
    }

    [Fact(Timeout = Limit)]
    public async Task An_issuer_that_never_answers_keeps_nobody_waiting_longer_than_the_timeout()
    {
        _validator = Validator(timeout: s_timeout);
        _issuer.Misbehave = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        var watch = Stopwatch.StartNew();

        var faults = await Task.WhenAll(
            Enumerable.Range(0, 50)
                .Select(_ => Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_p256.Sign(Payload())))));

        Assert.All(faults, fault => Assert.Equal(504, fault.StatusCode));
        Assert.InRange(watch.Elapsed, s_timeout - TimeSpan.FromMilliseconds(50), s_timeout * 6); // not one timeout after the other
        Assert.Equal(1, _issuer.Fetches);

        // Until the pause is over nobody waits at all.
        watch.Restart();
        Assert.Equal(504, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_p256.Sign(Payload())))).StatusCode);
        Assert.True(watch.Elapsed < s_timeout);

        _issuer.Misbehave = null;
        _clock.Advance(IssuerKeys.PauseAfterFailure);
        Assert.NotNull(await ValidateAsync(s_p256.Sign(Payload())));
    }

    [Fact(Timeout = Limit)]
    public async Task An_issuer_that_is_down_is_a_bad_gateway_until_it_is_back()
    {
        _issuer.Misbehave = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        for (var round = 0; round < 20; round++)
            Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())))).StatusCode);
        Assert.Equal(1, _issuer.Fetches);

        _issuer.Misbehave = null;
        _clock.Advance(IssuerKeys.PauseAfterFailure);
        Assert.NotNull(await ValidateAsync(s_rsa.Sign(Payload())));
    }

    [Fact(Timeout = Limit)]
    public async Task Nobody_listening_is_a_bad_gateway()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = $"http://{listener.LocalEndpoint}";
        listener.Stop();
        var validator = new TokenValidator(
            new TokenOptions { Issuer = address, IssuerTimeout = s_timeout },
            _clock, _http, NullLogger<TokenValidator>.Instance);

        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => validator.ValidateAsync(s_rsa.Sign(Payload()), Token).AsTask())).StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Known_keys_outlast_an_outage_of_a_day_and_no_longer()
    {
        _validator = Validator(timeout: s_timeout);
        var token = s_rsa.Sign(Payload(days: 3));
        Assert.NotNull(await ValidateAsync(token));
        _issuer.Misbehave = context => Task.Delay(Timeout.Infinite, context.RequestAborted);

        for (var hours = 0; hours < 23; hours++)
        {
            _clock.Advance(TimeSpan.FromHours(1));
            var watch = Stopwatch.StartNew();
            Assert.NotNull(await ValidateAsync(token));
            Assert.True(watch.Elapsed < s_timeout, "It waited for the issuer.");
        }
        _clock.Advance(IssuerKeys.PauseAfterFailure);
        using var unknown = IssuerKey.P256("unknown");
        Assert.Equal(504, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(unknown.Sign(Payload(days: 3))))).StatusCode);

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(504, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(token))).StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_refresh_that_fails_is_logged_although_nobody_waits_for_it()
    {
        var log = new Lines();
        _validator = Validator(logger: log);
        var token = s_rsa.Sign(Payload());
        Assert.NotNull(await ValidateAsync(token));
        _issuer.Misbehave = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };

        _clock.Advance(IssuerKeys.RefreshAfter);
        Assert.NotNull(await ValidateAsync(token));
        await EventuallyAsync(() => Task.FromResult(log.Text.Count == 1));
        Assert.Contains("500", Assert.Single(log.Text), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Its_health_is_reported_without_asking_it_more_often_than_anybody_may()
    {
        _validator = Validator(timeout: s_timeout);
        var health = new TokenIssuerHealth(_validator);
        for (var times = 0; times < 20; times++)
            Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync(new(), Token)).Status);
        Assert.Equal(1, _issuer.Fetches);

        _issuer.Misbehave = context => context.Response.WriteAsync("{");
        _clock.Advance(IssuerKeys.PauseAfterSuccess);
        for (var times = 0; times < 20; times++)
            Assert.Equal("The token issuer's keys are unavailable right now.", (await health.CheckHealthAsync(new(), Token)).Description);
        Assert.Equal(2, _issuer.Fetches);
    }

    [Fact(Timeout = Limit)]
    public async Task Tokens_of_the_shared_key_do_not_need_the_issuer()
    {
        _issuer.Misbehave = context => Task.Delay(Timeout.Infinite, context.RequestAborted);

        Assert.NotNull(await Validator(s_sharedKey).ValidateAsync(Jwt.Create(Payload(), s_sharedKey), Token));

        Assert.Equal(0, _issuer.Fetches);
    }

    [Fact(Timeout = Limit)]
    public async Task A_caller_who_hangs_up_ends_his_own_waiting_and_nobody_elses()
    {
        using var release = new SemaphoreSlim(0);
        _issuer.Misbehave = async context =>
        {
            await release.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync($$"""{"issuer":"{{_issuer.Address}}","jwks_uri":"{{_issuer.Address}}/jwks"}""", context.RequestAborted);
        };
        using var caller = new CancellationTokenSource();

        var first = _validator.ValidateAsync(s_rsa.Sign(Payload()), caller.Token).AsTask();
        var second = ValidateAsync(s_rsa.Sign(Payload()));
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release.Release();

        Assert.NotNull(await second);
    }

    [Theory(Timeout = Limit)]
    [InlineData("<html>Sign in</html>")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"issuer":"ISSUER"}""")]
    [InlineData("""{"jwks_uri":"ISSUER/jwks"}""")]
    [InlineData("""{"issuer":"https://another.example","jwks_uri":"ISSUER/jwks"}""")]
    [InlineData("""{"issuer":"ISSUER/","jwks_uri":"ISSUER/jwks"}""")]
    [InlineData("""{"issuer":"ISSUER","jwks_uri":"/jwks"}""")]
    [InlineData("""{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}""")]
    [InlineData("""{"issuer":"ISSUER","jwks_uri":"http://192.0.2.1/jwks"}""")]
    [InlineData("""{"issuer":"ISSUER","jwks_uri":"ISSUER/nothing"}""")]
    [InlineData("""{"issuer":"ISSUER","jwks_uri":["ISSUER/jwks"]}""")]
    [InlineData("""{"issuer":"\ud800","jwks_uri":"ISSUER/jwks"}""")]
    public async Task A_malformed_discovery_document_is_a_bad_gateway(string document)
    {
        _issuer.Discovery = () => document.Replace("ISSUER", _issuer.Address, StringComparison.Ordinal);

        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())))).StatusCode);
    }

    [Theory(Timeout = Limit)]
    [InlineData("<html>Sign in</html>")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"keys":null}""")]
    [InlineData("""{"keys":{}}""")]
    public async Task A_malformed_key_set_is_a_bad_gateway(string document)
    {
        _issuer.KeySet = () => document;

        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())))).StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task An_endless_document_is_a_bad_gateway_or_a_timeout()
    {
        _validator = Validator(timeout: s_timeout);
        _issuer.KeySet = () => $$"""{"keys":[{"kty":"{{new string('x', 20_000_000)}}"}]}""";
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())))).StatusCode);

        _issuer.Misbehave = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(" ", context.RequestAborted);
                await Task.Delay(20, context.RequestAborted);
            }
        };
        _clock.Advance(IssuerKeys.PauseAfterFailure);
        Assert.Equal(504, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())))).StatusCode);

        _issuer.Misbehave = context =>
        {
            context.Response.Redirect(context.Request.Path);
            return Task.CompletedTask;
        };
        _clock.Advance(IssuerKeys.PauseAfterFailure);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())))).StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Bad_keys_in_a_set_are_skipped_and_the_good_ones_used()
    {
        using var weak = IssuerKey.Rsa("weak", bits: 1024);
        using var encryption = IssuerKey.Rsa("encryption");
        var bad = new JsonArray(
            1,
            null,
            new JsonObject(),
            new JsonObject { ["kty"] = "oct", ["kid"] = "rsa", ["alg"] = "HS256", ["k"] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "rsa" },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "rsa", ["n"] = "***", ["e"] = "AQAB" },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "rsa", ["n"] = new string('_', 100_000), ["e"] = "AQAB" },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "rsa", ["n"] = new string('A', 342), ["e"] = "AQAB" },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "rsa", ["n"] = new string('_', 342), ["e"] = "AA" },
            new JsonObject { ["kty"] = "EC", ["kid"] = "p256", ["crv"] = "P-256", ["x"] = new string('A', 43), ["y"] = new string('A', 43) },
            new JsonObject { ["kty"] = "EC", ["kid"] = "p256", ["crv"] = "P-384", ["x"] = "AA", ["y"] = "AA" },
            weak.ToJwk(),
            JsonNode.Parse(encryption.ToJwk().ToJsonString().Replace("\"sig\"", "\"enc\"", StringComparison.Ordinal)),
            s_rsa.ToJwk(),
            s_p256.ToJwk());
        _issuer.KeySet = () => new JsonObject { ["keys"] = bad.DeepClone() }.ToJsonString();
        var validator = Validator(s_sharedKey);

        Assert.NotNull(await validator.ValidateAsync(s_rsa.Sign(Payload()), Token));
        Assert.NotNull(await validator.ValidateAsync(s_p256.Sign(Payload()), Token));
        Assert.Null(await validator.ValidateAsync(weak.Sign(Payload()), Token));
        Assert.Null(await validator.ValidateAsync(encryption.Sign(Payload()), Token));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Algorithms))]
    public async Task A_key_verifies_the_algorithm_it_is_for_and_no_other(string algorithm)
    {
        var key = KeyFor(algorithm);
        _issuer.Keys = [key];
        Assert.NotNull(await ValidateAsync(key.Sign(Payload())));

        foreach (var other in Algorithms.Select(row => row.Data).Where(other => other != algorithm))
        {
            // Made with this key, and with one that fits the other algorithm but bears this key's name.
            Assert.Null(await ValidateAsync(Jwt.Create(Header(other), Payload(), key.Sign)));
            Assert.Null(await ValidateAsync(Jwt.Create(Header(other), Payload(), KeyFor(other).Sign)));
            Assert.Null(await ValidateAsync(Jwt.Create(Header(algorithm), Payload(), KeyFor(other).Sign)));
        }
        foreach (var never in (string[])["none", "HS256", "HS384", "HS512", "EdDSA", "Ed25519", "ES256K", "RSA-OAEP", "", algorithm.ToLowerInvariant()])
            Assert.Null(await ValidateAsync(Jwt.Create(Header(never), Payload(), key.Sign)));

        static JsonObject Header(string name) => new() { ["alg"] = name, ["kid"] = "k" };
    }

    /// <summary>Entra ID publishes its keys so.</summary>
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Algorithms))]
    public async Task A_key_that_names_no_algorithm_verifies_those_of_its_type(string algorithm)
    {
        var key = KeyFor(algorithm);
        _issuer.KeySet = () => Set(Without("alg", key.ToJwk()));

        foreach (var other in Algorithms.Select(row => row.Data))
        {
            if (other == algorithm || (algorithm[0] is 'R' or 'P' && other[0] is 'R' or 'P'))
                Assert.NotNull(await ValidateAsync(key.For(other).Sign(Payload())));
            else
                Assert.Null(await ValidateAsync(Jwt.Create(new JsonObject { ["alg"] = other, ["kid"] = "k" }, Payload(), key.Sign)));
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Algorithms))]
    public async Task A_key_may_be_published_in_a_certificate_alone(string algorithm)
    {
        var key = KeyFor(algorithm);
        _issuer.KeySet = () => Set(key.ToCertificateJwk());

        Assert.NotNull(await ValidateAsync(key.Sign(Payload())));
        Assert.Null(await ValidateAsync(KeyFor(algorithm, fresh: true).Sign(Payload())));
    }

    [Fact(Timeout = Limit)]
    public async Task A_bad_certificate_costs_neither_the_key_beside_it_nor_other_keys()
    {
        using var weak = IssuerKey.Rsa("weak", bits: 1024);
        using var mixed = IssuerKey.P256("mixed");
        var beside = s_rsa.ToJwk();
        beside["x5c"] = new JsonArray("no certificate");
        var anotherType = mixed.ToCertificateJwk();
        anotherType["kty"] = "RSA";
        var anotherCurve = mixed.ToCertificateJwk();
        anotherCurve["crv"] = "P-384";
        var broken = s_p256.ToCertificateJwk();
        broken["x5c"] = new JsonArray(s_p256.ToCertificate()[..100]);
        var empty = new JsonObject { ["kty"] = "RSA", ["x5c"] = new JsonArray() };
        _issuer.KeySet = () => Set(weak.ToCertificateJwk(), anotherType, anotherCurve, broken, empty, beside, s_p256.ToJwk());

        Assert.NotNull(await ValidateAsync(s_rsa.Sign(Payload())));
        Assert.NotNull(await ValidateAsync(s_p256.Sign(Payload())));
        Assert.Null(await ValidateAsync(weak.Sign(Payload())));
        Assert.Null(await ValidateAsync(mixed.Sign(Payload())));
    }

    [Theory(Timeout = Limit)]
    [InlineData("use", "\"enc\"", false)]
    [InlineData("use", null, true)]
    [InlineData("key_ops", "[\"verify\"]", true)]
    [InlineData("key_ops", "[\"encrypt\"]", false)]
    [InlineData("alg", "\"RSA-OAEP\"", false)]
    [InlineData("alg", "1", false)]
    [InlineData("e", "\"Ag\"", false)] // 2
    [InlineData("e", "\"AQ\"", false)] // 1: everything would be its own signature
    public async Task A_key_is_used_for_what_it_is_published_for(string member, string? json, bool used)
    {
        var jwk = Without(member, s_rsa.ToJwk());
        if (json is not null)
            jwk[member] = JsonNode.Parse(json);
        _issuer.KeySet = () => Set(jwk);

        Assert.Equal(used, await ValidateAsync(s_rsa.Sign(Payload())) is not null);
    }

    [Fact(Timeout = Limit)]
    public async Task A_modulus_may_begin_with_the_zero_that_some_issuers_write()
    {
        var jwk = s_rsa.ToJwk();
        jwk["n"] = Base64Url.EncodeToString([0, .. Base64Url.DecodeFromChars((string)jwk["n"]!)]);
        _issuer.KeySet = () => Set(jwk);

        Assert.NotNull(await ValidateAsync(s_rsa.Sign(Payload())));
    }

    [Theory(Timeout = Limit)]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}""")]
    public async Task An_issuer_without_a_usable_key_is_named_in_the_log_and_in_its_health(string set)
    {
        var log = new Lines();
        _validator = Validator(logger: log);
        _issuer.KeySet = () => set;

        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"RS256","kid":"k"}""", Payload().ToJsonString(), s_rsa.Sign)));
        Assert.Null(await ValidateAsync(Jwt.Create("""{"alg":"EdDSA","kid":"k"}""", Payload().ToJsonString(), s_rsa.Sign)));

        const string problem = "The token issuer publishes no key that can be used: it needs RSA of 2048 to 8192 bits, P-256, P-384 or P-521.";
        Assert.Equal(problem, Assert.Single(log.Text));
        Assert.Equal(problem, (await new TokenIssuerHealth(_validator).CheckHealthAsync(new(), Token)).Description);
    }

    [Theory(Timeout = Limit)]
    [InlineData("", "ORIGIN/", "TOKEN_ISSUER is ORIGIN, but the discovery document there is for the issuer ORIGIN/. They differ in the slash at the end.")]
    [InlineData("/", "ORIGIN", "TOKEN_ISSUER is ORIGIN/, but the discovery document there is for the issuer ORIGIN. They differ in the slash at the end.")]
    [InlineData("/common/v2.0", "https://login.example/{tenantid}/v2.0",
        "TOKEN_ISSUER is ORIGIN/common/v2.0, but the discovery document there is for the issuer https://login.example/{tenantid}/v2.0. "
        + "Use the address of your own tenant.")]
    [InlineData("", "https://another.example", "TOKEN_ISSUER is ORIGIN, but the discovery document there is for the issuer https://another.example.")]
    [InlineData("", "a\nforged line", "TOKEN_ISSUER is ORIGIN, but the discovery document there names no issuer.")]
    [InlineData("", null, "TOKEN_ISSUER is ORIGIN, but the discovery document there names no issuer.")]
    [InlineData("/realms/none", "404",
        "TOKEN_ISSUER is ORIGIN/realms/none, but ORIGIN/realms/none/.well-known/openid-configuration answers 404: there is no issuer at that address.")]
    public async Task A_wrong_issuer_is_named_at_start_in_one_line_and_in_the_health_of_a_function_that_runs(string path, string? found, string message)
    {
        var log = new Lines();
        await using var issuer = await TokenIssuer.StartAsync(path);
        var (named, keys) = (found?.Replace("ORIGIN", issuer.Origin, StringComparison.Ordinal), issuer.Origin + "/jwks");
        issuer.Discovery = () => new JsonObject { ["issuer"] = named, ["jwks_uri"] = keys }.ToJsonString();
        if (found == "404")
            issuer.Misbehave = context => Task.FromResult(context.Response.StatusCode = 404);
        message = message.Replace("ORIGIN", issuer.Origin, StringComparison.Ordinal);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(_clock).AddSingleton<ILogger<TokenValidator>>(log);
        builder.Services.AddTokens(new() { Issuer = issuer.Address, IssuerTimeout = s_patience });
        await using var app = builder.Build();

        await app.StartAsync(Token);
        await EventuallyAsync(() => Task.FromResult(!log.Text.IsEmpty));

        var health = app.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(message, (await health.CheckHealthAsync(Token)).Entries[UpstreamException.TokenIssuer].Description);
        var validator = app.Services.GetRequiredService<TokenValidator>();
        for (var round = 0; round < 3; round++)
        {
            _clock.Advance(IssuerKeys.PauseAfterFailure);
            var fault = await Assert.ThrowsAsync<UpstreamException>(() => validator.ValidateAsync(s_rsa.Sign(Payload()), Token).AsTask());
            Assert.Equal((502, message), (fault.StatusCode, fault.Message));
        }
        Assert.EndsWith(": " + message, Assert.Single(log.Text), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task An_outage_is_one_line_in_the_log_however_long_it_lasts_and_its_end_another()
    {
        var log = new Lines();
        _validator = Validator(logger: log);
        _issuer.Misbehave = context => Task.FromResult(context.Response.StatusCode = 503);
        for (var round = 0; round < 5; round++)
        {
            await Assert.ThrowsAsync<UpstreamException>(() => ValidateAsync(s_rsa.Sign(Payload())));
            _clock.Advance(IssuerKeys.PauseAfterFailure);
        }
        Assert.Equal(5, _issuer.Fetches);
        Assert.Contains("503", Assert.Single(log.Text), StringComparison.Ordinal);

        _issuer.Misbehave = null;
        Assert.NotNull(await ValidateAsync(s_rsa.Sign(Payload())));
        Assert.Equal("The token issuer's keys are available again.", log.Text.Last());
    }

    [Fact(Timeout = Limit)]
    public async Task A_published_secret_is_refused()
    {
        var published = Encoding.UTF8.GetBytes("fedcba9876543210fedcba9876543210");
        _issuer.KeySet = () => """{"keys":[{"kty":"oct","alg":"HS256","k":"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA"}]}""";

        Assert.Null(await Validator(s_sharedKey).ValidateAsync(Jwt.Create(Payload(), published), Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_set_of_thousands_of_keys_costs_no_more_than_a_hundred()
    {
        using var forger = IssuerKey.P256("x");
        var jwk = s_p256.ToJwk();
        jwk.Remove("kid");
        _issuer.KeySet = () => new JsonObject { ["keys"] = new JsonArray([.. Enumerable.Range(0, 5_000).Select(_ => jwk.DeepClone())]) }.ToJsonString();
        Assert.NotNull(await ValidateAsync(s_p256.Sign(Payload())));
        var watch = Stopwatch.StartNew();

        Assert.Null(await ValidateAsync(forger.Sign(Payload())));

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"It took {watch.Elapsed}.");
    }

    public static TheoryData<string> Algorithms => ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>A key named k for an algorithm. Those of RSA share one, which takes a while to make.</summary>
    private static IssuerKey KeyFor(string algorithm, bool fresh = false) =>
        algorithm[0] == 'E' || fresh ? IssuerKey.Create(algorithm, "k") : s_sharedRsa.For(algorithm);

    private static string Set(params IEnumerable<JsonObject> keys) =>
        new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.DeepClone())]) }.ToJsonString();

    private static JsonObject Without(string member, JsonObject jwk)
    {
        jwk.Remove(member);
        return jwk;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(10, Token);
    }

    private TokenValidator Validator(byte[]? sharedKey = null, TimeSpan? timeout = null, ILogger<TokenValidator>? logger = null) =>
        new(
            new TokenOptions { Issuer = _issuer.Address, SharedKey = sharedKey, IssuerTimeout = timeout ?? s_patience },
            _clock, _http, logger ?? NullLogger<TokenValidator>.Instance);

    private async Task<TokenClaims?> ValidateAsync(string token) => await _validator.ValidateAsync(token, Token);

    private JsonObject Payload(int days = 1) => new()
    {
        ["iss"] = _issuer.Address,
        ["aud"] = "reelseal",
        ["exp"] = _clock.GetUtcNow().AddDays(days).ToUnixTimeSeconds(),
        ["scope"] = "video:play",
    };

    private sealed class Lines : ILogger<TokenValidator>
    {
        public ConcurrentQueue<string> Text { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Text.Enqueue(formatter(state, exception));
    }
}
