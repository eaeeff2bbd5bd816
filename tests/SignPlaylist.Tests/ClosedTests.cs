using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace SignPlaylist.Tests;

/// <summary>Every route is closed to every token that must not open it. A new route without a row here fails.</summary>
public sealed class ClosedTests : IAsyncLifetime
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";

    /// <summary>Each route by method and pattern: a request to it, the scope that it needs, and whether it takes a token in the query.</summary>
    private static readonly Dictionary<string, (string Path, string Scope, bool TakesQuery)> s_routes = new()
    {
        ["GET /videos/{video}"] = ($"/videos/{Video}", Scopes.Play, true),
        ["GET /videos/{video}/{*path}"] = ($"/videos/{Video}/multivariant.m3u8", Scopes.Play, true),
        ["HEAD /videos/{video}/{*path}"] = ($"/videos/{Video}/a1/720p/playlist.m3u8", Scopes.Play, true),
        ["GET /videos/{video}/download"] = ($"/videos/{Video}/download", Scopes.Download, false),
        ["GET /videos/{video}/share"] = ($"/videos/{Video}/share", Scopes.Share, false),
        ["DELETE /videos/{video}/tickets"] = ($"/videos/{Video}/tickets", Scopes.Ingest, false),
        ["PUT /revocations/tokens/{*id}"] = ("/revocations/tokens/x", Scopes.Ingest, false),
        ["DELETE /revocations/tokens/{*id}"] = ("/revocations/tokens/x", Scopes.Ingest, false),
        ["PUT /revocations/subjects/{*id}"] = ("/revocations/subjects/x", Scopes.Ingest, false),
        ["DELETE /revocations/subjects/{*id}"] = ("/revocations/subjects/x", Scopes.Ingest, false),
    };

    private SignPlaylistServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SignPlaylistServer.StartAsync();
        await PlaylistEndpointTests.PutVideoAsync(_server);
        await _server.PutAsync($"videos/{Video}/a1/manifest.json", """{"downloads":[{"rendition":"720p","size":1}]}""");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public static TheoryData<string, string, int> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, int>();
            foreach (var (route, (path, scope, takesQuery)) in s_routes)
            {
                // Who may play one video, or share it, may not decide about everybody's tokens.
                var needsAllVideos = path.StartsWith("/revocations/", StringComparison.Ordinal);
                var success = route.StartsWith("GET", StringComparison.Ordinal) || route.StartsWith("HEAD", StringComparison.Ordinal) ? 200 : 204;
                var good = needsAllVideos ? 403 : success;
                foreach (var (token, status) in (IEnumerable<(string, int)>)
                [
                    .. TokenCases.InHeader, ("in the query for a day", 401), ("in the query for all videos", 401), ("two", takesQuery ? 400 : good),
                    ("good", good), ("for all videos", success),
                    ("play", scope == Scopes.Play ? good : 403), ("share", scope == Scopes.Share ? good : 403),
                    ("download", scope == Scopes.Download ? good : 403),
                    ("ingest", scope is Scopes.Play or Scopes.Download ? 403 : good),
                ])
                    rows.Add(route, token, status);
            }
            return rows;
        }
    }

    [Fact]
    public void Every_route_has_a_row()
    {
        var mapped = _server.Routes.SelectMany(route =>
            route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}"));
        Assert.Equal(s_routes.Keys.Order(), mapped.Order());
    }

    [Fact]
    public void Every_route_is_documented() =>
        Assert.Equal(ApiDocument.Of("sign-playlist").Routes, s_routes.Keys.Select(ApiDocument.PathOf).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Answers_as_the_token_deserves(string route, string token, int status)
    {
        var (path, scope, _) = s_routes[route];
        var otherScope = scope == Scopes.Play ? Scopes.Ingest : Scopes.Play;
        var cases = new TokenCases(SignPlaylistServer.TokenKey, scope, otherScope, Video, Other, SignPlaylistServer.Start, PublicKey());
        var (query, header) = token switch
        {
            "in the query for a day" => (cases.With(claims => claims["exp"] = SignPlaylistServer.Start.AddDays(1).ToUnixTimeSeconds()), null),
            "in the query for all videos" => (cases.With(claims => claims.Remove("video")), null),
            "two" => (cases.Good, "Bearer " + cases.Good),
            "good" => (null, "Bearer " + cases.Good),
            "for all videos" => (null, "Bearer " + cases.With(claims => claims.Remove("video"))),
            "play" or "share" or "download" or "ingest" => (null, "Bearer " + cases.With(claims => claims["scope"] = $"video:{token}")),
            _ => (null, cases.Header(token)),
        };
        using var request = new HttpRequestMessage(new HttpMethod(route.Split(' ')[0]), path + (query is null ? "" : $"?token={query}"));
        if (header is not null)
            request.Headers.TryAddWithoutValidation("Authorization", header);
        using var answer = await _server.Client.SendAsync(request);
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        if (status < 300)
            return;
        Assert.StartsWith("Bearer", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("ey", body, StringComparison.Ordinal); // how each token begins
        Assert.DoesNotContain("CloudFront", body, StringComparison.Ordinal);
    }

    private byte[] PublicKey()
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(_server.SigningKeyPem);
        return Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());
    }
}
