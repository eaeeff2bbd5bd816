using System.Net;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace SignPlaylist.Tests;

/// <summary>The recipes of docs/tokens.md: a token as each issuer signs it opens a video with the documented settings, and nothing more.</summary>
public sealed class IssuerTests
{
    private const string Other = "7b2c9d1e-0000-4000-8000-000000000001";

    public static TheoryData<string> Recipes => [.. IssuerRecipe.All.Select(recipe => recipe.Name)];

    [Fact]
    public void Each_issuer_that_people_have_has_a_recipe() => Assert.Equal(
        ["Auth0", "Auth0 without RBAC", "Cognito", "Entra ID", "Entra ID, version 1 tokens", "Keycloak", "Okta"],
        IssuerRecipe.All.Select(recipe => recipe.Name));

    [Theory]
    [MemberData(nameof(Recipes))]
    public async Task A_token_plays_what_it_is_for_and_nothing_else(string name)
    {
        var recipe = IssuerRecipe.All.Single(recipe => recipe.Name == name);
        await using var issuer = await StandInIssuer.StartAsync(recipe);
        await using var server = await SignPlaylistServer.StartAsync(issuer.Settings);
        foreach (var video in (string[])[IssuerRecipe.Video, Other])
            await server.PutAsync($"videos/{video}/multivariant.m3u8", "#EXTM3U\n");
        var now = SignPlaylistServer.Start;
        var audienceClaim = recipe.Settings.GetValueOrDefault("TOKEN_AUDIENCE_CLAIM", "aud");
        var token = issuer.Token(now, Scopes.Play);

        Assert.Equal(HttpStatusCode.OK, await GetAsync(token));
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync($"/videos/{IssuerRecipe.Video}/multivariant.m3u8", token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(issuer.Token(now, Scopes.Play, claims => claims[recipe.VideoClaim] = IssuerRecipe.Video)));
        var forAllVideos = !recipe.Payload.Contains(IssuerRecipe.Video, StringComparison.Ordinal);
        Assert.Equal(forAllVideos ? HttpStatusCode.OK : HttpStatusCode.Forbidden, await GetAsync(token, Other));

        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(issuer.Token(now, Scopes.Play, claims => claims[recipe.VideoClaim] = Other)));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(issuer.Token(now, Scopes.Ingest)));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(issuer.Token(now, Scopes.Play, claims => claims[audienceClaim] = "elsewhere")));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(issuer.Token(now, Scopes.Play, claims => claims["iss"] = recipe.Issuer)));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(issuer.Token(now.AddDays(-2), Scopes.Play)));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(issuer.ForgedToken(now, Scopes.Play)));

        async Task<HttpStatusCode> GetAsync(string bearer, string video = IssuerRecipe.Video)
        {
            using var answer = await server.GetAsync($"/videos/{video}", bearer);
            return answer.StatusCode;
        }
    }
}
