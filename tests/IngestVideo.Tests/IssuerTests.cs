using System.Net;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace IngestVideo.Tests;

/// <summary>The recipes of docs/tokens.md: a token as each issuer signs it opens the function with the documented settings.</summary>
public sealed class IssuerTests
{
    public static TheoryData<string> Recipes => [.. IssuerRecipe.All.Select(recipe => recipe.Name)];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Recipes))]
    public async Task A_token_with_the_scope_video_ingest_is_let_in_and_one_to_play_is_not(string name)
    {
        var recipe = IssuerRecipe.All.Single(recipe => recipe.Name == name);
        await using var issuer = await StandInIssuer.StartAsync(recipe);
        await using var host = await IngestHost.StartAsync([.. issuer.Settings.Select(setting => (setting.Key, setting.Value))]);
        var now = DateTimeOffset.UtcNow;

        Assert.Equal(HttpStatusCode.OK, await ListAsync(issuer.Token(now, Scopes.Ingest)));
        Assert.Equal(HttpStatusCode.Forbidden, await ListAsync(issuer.Token(now, Scopes.Play)));
        Assert.Equal(HttpStatusCode.Unauthorized, await ListAsync(issuer.ForgedToken(now, Scopes.Ingest)));

        async Task<HttpStatusCode> ListAsync(string token)
        {
            using var client = host.CreateClient(token);
            using var answer = await client.GetAsync("/videos", TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }
}
