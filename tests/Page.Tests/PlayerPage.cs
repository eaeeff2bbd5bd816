using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Reelseal.Local;
using Reelseal.Local.Playback;

namespace Reelseal.Page.Tests;

/// <summary>What a player did with a video.</summary>
/// <param name="Played">The ranges that it played, in seconds: <c>0.0 to 48.0</c> if it never jumped.</param>
/// <param name="Duration">How long it thinks that the video is, in seconds.</param>
/// <param name="Pictures">How many pictures it decoded; null where it does not say.</param>
/// <param name="Complaints">What it reported; empty if it came to the end and everything was right.</param>
internal sealed record Playback(string Played, double Duration, int? Pictures, IReadOnlyList<string> Complaints)
{
    /// <summary>Asserts that it played all of a video, without a jump but to where the first picture is: in transport streams not quite at 0.</summary>
    /// <param name="seconds">How long the video is.</param>
    public void AssertWhole(double seconds)
    {
        Assert.Empty(Complaints);
        var ranges = Played.Split(", ").Where(range => range != "0.0 to 0.0").ToList();
        Assert.True(ranges.Count == 1, Played);
        double[] ends = [.. ranges[0].Split(" to ").Select(time => double.Parse(time, CultureInfo.InvariantCulture))];
        Assert.InRange(ends[0], -0.5, 1);
        Assert.InRange(ends[1], seconds - 0.5, seconds + 0.5);
    }
}

/// <summary>A page of another origin, on which a player plays several videos side by side, to their end.</summary>
internal sealed class PlayerPage : IAsyncDisposable
{
    /// <summary>How fast they play.</summary>
    private const int Rate = 6;

    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _reports = new(StringComparer.Ordinal);
    private readonly LocalSystem _system;
    private readonly VideoClient _client;
    private LoopbackServer _site = null!;

    private PlayerPage(LocalSystem system) => (_system, _client) = (system, new(system.Gateway, system.Tokens));

    /// <summary>The players with default settings. Beside them there is the embeddable player, <c>reelseal-player</c>.</summary>
    public static IReadOnlyDictionary<string, string> Scripts { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["hls.js"] = Path.Combine(new LocalOptions().SiteDirectory, "player", "hls", "hls.js"),
        ["shaka-player"] = Path.Combine(Repository.Root, "tests", "Page.Tests", "node_modules", "shaka-player", "dist", "shaka-player.compiled.js"),
    };

    public static async Task<PlayerPage> StartAsync(LocalSystem system)
    {
        var page = new PlayerPage(system);
        page._site = await LoopbackServer.StartAsync(0, _ => { }, _ => { }, page.ServeAsync, CancellationToken.None);
        return page;
    }

    /// <summary>The signed address of a video.</summary>
    public async Task<Uri> AddressOfAsync(VideoId video) => (await _client.GetTicketAsync(video, until: null, CancellationToken.None)).Url;

