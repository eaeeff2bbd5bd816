using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>Watching in a real browser.</summary>
public sealed class WatchTests(Stage stage)
{
    private const int Limit = 300_000;

    [Theory(Timeout = Limit)]
    [InlineData("edge")]
    [InlineData("gateway")]
    public async Task The_film_plays_through_either_way(string way)
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage, $"{stage.System.Edge}/site/?developer");
        var playlists = new ConcurrentQueue<string>();
        visit.Page.Request += (_, request) =>
        {
            if (request.Url.Contains(".m3u8", StringComparison.Ordinal))
                playlists.Enqueue(new Uri(request.Url).GetLeftPart(UriPartial.Authority));
        };
        if (way == "gateway")
            await visit.Page.EvaluateAsync("() => { document.querySelector('[name=way][value=gateway]').checked = true; }"); // before there is a player

        await visit.PlayAsync(stage);
        await visit.AssertMovingAsync();

        Assert.NotEmpty(playlists);
        Assert.All(playlists, origin => Assert.Equal(way == "edge" ? stage.System.Edge : stage.System.Gateway, origin));
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task Quality_sound_subtitles_and_way_can_be_chosen_while_it_plays()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage, $"{stage.System.Edge}/site/?developer");
        await visit.PlayAsync(stage);

        // Qualities: the lowest and the highest.
        var heights = await visit.Page.EvaluateAsync<string[]>("() => [...part('quality').options].map(option => option.value).slice(1)");
        Assert.Equal("360 234", string.Join(' ', heights));
        foreach (var height in (string[])["234", "360"])
        {
            await visit.ChooseAsync("quality", new() { Value = height });
            await visit.SeekAsync(height == "234" ? 40 : 20);
            await visit.Page.WaitForFunctionAsync(
                "height => media().videoHeight === height", int.Parse(height, CultureInfo.InvariantCulture));
        }

        // Sounds: each has its tone.
        Assert.InRange(await visit.ToneAsync(), Film.FirstTone - 50, Film.FirstTone + 50);
        await visit.ChooseAsync("audio", new() { Index = 1 });
        await visit.HearsAsync(Film.SecondTone);

        // Subtitles: on, and off again with the key.
        await visit.ChooseAsync("subtitles", new() { Index = 1 });
        await visit.Page.WaitForFunctionAsync(Showing, Film.Words);
        await visit.Page.Keyboard.PressAsync("c");
        await visit.Page.WaitForFunctionAsync("() => [...media().textTracks].every(track => track.mode !== 'showing')");

        // The route: playback continues in place, with the same sound.
        var position = await visit.TimeAsync();
        await visit.Page.GetByLabel("Gateway").CheckAsync();
        await visit.Page.WaitForFunctionAsync("from => { const v = media(); return !v.paused && v.currentTime > from + 1; }", position);
        Assert.InRange(await visit.TimeAsync(), position + 1, position + 20);
        visit.AssertNoComplaints();
    }

    /// <summary>A browser that plays HLS itself sends no headers with playlists, and the page's token is for every video: no address may hold it.</summary>
    [Fact(Timeout = Limit)]
    public async Task Where_the_browser_plays_HLS_itself_the_gateway_still_gets_its_token_in_a_header()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage, $"{stage.System.Edge}/site/?developer", prepare: context => context.AddInitScriptAsync(
            """
            HTMLMediaElement.prototype.canPlayType = () => "maybe";
            Object.defineProperty(HTMLMediaElement.prototype, "audioTracks", { get: () => [] });
            """));
        await visit.Page.EvaluateAsync("() => { document.querySelector('[name=way][value=gateway]').checked = true; }");

        await visit.PlayAsync(stage);
        await visit.AssertMovingAsync();
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task The_controls_lie_over_the_picture_and_hide_while_it_plays_also_in_full_screen()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.PlayAsync(stage);
        await visit.ChooseAsync("speed", new() { Value = "1.5" });
        Assert.Equal(1.5, await visit.Page.EvaluateAsync<double>("() => media().playbackRate"));
        await visit.Page.Mouse.MoveAsync(5, 5);
        await Expect(visit.Page.Locator("#player.idle")).ToHaveCountAsync(1);

        await visit.Page.Keyboard.PressAsync("f");
        await visit.Page.WaitForFunctionAsync("() => document.fullscreenElement && part('player').classList.contains('full')");
        await Expect(visit.Page.Locator("#player.idle")).ToHaveCountAsync(0);
        var (screen, controls) = ((await visit.Id("video").BoundingBoxAsync())!, (await visit.Page.Locator(".controls").BoundingBoxAsync())!);
        Assert.Equal(screen.Y + screen.Height, controls.Y + controls.Height, 1f);
        await Expect(visit.Page.Locator("#player.idle")).ToHaveCountAsync(1);
        await visit.Page.Keyboard.PressAsync("k"); // paused, they stay
        await Expect(visit.Page.Locator("#player.idle")).ToHaveCountAsync(0);
        await visit.Page.Keyboard.PressAsync("f");
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task Chapters_of_the_source_are_named_and_chosen()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.PlayAsync(stage);
        await Expect(visit.Id("chapter")).ToHaveTextAsync(Film.FirstChapter);
        await visit.ChooseAsync("chapters", new() { Label = $"0:20 {Film.SecondChapter}" });
        await Expect(visit.Id("chapter")).ToHaveTextAsync(Film.SecondChapter);
        Assert.InRange(await visit.TimeAsync(), 20, 30);
        await Expect(visit.Page.Locator("#marks i")).ToHaveCountAsync(1);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_viewer_who_comes_back_goes_on_where_the_viewer_was()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.PlayAsync(stage);
        Assert.Equal($"{Film.Title} · Reelseal", await visit.Page.TitleAsync());
        await visit.SeekAsync(30);
        await visit.PlaysAsync();
        await visit.Id("watching-close").ClickAsync();
        Assert.Equal("Reelseal", await visit.Page.TitleAsync());
        await visit.Page.ReloadAsync();

        await visit.PlayAsync(stage);

        Assert.InRange(await visit.TimeAsync(), 30, 45);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task The_place_of_one_video_is_never_that_of_the_next()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.PlayAsync(stage);
        await visit.SeekAsync(30);
        await visit.PlaysAsync();

        var other = VideoId.New();
        await visit.Page.EvaluateAsync(
            "other => document.querySelector('reelseal-player').setAttribute('video', other)", other.ToString()); // it stops the first one only after that
        await visit.Page.WaitForFunctionAsync("film => Number(localStorage.getItem(`reelseal-position:${film}`)) >= 30", stage.Film.ToString());

        Assert.Equal(
            [$"reelseal-position:{stage.Film}"],
            await visit.Page.EvaluateAsync<string[]>("() => Object.keys(localStorage).filter(key => key.startsWith('reelseal-position:'))"));
    }

    [Theory(Timeout = Limit)]
    [InlineData("full", "Storage.prototype.setItem = () => { throw new DOMException('There is no room.', 'QuotaExceededError'); };")]
    [InlineData("refused", "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('It is refused.', 'SecurityError'); } });")]
    public async Task Where_the_browser_keeps_nothing_a_video_plays_from_its_beginning(string storage, string script)
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage, prepare: context => context.AddInitScriptAsync(script));
        await visit.PlayAsync(stage);
        await visit.SeekAsync(30);
        await visit.PlaysAsync();
        await visit.PressPlayAsync(); // a pause is a place to remember
        await visit.Id("watching-close").ClickAsync();

        await visit.PlayAsync(stage);

        Assert.True(await visit.TimeAsync() < 10, $"The storage is {storage}.");
        visit.AssertNoComplaints();
    }

    private const string Showing =
        """
        words => [...media().textTracks].some(track =>
          track.mode === "showing" && [...track.activeCues ?? []].some(cue => cue.text.includes(words)))
        """;

    [Fact(Timeout = Limit)]
    public async Task Keys_seek_and_the_seek_bar_shows_preview_pictures()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.PlayAsync(stage);
        await visit.Page.Keyboard.PressAsync("k"); // the player has the focus
        await Expect(visit.Id("play")).ToHaveAttributeAsync("aria-label", "Play");

        foreach (var (key, expected) in (
            (string, double)[])[("5", Film.Seconds / 2.0), ("ArrowRight", Film.Seconds / 2.0 + 5), ("j", Film.Seconds / 2.0 - 5), ("Home", 0)])
        {
            await visit.Page.Keyboard.PressAsync(key);
            Assert.InRange(await visit.TimeAsync(), expected - 0.2, expected + 0.2);
        }
        await visit.Page.Keyboard.PressAsync("ArrowDown");
        Assert.Equal(0.9, await visit.Page.EvaluateAsync<double>("() => media().volume"), precision: 3);
        await visit.Page.Keyboard.PressAsync("m");
        await Expect(visit.Id("mute")).ToHaveAttributeAsync("aria-label", "Unmute");
        await (await visit.ControlAsync("seek")).FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        Assert.InRange(await visit.TimeAsync(), 4.8, 5.2);
        await Expect(visit.Id("seek")).ToHaveAttributeAsync("aria-valuetext", $"5 seconds of 1 minute, {Film.FirstChapter}");

        var bar = (await visit.Id("seek").BoundingBoxAsync())!;
        var sprite = visit.Page.WaitForResponseAsync(response => response.Url.Contains("storyboard-", StringComparison.Ordinal));
        await visit.Page.Mouse.MoveAsync(bar.X + bar.Width * 0.25f, bar.Y + bar.Height / 2);
        Assert.Equal(200, (await sprite).Status);
        await Expect(visit.Id("preview").Locator("span")).ToHaveTextAsync($"0:15 · {Film.FirstChapter}");
        var early = await visit.Page.EvaluateAsync<string>(PreviewPosition);
        await visit.Page.Mouse.MoveAsync(bar.X + bar.Width * 0.75f, bar.Y + bar.Height / 2);
        await Expect(visit.Id("preview").Locator("span")).ToHaveTextAsync($"0:45 · {Film.SecondChapter}");
        Assert.NotEqual(early, await visit.Page.EvaluateAsync<string>(PreviewPosition));
        visit.AssertNoComplaints();
    }

    private const string PreviewPosition = "() => part('preview').firstElementChild.style.backgroundPosition";

    [Fact(Timeout = Limit)]
    public async Task After_a_pause_longer_than_the_signature_playback_resumes_in_place()
    {
        await stage.StartedAsync();
        await using var system =
            await stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["URL_LIFETIME"] = "5s", ["URL_WINDOW"] = "1s" });
        await using var visit = await Visit.OpenAsync(stage, $"{system.Edge}/site/");
        var (answers, quiet) = (new ConcurrentQueue<string>(), Stopwatch.StartNew());
        visit.Page.Response += (_, response) =>
        {
            quiet.Restart();
            answers.Enqueue($"{response.Status} {response.Request.Method} {new Uri(response.Url).AbsolutePath}");
        };
        await visit.PlayAsync(stage);
        await visit.ChooseAsync("audio", new() { Index = 1 });
        await visit.HearsAsync(Film.SecondTone);
        await visit.PressPlayAsync();
        while (quiet.Elapsed < TimeSpan.FromSeconds(6.5)) // nothing more is loaded, and every signature has expired
            await Task.Delay(100, TestContext.Current.CancellationToken);
        answers.Clear();

        await visit.SeekAsync(52); // beyond what was loaded before
        await visit.PressPlayAsync();
        await visit.Page.WaitForFunctionAsync("() => { const v = media(); return !v.paused && v.currentTime > 53; }");

        Assert.DoesNotContain(answers, answer => answer.StartsWith("403 ", StringComparison.Ordinal)); // a new ticket is there before one is refused
        Assert.Contains($"200 GET /function/sign-playlist/videos/{stage.Film}", answers);
        await visit.HearsAsync(Film.SecondTone);
        await Expect(visit.Id("notice")).ToBeHiddenAsync();
        // The pictures above the seek bar, too.
        await visit.Page.EvaluateAsync("() => new Promise(resolve => setTimeout(resolve, 6500))");
        var sprite = visit.Page.WaitForResponseAsync(response => response.Url.Contains("storyboard-", StringComparison.Ordinal) && response.Status == 200);
        await (await visit.ControlAsync("seek")).HoverAsync(new() { Position = new() { X = 50, Y = 10 } });
        await Expect(visit.Id("preview")).ToBeVisibleAsync();
        for (var x = 60; !sprite.IsCompleted && x < 400; x += 10)
        {
            await visit.Id("seek").HoverAsync(new() { Position = new() { X = x, Y = 10 } });
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
        await sprite;
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_deleted_video_and_an_unreachable_server_have_different_messages_and_only_the_latter_offers_a_retry()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();

        await visit.Context.SetOfflineAsync(true);
        await visit.Id($"play-{stage.Film}").ClickAsync();
        await Expect(visit.Id("player-state")).ToContainTextAsync("The server cannot be reached");
        await visit.Context.SetOfflineAsync(false);
        await visit.Id("again").ClickAsync();
        await visit.Page.WaitForFunctionAsync("() => media().readyState >= 2");
        await Expect(visit.Id("again")).ToBeHiddenAsync();

        await visit.Page.RouteAsync("**/function/sign-playlist/**", route => route.FulfillAsync(new()
        {
            Status = 404, Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Access-Control-Allow-Origin"] = "*" }, Body = "{}",
        }));
        await visit.Id($"play-{stage.Film}").ClickAsync();
        await Expect(visit.Id("player-state")).ToContainTextAsync("This is not there any more.");
        await Expect(visit.Id("again")).ToBeHiddenAsync();
        visit.AssertNoComplaints();
    }
}
