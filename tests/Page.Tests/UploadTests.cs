using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.Versioning;
using Amazon.S3.Model;
using Microsoft.AspNetCore.WebUtilities;
using Reelseal.Infra;
using Reelseal.Local;
using Reelseal.Testing;
using Reelseal.Tokens;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>Uploading in a real browser.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class UploadTests(Stage stage, CephRgw s3)
{
    private const int Limit = 300_000;
    private const int PartBytes = 8 << 20;
    private const int FourParts = 3 * PartBytes + 1000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly Dictionary<string, string> s_cors = new(StringComparer.Ordinal) { ["Access-Control-Allow-Origin"] = "*" };

    [Fact(Timeout = Limit)]
    public async Task A_video_goes_to_the_store_in_parts_becomes_ready_plays_and_is_deleted_only_when_that_is_confirmed()
    {
        await stage.StartedAsync();
        var file = await stage.ShortVideoAsync("Short & sweet.mp4", FourParts, seconds: 8);
        using var programs = new HeldPrograms(transcodesOnly: true);
        await using var system = await StartWithAsync(programs);
        await using var visit = await Visit.OpenAsync(stage, $"{system.Edge}/site/");
        var sent = CountParts(visit.Page);
        await visit.Page.EvaluateAsync(
            """
            () => {
              window.seen = [];
              new MutationObserver(() => {
                const now = document.querySelector(".steps [aria-current]")?.dataset.state;
                if (now && window.seen.at(-1) !== now) window.seen.push(now);
              })
                .observe(document.getElementById("uploads"), { subtree: true, attributes: true, childList: true });
            }
            """);

        await visit.Id("file").SetInputFilesAsync(file);
        await IsTranscodingAsync(visit);
        programs.Release();
        await ReadyAsync(visit, "Short & sweet.mp4");

        Assert.Equal("1 2 3 4", string.Join(' ', sent.Keys.Order()));
        Assert.Equal("sending", (await visit.Page.EvaluateAsync<string[]>("() => window.seen"))[0]);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Play Short & sweet" }).ClickAsync();
        await visit.AssertMovingAsync();

        await visit.ChooseFromMenuAsync("Short & sweet", "Delete");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Keep it" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Play Short & sweet" })).ToBeVisibleAsync();
        await DeleteAsync(visit, "Short & sweet");
        await Expect(visit.Id("watching")).ToBeHiddenAsync();
        await AssertOnlyTheFilmIsStoredAsync();
        visit.AssertNoComplaints();
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_reload_only_the_parts_that_are_missing_are_sent(bool browserKeptTheFile)
    {
        await stage.StartedAsync();
        var file = await stage.ShortVideoAsync("interrupted.mp4", FourParts);
        await using var visit = await Visit.OpenAsync(stage);
        await HoldPartsAfterAsync(visit.Page, 2);
        var before = CountParts(visit.Page);
        await visit.Id("file").SetInputFilesAsync(file);
        await Until(() => before.Count == 2);

        if (!browserKeptTheFile)
            await visit.Page.EvaluateAsync(ForgetFile);
        await visit.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.IgnoreErrors });
        var after = CountParts(visit.Page);
        await visit.Page.ReloadAsync();
        if (!browserKeptTheFile)
        {
            await Expect(Job(visit, "interrupted.mp4").Locator(".job-state")).ToContainTextAsync("Choose interrupted.mp4 again");
            await visit.Id("file").SetInputFilesAsync(file);
        }
        await ReadyAsync(visit, "interrupted.mp4");

        Assert.Equal("3 4", string.Join(' ', after.Keys.Order()));
        visit.AssertNoComplaints();
        await DeleteAsync(visit, "interrupted");
    }

    [Fact(Timeout = Limit)]
    public async Task Files_dropped_anywhere_are_all_uploaded_one_after_the_other_and_each_can_be_played_shared_and_dismissed()
    {
        await stage.StartedAsync();
        string[] names = ["first.mp4", "second.mp4"];
        var files = new List<string>();
        foreach (var name in names)
            files.Add(Convert.ToBase64String(await File.ReadAllBytesAsync(await stage.ShortVideoAsync(name), Cancellation)));
        await using var visit = await Visit.OpenAsync(stage, options: new() { Permissions = ["clipboard-read", "clipboard-write"] });
        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();
        var address = visit.Page.Url;

        await visit.Page.EvaluateAsync(Drop, new { names, files });
        foreach (var name in names)
            await ReadyAsync(visit, name);

        Assert.Equal(address, visit.Page.Url);
        var job = Job(visit, "second.mp4");
        await job.GetByRole(AriaRole.Button, new() { Name = "Copy link" }).ClickAsync();
        await Expect(job.Locator(".job-state")).ToContainTextAsync("The link is copied. It ends ");
        Assert.Contains("&share=", await visit.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()"), StringComparison.Ordinal);
        await job.GetByRole(AriaRole.Button, new() { Name = "Play" }).ClickAsync();
        await visit.PlaysAsync();
        await job.GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await Expect(visit.Page.Locator(".job")).ToHaveCountAsync(1);
        foreach (var name in names)
            await DeleteAsync(visit, Path.GetFileNameWithoutExtension(name));
        visit.AssertNoComplaints();
    }

    /// <summary>Drops files on the page's heading.</summary>
    private const string Drop =
        """
        ({ names, files }) => {
          const dataTransfer = new DataTransfer();
          names.forEach((name, i) =>
            dataTransfer.items.add(new File([Uint8Array.from(atob(files[i]), letter => letter.charCodeAt(0))], name, { type: "video/mp4" })));
          for (const type of ["dragover", "drop"]) {
            const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
            document.querySelector("h1").dispatchEvent(event);
            if (!event.defaultPrevented) throw new Error(`The browser would take the ${type} and leave the page.`);
          }
        }
        """;

    private const string ForgetFile =
        """
        () => new Promise(resolve => {
          indexedDB.open("reelseal").onsuccess = ({ target: { result: database } }) => {
            const store = database.transaction("uploads", "readwrite").objectStore("uploads");
            store.getAll().onsuccess = ({ target: { result: [job] } }) => { delete job.file; store.put(job).onsuccess = resolve; };
          };
        })
        """;

    [Fact(Timeout = Limit)]
    public async Task A_lost_connection_is_shown_and_only_lost_parts_are_sent_again()
    {
        await stage.StartedAsync();
        var file = await stage.ShortVideoAsync("lost.mp4", FourParts);
        await using var visit = await Visit.OpenAsync(stage);
        var isLost = true;
        await visit.Page.RouteAsync("**/uploads/*?*", route =>
            isLost && PartOf(route.Request.Url) > 1 ? route.AbortAsync("internetdisconnected") : route.ContinueAsync());
        var sent = CountParts(visit.Page);

        await visit.Id("file").SetInputFilesAsync(file);
        await Expect(visit.Page.Locator(".job-state")).ToContainTextAsync("The server cannot be reached");
        await Until(() => sent.Count == 1);
        isLost = false;
        await visit.Page.EvaluateAsync("() => dispatchEvent(new Event('online'))"); // what the browser says when the network is back
        await ReadyAsync(visit, "lost.mp4");

        Assert.Equal("1 2 3 4", string.Join(' ', sent.Keys.Order()));
        Assert.All(sent.Values, times => Assert.Equal(1, times));
        await DeleteAsync(visit, "lost");
    }

    [Fact(Timeout = Limit)]
    public async Task The_failure_of_an_earlier_attempt_takes_no_later_upload_away()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        var (refusals, deletions) = (0, 0);
        await visit.Page.RouteAsync("**/function/ingest-video/", route => route.Request.Method == "POST" && Interlocked.Increment(ref refusals) <= 2
            ? route.FulfillAsync(new() { Status = 409, Headers = s_cors, Json = new { detail = "This video is being ingested right now." } })
            : route.ContinueAsync());
        // Until its third request is let through, the page sees how another one ended.
        await visit.Page.RouteAsync("**/function/ingest-video/videos/*", route =>
        {
            if (route.Request.Method == "DELETE")
                Interlocked.Increment(ref deletions);
            return route.Request.Method == "GET" && Volatile.Read(ref refusals) is 1 or 2
                ? route.FulfillAsync(new() { Headers = s_cors, Json = new { state = "failed", progress = 0.5, error = "The worker died." } })
                : route.ContinueAsync();
        });

        await visit.Id("file").SetInputFilesAsync(await stage.ShortVideoAsync("again.mp4"));
        await ReadyAsync(visit, "again.mp4");

        Assert.Equal((3, 0), (refusals, deletions));
        await visit.Page.UnrouteAllAsync();
        await DeleteAsync(visit, "again");
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task An_expired_part_URL_is_renewed()
    {
        await stage.StartedAsync();
        var file = await stage.ShortVideoAsync("expired.mp4", FourParts);
        await using var visit = await Visit.OpenAsync(stage);
        var spoilt = 0;
        await visit.Page.RouteAsync("**/uploads/*?*", route =>
            PartOf(route.Request.Url) == 2 && Interlocked.Increment(ref spoilt) == 1
                ? route.ContinueAsync(new() { Url = route.Request.Url.Replace("expires=", "expires=1", StringComparison.Ordinal) }) : route.ContinueAsync());

        await visit.Id("file").SetInputFilesAsync(file);
        await ReadyAsync(visit, "expired.mp4");

        Assert.True(spoilt >= 2, "The part was not sent again.");
        await DeleteAsync(visit, "expired");
    }

    [Theory(Timeout = Limit)]
    [InlineData("sending")]
    [InlineData("transcoding")]
    public async Task Cancelling_leaves_nothing(string when)
    {
        await stage.StartedAsync();
        using var programs = new HeldPrograms(transcodesOnly: true);
        await using var system = await StartWithAsync(programs);
        await using var visit = await Visit.OpenAsync(stage, $"{system.Edge}/site/");
        if (when == "sending")
        {
            await HoldPartsAfterAsync(visit.Page, 1);
            var sent = CountParts(visit.Page);
            await visit.Id("file").SetInputFilesAsync(await stage.ShortVideoAsync("cancelled.mp4", FourParts));
            await Until(() => sent.Count == 1);
        }
        else
        {
            await visit.Id("file").SetInputFilesAsync(await stage.ShortVideoAsync("cancelled.mp4"));
            await IsTranscodingAsync(visit);
        }

        var job = Job(visit, "cancelled.mp4");
        await job.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(job.Locator(".job-state")).ToContainTextAsync("Cancelled");

        await AssertOnlyTheFilmIsStoredAsync();
        await visit.Page.ReloadAsync();
        await Expect(visit.Id("drop")).ToBeVisibleAsync();
        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".job")).ToHaveCountAsync(0);
        await Expect(visit.Page.Locator(".card")).ToHaveCountAsync(1);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task Where_the_store_takes_no_parts_the_video_is_sent_whole()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.Page.RouteAsync("**/function/ingest-video/uploads", route => route.FulfillAsync(new() { Status = 501, Headers = s_cors, Body = "{}" }));
        var sent = CountParts(visit.Page);

        await visit.Id("file").SetInputFilesAsync(await stage.ShortVideoAsync("whole.mp4"));
        await ReadyAsync(visit, "whole.mp4");

        Assert.Empty(sent);
        await DeleteAsync(visit, "whole");
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task Every_refusal_has_its_own_sentence()
    {
        await stage.StartedAsync();
        var notAVideo = Path.Combine(stage.Files, "notes.mp4");
        await File.WriteAllTextAsync(notAVideo, "Buy milk.", Cancellation);
        var sentences = new Dictionary<string, string>(StringComparer.Ordinal);

        await using (var visit = await Visit.OpenAsync(stage))
        {
            await visit.Id("file").SetInputFilesAsync(notAVideo);
            sentences["not a video"] = await RefusedAsync(visit);
            await visit.Page.RouteAsync($"{stage.System.Gateway}/**", route => route.AbortAsync("connectionrefused"));
            await visit.Id("file").SetInputFilesAsync(notAVideo);
            sentences["unreachable"] = await RefusedAsync(visit);
            await visit.Page.UnrouteAllAsync();
            var job = visit.Page.Locator(".job").Last;
            await job.GetByRole(AriaRole.Button, new() { Name = "Try now" }).ClickAsync();
            await Expect(job.Locator(".job-state")).ToHaveTextAsync(sentences["not a video"]);
            await Expect(job.Locator("[aria-current]")).ToHaveTextAsync("Check");
            await Expect(visit.Page.GetByText(sentences["not a video"])).ToHaveCountAsync(2); // once for each of the two files
            visit.AssertNoComplaints();
        }
        await using (var small = await stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["MAX_UPLOAD_BYTES"] = "1000" }))
        await using (var visit = await Visit.OpenAsync(stage, $"{small.Edge}/site/"))
        {
            await visit.Id("file").SetInputFilesAsync(await stage.ShortVideoAsync("big.mp4"));
            sentences["too big"] = await RefusedAsync(visit);
        }
        foreach (var (name, token) in (
            (string, string)[])[("not allowed", stage.System.Tokens.Mint(new() { Scopes = [Scopes.Play] })), ("signed out", "not.a.token")])
        {
            await using var visit = await Visit.OpenAsync(stage, prepare: context => WithTokenAsync(context, token));
            await Expect(visit.Id("notice")).ToBeVisibleAsync();
            await visit.Id("file").SetInputFilesAsync(notAVideo);
            sentences[name] = await RefusedAsync(visit);
        }

        Assert.StartsWith("This is not a video", sentences["not a video"], StringComparison.Ordinal);
        Assert.Contains("1,000 bytes", sentences["too big"], StringComparison.Ordinal);
        Assert.StartsWith("You are not allowed", sentences["not allowed"], StringComparison.Ordinal);
        Assert.StartsWith("Your access has run out", sentences["signed out"], StringComparison.Ordinal);
        Assert.StartsWith("The server cannot be reached", sentences["unreachable"], StringComparison.Ordinal);
        await AssertOnlyTheFilmIsStoredAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task Parts_go_to_a_bucket_of_a_real_s3_under_the_rule_that_infra_gives_it()
    {
        await stage.StartedAsync();
        var bucket = await s3.CreateBucketAsync();
        await using var system =
            await LocalSystem.StartAsync(new() { Store = bucket.CreateStore(TimeSpan.FromSeconds(5)), Settings = bucket.Environment }, Cancellation);
        await AllowPagesOfAsync(system.Edge, bucket);
        await using var visit = await Visit.OpenAsync(stage, $"{system.Edge}/site/");
        var sent = CountParts(visit.Page, bucket.Endpoint.GetLeftPart(UriPartial.Authority));

        await visit.Id("file").SetInputFilesAsync(await stage.ShortVideoAsync("bucket.mp4", FourParts, seconds: 6));
        await ReadyAsync(visit, "bucket.mp4");

        Assert.Equal("1 2 3 4", string.Join(' ', sent.Keys.Order()));
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Play bucket" }).ClickAsync();
        await visit.AssertMovingAsync();
        visit.AssertNoComplaints();
    }

    private static async Task AllowPagesOfAsync(string origin, TestBucket bucket)
    {
        var rule = BucketRules.Uploads([origin]);
        using var client = bucket.CreateClient();
        await client.PutCORSConfigurationAsync(new PutCORSConfigurationRequest
        {
            BucketName = bucket.Name,
            Configuration = new()
            {
                Rules =
                [
                    new()
                    {
                        AllowedMethods = [.. rule.AllowedMethods], AllowedOrigins = [.. rule.AllowedOrigins], AllowedHeaders = [.. rule.AllowedHeaders],
                        ExposeHeaders = [.. rule.ExposeHeaders], MaxAgeSeconds = (int)rule.MaxAge.TotalSeconds,
                    },
                ],
            },
        }, Cancellation);
    }

    /// <summary>The system, with an ffmpeg that begins to encode when the test says so.</summary>
    private Task<LocalSystem> StartWithAsync(HeldPrograms programs) =>
        stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = programs.SearchPath });

    /// <summary>Waits until the page shows that the video is being encoded, which it does for as long as ffmpeg is held.</summary>
    private static Task IsTranscodingAsync(Visit visit) =>
        Expect(visit.Page.Locator("[data-state=transcoding]")).ToHaveAttributeAsync("aria-current", "step", new() { Timeout = Visit.Patience });

    private static Task ReadyAsync(Visit visit, string name) =>
        Expect(Job(visit, name).Locator(".job-state")).ToHaveTextAsync($"{name} is ready.", new() { Timeout = Visit.Patience });

    private static ILocator Job(Visit visit, string name) => visit.Page.Locator(".job").Filter(new() { HasText = name });

    /// <summary>The sentence that an upload ended with.</summary>
    private static async Task<string> RefusedAsync(Visit visit)
    {
        var job = visit.Page.Locator(".job").Last;
        await Expect(job).ToHaveClassAsync("job failed", new() { Timeout = Visit.Patience });
        return await job.Locator(".job-state").InnerTextAsync();
    }

    private static async Task DeleteAsync(Visit visit, string title)
    {
        await visit.ChooseFromMenuAsync(title, "Delete");
        await visit.Id("deleting").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(visit.Page.Locator(".card").Filter(new() { HasText = title })).ToHaveCountAsync(0);
    }

    private static Task<IAsyncDisposable> WithTokenAsync(IBrowserContext context, string token) => context.RouteAsync("**/site/config.json", async route =>
    {
        var config = await (await route.FetchAsync()).JsonAsync();
        await route.FulfillAsync(new() { Json = new { gateway = config!.Value.GetProperty("gateway").GetString(), token } });
    });

    /// <summary>Counts the parts that the store has taken, by number.</summary>
    private static ConcurrentDictionary<int, int> CountParts(IPage page, string? origin = null)
    {
        var sent = new ConcurrentDictionary<int, int>();
        page.Response += (_, response) =>
        {
            if (response is { Status: 200, Request.Method: "PUT" } && response.Url.StartsWith(origin ?? "http", StringComparison.Ordinal))
                sent.AddOrUpdate(PartOf(response.Url), 1, (_, times) => times + 1);
        };
        return sent;
    }

    /// <summary>Keeps parts with higher numbers on their way for ever.</summary>
    private static Task<IAsyncDisposable> HoldPartsAfterAsync(IPage page, int number) =>
        page.RouteAsync("**/uploads/*?*", route => PartOf(route.Request.Url) <= number ? route.ContinueAsync() : Task.CompletedTask);

    private static int PartOf(string url) =>
        int.TryParse(QueryHelpers.ParseQuery(new Uri(url).Query)["partNumber"], CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Visit.Patience);
        while (!condition())
            await Task.Delay(50, limit.Token);
    }

    /// <summary>Asserts that the store has no other video, no source, and no part of one; a worker that was cancelled may need a moment.</summary>
    /// <summary>What was deleted is marked for some seconds.</summary>
    private static bool IsDeletionMark(string path)
    {
        try
        {
            return Path.GetExtension(path) == ".json" && File.ReadAllText(path).Contains("\"state\":\"deleted\"", StringComparison.Ordinal);
        }
        catch (FileNotFoundException)
        {
            return true; // it was removed since it was listed
        }
    }

    private async Task AssertOnlyTheFilmIsStoredAsync()
    {
        var film = stage.Film.ToString();
        string[] left = [];
        for (var tries = 0; tries < 100; tries++)
        {
            left = [.. Directory.EnumerateFiles(stage.StoreDirectory, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(stage.StoreDirectory, path))
                .Except([ObjectKeys.HealthCheck, ObjectKeys.LatestRevocation], StringComparer.Ordinal)
                .Where(path => !path.Contains(film, StringComparison.Ordinal) && (path[0] != '.' || path.Count(c => c == Path.DirectorySeparatorChar) > 1))
                .Where(path => !IsDeletionMark(Path.Combine(stage.StoreDirectory, path)))];
            if (left is [])
                return;
            await Task.Delay(100, Cancellation);
        }
        Assert.Empty(left);
    }
}