    /// <summary>Has a player play videos.</summary>
    /// <param name="player">Its name.</param>
    /// <param name="videos">The videos.</param>
    /// <param name="open">Opens the page in a browser.</param>
    /// <param name="onJoined">Is called when one begins to play.</param>
    /// <param name="cancellationToken">Closes the browser.</param>
    public async Task<Playback[]> PlayAsync(
        string player, IReadOnlyList<VideoId> videos, Func<string, Task<IAsyncDisposable>> open, Func<VideoId, Task> onJoined,
        CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        var plays = videos.Select(video => (Video: video, Joined: Expect($"/{id}/{video}/joined"), Ended: Expect($"/{id}/{video}/ended"))).ToList();
        var what = JsonSerializer.Serialize(
            new { id, player, rate = Rate, edge = _system.Edge, videos = videos.Select(video => $"{video}"), patience = 2 * Visit.Patience });
        await using var browser = await open($"{_site.Address}/#{Uri.EscapeDataString(what)}");
        return await Task.WhenAll(plays.Select(async play =>
        {
            await Task.WhenAny(play.Joined, play.Ended).WaitAsync(cancellationToken);
            await onJoined(play.Video);
            return JsonSerializer.Deserialize<Playback>(await play.Ended.WaitAsync(cancellationToken), JsonSerializerOptions.Web)!;
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        _client.Dispose();
    }

    private Task<string> Expect(string path) =>
        (_reports[path] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Method == HttpMethods.Post)
        {
            using var body = new StreamReader(request.Body);
            if (_reports.TryGetValue(request.Path.Value!, out var report))
                report.TrySetResult(await body.ReadToEndAsync());
        }
        else if (request.Path == "/ticket")
        {
            var video = VideoId.Parse(request.QueryString.Value![1..], provider: null);
            await response.WriteAsJsonAsync(await _client.GetTicketAsync(video, until: null, context.RequestAborted));
        }
        else
        {
            var script = Scripts.GetValueOrDefault(Path.GetFileNameWithoutExtension(request.Path)!);
            response.ContentType = script is null ? "text/html" : "text/javascript";
            await (script is null ? response.WriteAsync(Html) : response.SendFileAsync(script));
        }
    }

    /// <summary>The fragment says who plays what.</summary>
    private const string Html =
        """
        <!doctype html><meta charset="utf-8"><title>players</title><link rel="icon" href="data:,">
        <script type="module">
        const { id, player, rate, edge, videos, patience } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
        const ticketOf = async video => (await fetch(`/ticket?${video}`)).json();
        const add = element => document.body.appendChild(element);

        /** Each begins to load a video and returns its media element. */
        const players = {
          async "reelseal-player"(video, complain) {
            await import(`${edge}/site/player/reelseal-player.js`);
            const element = document.createElement("reelseal-player");
            element.setAttribute("video", video);
            element.setAttribute("ticket-url", "/ticket?{video}");
            element.addEventListener("error", ({ detail }) => complain(detail.kind));
            return add(element).media;
          },
          async "hls.js"(video, complain) {
            const { default: Hls } = await import("/hls.js.js");
            const hls = new Hls();
            hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) complain(details); });
            const media = add(document.createElement("video"));
            hls.loadSource((await ticketOf(video)).url);
            hls.attachMedia(media);
            return media;
          },
          async "shaka-player"(video, complain) {
            const media = add(document.createElement("video"));
            const shakaPlayer = new shaka.Player();
            shakaPlayer.addEventListener("error", ({ detail }) => complain(`error ${detail.code}`));
            await shakaPlayer.attach(media);
            await shakaPlayer.load((await ticketOf(video)).url);
            return media;
          },
        };

        async function play(video) {
          const say = (event, content) => fetch(`/${id}/${video}/${event}`, { method: "POST", body: JSON.stringify(content) });
          const complaints = [];
          let media = null;
          const range = (_, at) => `${media.played.start(at).toFixed(1)} to ${media.played.end(at).toFixed(1)}`;
          const end = () => say("ended", {
            played: Array.from({ length: media?.played.length ?? 0 }, range).join(", "),
            duration: Number.isFinite(media?.duration) ? media.duration : 0,
            pictures: media?.getVideoPlaybackQuality().totalVideoFrames,
            complaints,
          });
          setTimeout(() => {
            complaints.push(`It does not end: ${media?.currentTime} of ${media?.duration}, ${media?.readyState}.`);
            end();
          }, patience);
          try {
            media = await players[player](video, complaint => complaints.push(complaint));
            media.muted = true;
            media.addEventListener("playing", () => {
              media.playbackRate = rate;
              say("joined");
            });
            media.addEventListener("ended", end);
            await media.play();
          } catch (error) {
            complaints.push(String(error));
            end();
          }
        }

        if (player === "shaka-player") {
          await new Promise((resolve, reject) =>
            document.head.append(Object.assign(document.createElement("script"), { src: "/shaka-player.js", onload: resolve, onerror: reject })));
          shaka.polyfill.installAll();
        }
        for (const video of videos) play(video);
        </script>
        """;
}
