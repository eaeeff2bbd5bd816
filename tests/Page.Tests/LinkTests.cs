using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Reelseal.Tokens;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>Links that play one video until a chosen time, and not longer.</summary>
public sealed class LinkTests(Stage stage)
{
    private const int Limit = 300_000;
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_link_plays_until_its_end_and_nothing_that_its_receiver_keeps_opens_after_that()
    {
        await stage.StartedAsync();
        var utc = new BrowserNewContextOptions { TimezoneId = "UTC", ViewportSize = new() { Width = 1100, Height = 900 } };
        await using var sender = await Visit.OpenAsync(stage, options: utc);
        await sender.Page.GetByRole(AriaRole.Button, new() { Name = $"Share {Film.Title}" }).ClickAsync();
        var until = DateTimeOffset.UtcNow + s_short;
        await sender.Page.GetByRole(AriaRole.Radio, new() { Name = "Other…" }).CheckAsync();
        await sender.Id("share-until").FillAsync(until.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
        await sender.Id("share-make").ClickAsync();
        await Expect(sender.Id("share-link")).ToBeVisibleAsync();
        var link = await sender.Id("share-link").InputValueAsync();
        Assert.StartsWith($"{stage.System.Edge}/site/#video={stage.Film}&until={until.ToUnixTimeSeconds()}&share=", link, StringComparison.Ordinal);
        Assert.InRange(link.Length, 1, 200);

        // Who receives it has no token, and the page must not need one.
        await using var receiver =
            await Visit.OpenAsync(
            stage, link, utc, context =>
            context.RouteAsync("**/site/config.json", route => route.FulfillAsync(new() { Json = new { gateway = stage.System.Gateway } })));
        var kept = new ConcurrentQueue<string>(); // the browser adds to it at any time
        receiver.Page.Response += (_, response) =>
        {
            if (response.Url.Contains("/videos/", StringComparison.Ordinal) && response.Ok)
                kept.Enqueue(response.Url);
        };
        await receiver.Page.ReloadAsync();
        await receiver.PressPlayAsync();
        await receiver.AssertMovingAsync();
        await Expect(receiver.Id("library")).ToBeHiddenAsync();
        await Expect(receiver.Id("uploading")).ToBeHiddenAsync();

        // The playlist, fetched again and again, does not renew itself.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var playlist = kept.First(url => url.Contains("multivariant", StringComparison.Ordinal));
        while (DateTimeOffset.UtcNow < until.AddSeconds(-1))
        {
            var text = await http.GetStringAsync(playlist, Cancellation);
            foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
                kept.Enqueue(new Uri(new Uri(playlist), line).AbsoluteUri);
            await Task.Delay(1000, Cancellation);
        }

        await Expect(receiver.Id("notice")).ToHaveAttributeAsync("data-kind", "expired", new() { Timeout = Visit.Patience });
        Assert.Equal(0, await receiver.TimeAsync()); // what was in the buffer is gone
        await Expect(receiver.Id("watching")).ToBeHiddenAsync();
        Assert.True(DateTimeOffset.UtcNow < until.AddMinutes(1), "It ended late.");
        Assert.Contains(kept, url => url.Contains(".ts?", StringComparison.Ordinal));
        foreach (var url in kept.Distinct(StringComparer.Ordinal))
        {
            using var answer = await http.GetAsync(url, Cancellation);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{answer.StatusCode}: {url}");
        }
        await receiver.Page.ReloadAsync();
        await Expect(receiver.Id("notice")).ToHaveAttributeAsync("data-kind", "expired");
        await Expect(receiver.Id("watching")).ToBeHiddenAsync(); // no black player
        receiver.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_that_was_changed_plays_nothing_and_says_so()
    {
        await stage.StartedAsync();
        var until = DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeSeconds();
        var share = await ShareAsync(until);
        string[] changed =
        [
            $"video={VideoId.New()}&until={until}&share={share}",
            $"video={stage.Film}&until={until + 1}&share={share}",
            $"video={stage.Film}&until={until}&share={share}A",
            $"video={stage.Film}&until={until}&share=",
            $"video={stage.Film}&until=soon&share={share}",
            $"video={stage.Film}&share={share}",
            $"video=../{stage.Film}&until={until}&share={share}",
        ];
        foreach (var link in changed)
        {
            await using var visit = await Visit.OpenAsync(stage, $"{stage.System.Edge}/site/#{link}");
            await Expect(visit.Id("notice")).ToHaveAttributeAsync("data-kind", "not-allowed");
            await Expect(visit.Id("watching")).ToBeHiddenAsync();
            visit.AssertNoComplaints();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_that_comes_late_is_not_shown_for_another_video()
    {
        await stage.StartedAsync();
        var (shelf, late) = (new Shelf(), new TaskCompletionSource());
        var slow = (string)shelf.Add("Slow")["id"]!;
        shelf.Add("Next");
        await using var visit = await Visit.OpenAsync(stage, prepare: shelf.AnswerAsync);
        await visit.Page.RouteAsync($"**/videos/{slow}/share?until=*", async route =>
        {
            await late.Task;
            await route.FallbackAsync();
        });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Share Slow" }).ClickAsync();
        await visit.Id("share-make").ClickAsync();
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Share Next" }).ClickAsync();

        var answered = visit.Page.WaitForResponseAsync(response => response.Url.Contains($"{slow}/share?until=", StringComparison.Ordinal));
        late.SetResult();
        await (await answered).FinishedAsync();
        await Expect(visit.Id("share-make")).ToBeEnabledAsync(); // the page has read the answer

        await Expect(visit.Id("share-result")).ToBeHiddenAsync();
        await Expect(visit.Id("share-note")).ToBeEmptyAsync();
        await visit.Id("share-make").ClickAsync();
        await Expect(visit.Id("share-link")).ToBeVisibleAsync();
        Assert.DoesNotContain(slow, await visit.Id("share-link").InputValueAsync(), StringComparison.Ordinal);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_shows_pictures_and_stops_opening_when_it_is_revoked()
    {
        await stage.StartedAsync();
        var until = DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeSeconds();
        var link = $"{stage.System.Edge}/site/#video={stage.Film}&until={until}&share={await ShareAsync(until)}";
        await using var visit = await Visit.OpenAsync(stage, $"{link}&title={Film.Title}", new() { ViewportSize = new() { Width = 320, Height = 640 } });
        Assert.True((await visit.Id("watching-title").BoundingBoxAsync())!.Width > 200, "The title breaks letter by letter.");
        await visit.PressPlayAsync();
        await visit.PlaysAsync();
        Assert.Contains("poster.jpg", await visit.Page.EvaluateAsync<string>("() => media().poster"), StringComparison.Ordinal);
        visit.AssertNoComplaints();

        using var http = Http(Scopes.Ingest);
        using var revoked = await http.DeleteAsync($"{stage.System.Gateway}/function/sign-playlist/videos/{stage.Film}/tickets", Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        await using var late = await Visit.OpenAsync(stage, link);
        await Expect(late.Id("notice")).ToHaveAttributeAsync("data-kind", "revoked");
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_with_a_token_of_its_own_plays_either_way_until_the_token_says_so()
    {
        await stage.StartedAsync();
        string Link(DateTimeOffset until)
        {
            var token = stage.System.Tokens.Mint(new() { Scopes = [Scopes.Play], Videos = [stage.Film], Until = until });
            return $"{stage.System.Edge}/site/?developer#video={stage.Film}&token={token}";
        }

        await using var visit = await Visit.OpenAsync(stage, Link(DateTimeOffset.UtcNow.AddMinutes(5)));
        await visit.PressPlayAsync();
        await visit.PlaysAsync();
        await visit.Page.GetByLabel("Gateway").CheckAsync();
        await visit.PlaysAsync();
        visit.AssertNoComplaints();

        await using var late = await Visit.OpenAsync(stage, Link(DateTimeOffset.UtcNow.AddSeconds(-1)));
        await Expect(late.Id("player-state")).ToContainTextAsync("The token's time to play has ended.");
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_ends_after_a_preset_says_beforehand_how_late_it_may_end_can_be_embedded_and_all_are_revoked()
    {
        await stage.StartedAsync();
        await using var system =
            await stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["SHARE_LIFETIME"] = "48h" });
        await using var visit = await Visit.OpenAsync(
            stage, $"{system.Edge}/site/",
            new() { ViewportSize = new() { Width = 1100, Height = 900 }, Permissions = ["clipboard-read", "clipboard-write"], Locale = "en-US" });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Share {Film.Title}" }).ClickAsync();

        await Expect(visit.Id("share-most")).ToContainTextAsync("at the latest");
        await Expect(visit.Page.GetByRole(AriaRole.Radio, new() { Name = "A week" })).ToBeDisabledAsync();
        await visit.Page.GetByRole(AriaRole.Radio, new() { Name = "A day" }).CheckAsync();
        await visit.Id("share-make").ClickAsync();
        await Expect(visit.Id("share-link")).ToBeVisibleAsync();
        var link = new Uri(await visit.Id("share-link").InputValueAsync());
        var fragment = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(link.Fragment[1..]);
        var until = DateTimeOffset.FromUnixTimeSeconds(long.Parse(fragment["until"]!, CultureInfo.InvariantCulture));
        Assert.InRange(until - DateTimeOffset.UtcNow, TimeSpan.FromHours(23.9), TimeSpan.FromHours(24));

        var share = fragment["share"].ToString();
        Assert.Contains($"/site/player/embed.html#video={stage.Film}", await visit.Id("share-embed").InputValueAsync(), StringComparison.Ordinal);
        await visit.Id("sharing").GetByRole(AriaRole.Button, new() { Name = "Copy oEmbed JSON" }).ClickAsync();
        await Expect(visit.Id("share-note")).ToHaveTextAsync("Copied.");
        var embed = JsonDocument.Parse(await visit.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()")).RootElement;
        Assert.Equal("video 1.0", $"{embed.GetProperty("type").GetString()} {embed.GetProperty("version").GetString()}");
        Assert.StartsWith("<iframe ", embed.GetProperty("html").GetString(), StringComparison.Ordinal);

        await visit.Id("share-revoke").ClickAsync();
        await visit.Id("revoking").GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(visit.Id("share-note")).ToHaveTextAsync("All links are revoked.");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var answer = await http.GetAsync(
            $"{system.Gateway}/function/sign-playlist/videos/{stage.Film}?until={until.ToUnixTimeSeconds()}&share={share}", Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        visit.AssertNoComplaints();
    }

    private async Task<string> ShareAsync(long until)
    {
        using var http = Http(Scopes.Share);
        var link = await http.GetStringAsync($"{stage.System.Gateway}/function/sign-playlist/videos/{stage.Film}/share?until={until}", Cancellation);
        return JsonDocument.Parse(link).RootElement.GetProperty("share").GetString()!;
    }

    private HttpClient Http(string scope) =>
        new(new SocketsHttpHandler { UseProxy = false }) { DefaultRequestHeaders =
            { Authorization = new("Bearer", stage.System.Tokens.Mint(new() { Scopes = [scope] })) } };
}
