using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Tokens;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>The embeddable player on a page of another origin: as an element, and in a frame.</summary>
public sealed class EmbedTests(Stage stage)
{
    private const int Limit = 300_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Three_lines_on_another_origin_play_a_private_video_and_nobody_notices_the_end_of_a_ticket()
    {
        await stage.StartedAsync();
        await using var system = await ShortTicketsAsync();
        await using var site = await Site.StartAsync(system, stage.Film);
        await using var visit = await Visit.OpenAsync(stage, $"{site.Address}/element");
        await visit.Page.WaitForFunctionAsync("() => media().readyState >= 2");
        await visit.Page.EvaluateAsync(
            """
            () => {
              window.interruptions = [];
              const player = document.querySelector("reelseal-player");
              for (const type of ["waiting", "pause", "emptied", "stalled", "error", "expired"]) player.addEventListener(type, () => interruptions.push(type));
              player.muted = true;
              return player.play();
            }
            """);
        await visit.Page.WaitForFunctionAsync("() => media().currentTime > 1");
        await visit.Page.EvaluateAsync("() => { interruptions.length = 0; media().playbackRate = 2; }"); // more is loaded after the first ticket's end

        await visit.Page.WaitForFunctionAsync("() => media().currentTime > 30");

        Assert.Empty(await visit.Page.EvaluateAsync<string[]>("() => interruptions"));
        Assert.True(site.Tickets >= 2, $"There were {site.Tickets} tickets.");
        Assert.Contains("poster.jpg", await visit.Page.EvaluateAsync<string>("() => media().poster"), StringComparison.Ordinal);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_poster_that_was_chosen_later_is_what_a_viewer_sees()
    {
        await stage.StartedAsync();
        await using var system = await stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Ingest] }));
        using var moment = new StringContent("""{"time":30}""", Encoding.UTF8, "application/json");
        using var answer = await http.PutAsync($"{system.Gateway}/function/ingest-video/videos/{stage.Film}/poster", moment, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var site = await Site.StartAsync(system, stage.Film);

        await using var visit = await Visit.OpenAsync(stage, $"{site.Address}/element");

        await visit.Page.WaitForFunctionAsync("() => media().poster.includes('/poster-')");
        Assert.True(await visit.Page.EvaluateAsync<bool>(
            """
            () => new Promise(done => {
              const image = new Image();
              image.onload = () => done(true);
              image.onerror = () => done(false);
              image.src = media().poster;
            })
            """));
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task The_end_of_access_its_withdrawal_and_a_lost_network_are_three_events_and_three_sentences()
    {
        await stage.StartedAsync();
        await using var system = await ShortTicketsAsync();
        await using var site = await Site.StartAsync(system, stage.Film);
        foreach (var (kind, status, sentence) in ((string, int, string)[])
            [
                ("expired", 410, "Your access to this video has ended."), ("revoked", 403, "Your access to this video was withdrawn."),
                ("unreachable", 0, "The server cannot be reached. Check your connection."),
            ])
        {
            site.Refusal = 0;
            await using var visit = await Visit.OpenAsync(stage, $"{site.Address}/element");
            await visit.Page.WaitForFunctionAsync("() => media().readyState >= 2");
            await visit.Page.EvaluateAsync(
                """
                () => {
                  window.events = [];
                  for (const type of ["expired", "revoked", "unreachable", "error"])
                    document.querySelector("reelseal-player").addEventListener(type, ({ detail }) => events.push(`${type} ${detail.kind}`));
                }
                """);
            site.Refusal = status;
            await visit.Context.SetOfflineAsync(status == 0);
            await Task.Delay(TimeSpan.FromSeconds(8), Cancellation); // the ticket ends
            await visit.SeekAsync(50);
            await Expect(visit.Id("player-state")).ToHaveTextAsync(sentence);

            Assert.Equal($"{kind} {kind}, error {kind}", string.Join(", ", await visit.Page.EvaluateAsync<string[]>("() => events")));
            if (status != 0)
                continue;
            await visit.Context.SetOfflineAsync(false);
            await Expect(visit.Id("player-state")).ToBeEmptyAsync(); // it goes on by itself
            await visit.Page.EvaluateAsync("() => document.querySelector('reelseal-player').play()");
            await visit.PlaysAsync();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_frame_plays_a_share_link_where_it_may_be_framed_and_puts_nothing_secret_into_a_query()
    {
        await stage.StartedAsync();
        await using var stranger = await Site.StartAsync(stage.System, stage.Film);
        await using var site = await Site.StartAsync(stage.System, stage.Film);
        await using var system =
            await LocalSystem.StartAsync(new() { StoreDirectory = stage.StoreDirectory, Embedders = [site.Address] }, Cancellation);
        var until = DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeSeconds();
        var share = await ShareAsync(system, until);
        var link = $"{system.Edge}/site/player/embed.html#video={stage.Film}&until={until}&share={share}";

        await using (var visit = await Visit.OpenAsync(stage, $"{stranger.Address}/frame?{Uri.EscapeDataString(link)}"))
            await Expect(visit.Page.FrameLocator("iframe").Locator("#play")).ToHaveCountAsync(0);

        await using (var visit = await Visit.OpenAsync(stage, $"{site.Address}/frame?{Uri.EscapeDataString(link)}"))
        {
            var requests = new ConcurrentQueue<string>(); // the player goes on with its requests
            visit.Page.Request += (_, request) => requests.Enqueue($"{request.Url} {request.Headers.GetValueOrDefault("referer")}");
            var frame = visit.Page.FrameLocator("iframe");
            await frame.Locator("#start").ClickAsync();
            await frame.Locator("body").EvaluateAsync(
                "() => new Promise(resolve => { const look = () => media().currentTime > 1 ? resolve() : setTimeout(look, 100); look(); })");
            Assert.DoesNotContain(requests, request => request.Contains(share, StringComparison.Ordinal)
                && !request.Contains("/function/sign-playlist/videos/", StringComparison.Ordinal)); // which takes it in exchange for a ticket
            visit.AssertNoComplaints();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_frame_asks_the_page_around_it_for_tickets_and_takes_them_from_its_origin_only()
    {
        await stage.StartedAsync();
        await using var site = await Site.StartAsync(stage.System, stage.Film);
        await using var system =
            await LocalSystem.StartAsync(new() { StoreDirectory = stage.StoreDirectory, Embedders = [site.Address] }, Cancellation);
        using var client = new VideoClient(system.Gateway, system.Tokens);
        var ticket = await client.GetTicketAsync(stage.Film, until: null, Cancellation);
        var answer = JsonSerializer.Serialize(new { url = ticket.Url, query = ticket.Query, expires = ticket.Expires });

        foreach (var (origin, plays) in ((string, bool)[])[(site.Address, true), ("https://elsewhere.example", false)])
        {
            var address = $"{system.Edge}/site/player/embed.html#video={stage.Film}&origin={Uri.EscapeDataString(origin)}";
            await using var visit = await Visit.OpenAsync(stage, $"{site.Address}/frame?{Uri.EscapeDataString(address)}");
            await visit.Page.EvaluateAsync(
                """
                ticket => {
                  window.heard = [];
                  addEventListener("message", ({ data, source, origin }) => {
                    heard.push(data.type);
                    if (data.type === "get-ticket") source.postMessage({ reelseal: data.reelseal, type: "ticket", ticket: JSON.parse(ticket) }, origin);
                  });
                  const frame = document.querySelector("iframe");
                  frame.src = frame.src.replace("embed.html", "embed.html?"); // again, now that this page listens
                }
                """, answer);
            if (plays)
            {
                await visit.Page.FrameLocator("iframe").Locator("#start").ClickAsync();
                await visit.Page.WaitForFunctionAsync("() => heard.includes('get-ticket') && heard.includes('play') && heard.includes('timeupdate')");
                visit.AssertNoComplaints();
            }
            else
            {
                await Expect(visit.Page.FrameLocator("iframe").Locator("#player-state")).ToContainTextAsync("The server cannot be reached");
                Assert.Empty(await visit.Page.EvaluateAsync<string[]>("() => heard"));
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task The_package_holds_the_module_hls_js_and_types()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/npm"), "npm is not installed.");
        var packed = await Cli.Wrap("npm").WithArguments(["pack", "--dry-run", "--ignore-scripts", "--json"])
            .WithWorkingDirectory(Path.Combine(Repository.Root, "web", "player")).ExecuteBufferedAsync(Cancellation);
        var files = JsonDocument.Parse(packed.StandardOutput).RootElement[0].GetProperty("files").EnumerateArray()
            .Select(file => file.GetProperty("path").GetString()!).ToList();

        Assert.Superset(
            new HashSet<string>(StringComparer.Ordinal)
            {
                "README.md", "package.json", "reelseal-player.d.ts", "src/reelseal-player.js", "src/player.css", "src/embed.html", "src/embed.js",
                "src/hls/hls.js", "src/hls/hls.worker.js", "src/hls/LICENSE",
            },
            files.ToHashSet(StringComparer.Ordinal));
        Assert.DoesNotContain(files, file => file.Contains("node_modules", StringComparison.Ordinal));
    }

    /// <summary>The system, with tickets that end after 6 s.</summary>
    private Task<LocalSystem> ShortTicketsAsync() =>
        stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["URL_LIFETIME"] = "6s", ["URL_WINDOW"] = "1s" });

    private async Task<string> ShareAsync(LocalSystem system, long until)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Share] }));
        var link = await http.GetStringAsync($"{system.Gateway}/function/sign-playlist/videos/{stage.Film}/share?until={until}", Cancellation);
        return JsonDocument.Parse(link).RootElement.GetProperty("share").GetString()!;
    }

    /// <summary>A site of another origin. It knows who may watch, and gets tickets with a token that its visitors never see.</summary>
    private sealed class Site(LocalSystem system, VideoId video) : IAsyncDisposable
    {
        private LoopbackServer _server = null!;
        private int _tickets;

        public string Address => _server.Address;

        /// <summary>How many tickets it has given.</summary>
        public int Tickets => _tickets;

        /// <summary>The status with which it gives no more tickets; 0: it gives them.</summary>
        public int Refusal { get; set; }

        public static async Task<Site> StartAsync(LocalSystem system, VideoId video)
        {
            var site = new Site(system, video);
            site._server = await LoopbackServer.StartAsync(0, _ => { }, _ => { }, site.ServeAsync, Cancellation);
            return site;
        }

        public ValueTask DisposeAsync() => _server.DisposeAsync();

        private async Task ServeAsync(HttpContext context)
        {
            if (context.Request.Path == "/ticket")
            {
                if (Refusal != 0)
                {
                    context.Response.StatusCode = Refusal;
                    return;
                }
                Interlocked.Increment(ref _tickets);
                using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
                http.DefaultRequestHeaders.Authorization = new("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Play], Videos = [video] }));
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync(await http.GetStringAsync($"{system.Gateway}/function/sign-playlist/videos/{video}", Cancellation));
                return;
            }
            context.Response.ContentType = "text/html";
            var body = context.Request.Path == "/element"
                ? $"""
                    <script type="module" src="{system.Edge}/site/player/reelseal-player.js"></script>
                    <div style="width: 640px">
                    <reelseal-player video="{video}" ticket-url="/ticket"></reelseal-player></div>
                    """
                : $"""
                    <iframe src="{WebUtility.HtmlEncode(Uri.UnescapeDataString(context.Request.QueryString.Value!.TrimStart('?')))}"
                      width="640" height="360" allow="autoplay"></iframe>
                    """;
            await context.Response.WriteAsync($"<!doctype html><meta charset='utf-8'><title>site</title><link rel='icon' href='data:,'>{body}");
        }
    }
}
