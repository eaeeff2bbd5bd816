using Reelseal.Tokens;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>How the page gets its token.</summary>
public sealed class TokenTests(Stage stage)
{
    private const int Limit = 300_000;

    private string Good => stage.System.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Play] });

    [Fact(Timeout = Limit)]
    public async Task The_page_gets_a_token_from_tokenUrl_and_again_when_it_has_expired()
    {
        await stage.StartedAsync();
        var asked = 0;
        await using var visit = await Visit.OpenAsync(stage, prepare: async context =>
        {
            await ConfigureAsync(context, new { gateway = stage.System.Gateway, tokenUrl = "token" });
            await context.RouteAsync(
                "**/site/token", route => route.FulfillAsync(new() { Json = new { token = Interlocked.Increment(ref asked) == 1 ? "has.run.out" : Good } }));
        });

        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();
        await Expect(visit.Id("notice")).ToBeHiddenAsync();
        Assert.InRange(asked, 2, 3);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task Without_tokenUrl_the_page_asks_its_user_until_the_token_is_valid_and_remembers_it_for_the_tab()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage, prepare: context => ConfigureAsync(context, new { gateway = stage.System.Gateway }));

        await visit.Id("token").FillAsync("not.a.token");
        await visit.Id("token").PressAsync("Enter");
        await Expect(visit.Id("token-note")).ToContainTextAsync("That token was not accepted.");
        await Expect(visit.Id("token")).ToHaveValueAsync("");
        await visit.Id("token").FillAsync(Good);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();

        await visit.Page.ReloadAsync();
        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();
        await Expect(visit.Id("signing-in")).ToBeHiddenAsync();
        visit.AssertNoComplaints();
    }

    private static Task<IAsyncDisposable> ConfigureAsync(IBrowserContext context, object configuration) =>
        context.RouteAsync("**/site/config.json", route => route.FulfillAsync(new() { Json = configuration }));
}
