using System.Globalization;
using System.Net;
using Reelseal.Tokens;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>Links that play one video until a chosen time, and not longer.</summary>
public sealed class LinkTests(Stage stage)
{
    private const int Limit = 240_000;
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
        await sender.Id("share-until").FillAsync(until.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
        await sender.Id("share-make").ClickAsync();
        await Expect(sender.Id("share-link")).ToBeVisibleAsync();
        var link = await sender.Id("share-link").InputValueAsync();
        Assert.StartsWith($"{stage.System.Edge}/site/#watch=", link, StringComparison.Ordinal);

        // Who receives it has no token, and the page must not need one.
        await using var receiver = await Visit.OpenAsync(stage, link, utc, context => context.RouteAsync("**/site/config.json", route => route.FulfillAsync(new() { Json = new { gateway = stage.System.Gateway } })));
        var kept = new List<string>();
        receiver.Page.Response += (_, response) =>
        {
            if (response.Url.Contains("/videos/", StringComparison.Ordinal) && response.Ok)
                kept.Add(response.Url);
        };
        await receiver.Page.ReloadAsync();
        await receiver.Id("play").ClickAsync();
        await receiver.AssertMovingAsync();
        await Expect(receiver.Id("library")).ToBeHiddenAsync();
        await Expect(receiver.Id("uploading")).ToBeHiddenAsync();

        // The playlist, fetched again and again, does not renew itself.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var playlist = kept.First(url => url.Contains("multivariant", StringComparison.Ordinal));
        while (DateTimeOffset.UtcNow < until.AddSeconds(-1))
        {
            var text = await http.GetStringAsync(playlist, Cancellation);
            kept.AddRange(text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => new Uri(new Uri(playlist), line).AbsoluteUri));
            await Task.Delay(1000, Cancellation);
        }

        await Expect(receiver.Id("notice")).ToHaveAttributeAsync("data-kind", "ended", new() { Timeout = Visit.Patience });
        Assert.Equal(0, await receiver.TimeAsync()); // what was in the buffer is gone
        Assert.True(DateTimeOffset.UtcNow < until.AddMinutes(1), "It ended late.");
        Assert.Contains(kept, url => url.Contains(".ts?", StringComparison.Ordinal));
        foreach (var url in kept.Distinct(StringComparer.Ordinal))
        {
            using var answer = await http.GetAsync(url, Cancellation);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{answer.StatusCode}: {url}");
        }
        await receiver.Page.ReloadAsync();
        await Expect(receiver.Id("notice")).ToHaveAttributeAsync("data-kind", "ended");
        receiver.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_that_was_changed_plays_nothing_and_says_so()
    {
        await stage.StartedAsync();
        using var client = new Local.Playback.VideoClient(stage.System.Gateway, stage.System.Tokens);
        var ticket = await client.GetTicketAsync(stage.Film, DateTimeOffset.UtcNow.AddMinutes(10), Cancellation);
        var good = ticket.Url.PathAndQuery;
        var other = VideoId.New().ToString();
        string[] changed =
        [
            good.Replace(stage.Film.ToString(), other, StringComparison.Ordinal),
            good.Replace("Signature=", "Signature=A", StringComparison.Ordinal),
            good.Replace("until=", "until=9", StringComparison.Ordinal),
            good.Replace("multivariant", "other", StringComparison.Ordinal),
            "https://elsewhere.example" + good,
            "//elsewhere.example" + good,
            "",
        ];
        foreach (var watch in changed)
        {
            await using var visit = await Visit.OpenAsync(stage, $"{stage.System.Edge}/site/#watch={Uri.EscapeDataString(watch)}");
            await Expect(visit.Id("notice")).ToHaveAttributeAsync("data-kind", "not-allowed");
            Assert.Equal(0, await visit.Page.EvaluateAsync<int>("() => document.querySelector('video').readyState"));
            visit.AssertNoComplaints();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_with_a_token_of_its_own_plays_either_way_until_the_token_says_so()
    {
        await stage.StartedAsync();
        string Link(DateTimeOffset until) => $"{stage.System.Edge}/site/#video={stage.Film}&token={stage.System.Tokens.Mint(new() { Scopes = [Scopes.Play], Videos = [stage.Film], Until = until })}";

        await using var visit = await Visit.OpenAsync(stage, Link(DateTimeOffset.UtcNow.AddMinutes(5)));
        await visit.Id("play").ClickAsync();
        await visit.PlaysAsync();
        await visit.Page.GetByLabel("Gateway").CheckAsync();
        await visit.PlaysAsync();
        visit.AssertNoComplaints();

        await using var late = await Visit.OpenAsync(stage, Link(DateTimeOffset.UtcNow.AddSeconds(-1)));
        await Expect(late.Id("notice")).ToContainTextAsync("The token's time to play has ended.");
    }
}
