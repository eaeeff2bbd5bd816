using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>A film is watched before it is complete.</summary>
public sealed class FirstStageTests(Stage stage)
{
    private const int Limit = 300_000;

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_film_plays_before_it_is_complete_and_moves_to_all_qualities_in_place(bool paused)
    {
        await stage.StartedAsync();
        await using var film = await HeldFilm.IngestAsync(stage.FilmFile);
        await using var visit = await Visit.OpenAsync(stage, $"{film.Edge}/site/");
        await visit.Id($"play-{film.Video}").ClickAsync();
        await visit.PlaysAsync();
        await Expect(visit.Id("watching-coming")).ToBeVisibleAsync();
        await Expect(visit.Id("quality").Locator("option")).ToHaveCountAsync(0);
        if (paused)
        {
            // The rest may fail: the playlist of what there is does not say so, but the status does.
            var status = $"**/function/ingest-video/videos/{film.Video}";
            await visit.Page.RouteAsync(status, route => route.FulfillAsync(new()
            {
                Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Access-Control-Allow-Origin"] = "*" },
                Json = new { id = $"{film.Video}", state = "failed", error = "The machine is too small." },
            }));
            await Expect(visit.Id("watching-coming")).ToHaveTextAsync("The other qualities could not be made. The machine is too small.");
            await visit.Page.UnrouteAsync(status);
        }
        await visit.SeekAsync(30); // it is whole, and so are all seconds of it
        await visit.PlaysAsync();
        // Slowly, so that it does not end before its encoder on a busy machine.
        await visit.Page.EvaluateAsync(
            paused ? "() => media().pause()" : "() => { media().playbackRate = 0.25; }");
        await visit.Page.EvaluateAsync(
            """
            () => {
              const video = media();
              window.seen = { longest: 0, events: [] };
              for (const event of ["emptied", "pause", "play", "seeking"]) video.addEventListener(event, () => window.seen.events.push(event));
              let last = 0;
              const look = now => {
                if (last && !document.hidden) window.seen.longest = Math.max(window.seen.longest, now - last);
                last = now;
                video.requestVideoFrameCallback(look);
              };
              video.requestVideoFrameCallback(look);
            }
            """);
        var before = await visit.TimeAsync();

        await film.FinishAsync();
        await Expect(visit.Id("watching-coming")).ToBeHiddenAsync();
        await Expect(visit.Id("quality").Locator("option")).ToHaveCountAsync(3);

        if (paused)
            Assert.Equal(before, await visit.TimeAsync(), 0.05);
        else
            await visit.PlaysAsync();
        var (events, longest) =
            (await visit.Page.EvaluateAsync<string[]>("() => window.seen.events"), await visit.Page.EvaluateAsync<double>("() => window.seen.longest"));
        TestContext.Current.TestOutputHelper?.WriteLine($"longest time between two frames: {longest:0} ms");
        Assert.Empty(events);
        var heights = await visit.Page.EvaluateAsync<string[]>(
            "() => [...part('quality').options].map(option => option.value).slice(1)");
        Assert.Equal("360 234", string.Join(' ', heights));
        await visit.ChooseAsync("quality", new() { Value = "234" });
        await visit.SeekAsync(50);
        await visit.Page.WaitForFunctionAsync("() => media().videoHeight === 234");
        visit.AssertNoComplaints();
    }

    /// <summary>As Safari does: it loads the playlist itself, and never again once that is complete.</summary>
    [Fact(Timeout = Limit)]
    public async Task Where_the_browser_plays_HLS_itself_the_page_moves_it_to_the_complete_playlist_in_place()
    {
        await stage.StartedAsync();
        await using var film = await HeldFilm.IngestAsync(stage.FilmFile);
        await using var visit = await Visit.OpenAsync(stage, $"{film.Edge}/site/", prepare: context => context.AddInitScriptAsync(
            "Object.defineProperty(HTMLMediaElement.prototype, 'audioTracks', { get: () => [] });"));
        Assert.SkipUnless(
            await visit.Page.EvaluateAsync<bool>("() => document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== ''"),
            "This Chromium does not play HLS itself.");
        await visit.Id($"play-{film.Video}").ClickAsync();
        await visit.PlaysAsync();
        Assert.StartsWith(film.Edge, await visit.Page.EvaluateAsync<string>("() => media().src"), StringComparison.Ordinal); // and no blob of hls.js
        await Expect(visit.Id("watching-coming")).ToBeVisibleAsync();
        await visit.SeekAsync(30);
        await visit.Page.EvaluateAsync("() => { media().pause(); window.loads = 0; media().addEventListener('loadstart', () => loads++); }");
        var before = await visit.TimeAsync();

        await film.FinishAsync();
        await Expect(visit.Id("watching-coming")).ToBeHiddenAsync();

        await visit.Page.WaitForFunctionAsync("() => media().readyState >= 2 && !media().seeking");
        Assert.Equal(1, await visit.Page.EvaluateAsync<int>("() => loads"));
        Assert.Equal(before, await visit.TimeAsync(), 1.0);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_viewer_of_a_worker_that_dies_is_moved_to_the_next_worker_and_then_to_the_complete_film()
    {
        await stage.StartedAsync();
        const string dead = "0123456789abcdef", next = "fedcba9876543210";
        await using var film = await GrowingVideo.CreateAsync(stage.System.Store, stage.Film);
        await film.AddAttemptAsync(dead);
        var end = await film.GrowAsync(dead, segments: 3);
        await film.PointToAsync(dead);
        await film.ListAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.Id($"play-{film.Id}").ClickAsync();
        await visit.PlaysAsync();
        await Expect(visit.Id("watching-coming")).ToBeVisibleAsync();
        await visit.Page.EvaluateAsync(
            """
            () => {
              const video = media();
              window.seen = [];
              for (const event of ["emptied", "pause", "ended"]) video.addEventListener(event, () => window.seen.push(event));
            }
            """);

        // The viewer waits for what the dead worker will never add.
        await visit.SeekAsync(end.TotalSeconds - 2);
        await visit.Page.WaitForFunctionAsync(
            "end => { const v = media(); return v.readyState === 2 && v.currentTime > end - 1; }", end.TotalSeconds);
        await film.AddAttemptAsync(next);
        var more = await film.GrowAsync(next, segments: 6);
        await film.PointToAsync(next);
        await visit.Page.WaitForFunctionAsync("time => media().currentTime > time", end.TotalSeconds + 1);
        await Expect(visit.Id("watching-coming")).ToBeVisibleAsync();

        await film.GrowAsync(next);
        await film.PointToAsync(next, isFinal: true);
        await Expect(visit.Id("watching-coming")).ToBeHiddenAsync();
        await visit.SeekAsync(more.TotalSeconds + 2);
        await visit.PlaysAsync();
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>("() => window.seen"));
        visit.AssertNoComplaints();
    }
}
