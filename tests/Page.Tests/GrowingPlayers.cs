using System.Collections.Concurrent;
using System.Globalization;
using CliWrap;
using CliWrap.Buffered;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.Page.Tests;

/// <summary>
/// Players that join a video when <see cref="Available"/> segments of it are there, and play on until it ends. They play at the same time, because most of it
/// is waiting; each has a video of its own.
/// </summary>
public sealed class GrowingPlayers : IAsyncDisposable
{
    public const int Seconds = 48;

    /// <summary>36 seconds: by default, players begin with the third from the end.</summary>
    private const int Available = 6;

    private const string Attempt = "0123456789abcdef";

    private static readonly string[] s_formats = ["ts", "fmp4"];

    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _reports = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();
    private Dictionary<string, Task<string[]>>? _played;
    private LoopbackServer? _site;
    private VideoId[] _originals = [];
    private Stage? _stage;

    /// <summary>The players, and the file without which each cannot be tried.</summary>
    public static IReadOnlyDictionary<string, string> Programs { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["hls.js"] = Path.Combine(new LocalOptions().SiteDirectory, "player", "hls", "hls.js"),
        ["shaka-player"] = Path.Combine(Repository.Root, "tests", "Page.Tests", "node_modules", "shaka-player", "dist", "shaka-player.compiled.js"),
        ["Firefox"] = "/usr/bin/firefox-esr",
        ["mpv"] = "/usr/bin/mpv",
        ["ffmpeg"] = "/usr/bin/ffmpeg",
    };

    /// <summary>Returns what a player played, in each format.</summary>
    internal async Task<string[]> PlayAsync(Stage stage, string player)
    {
        _played ??= await StartAsync(stage);
        return await _played[player];
    }

    private async Task<Dictionary<string, Task<string[]>>> StartAsync(Stage stage)
    {
        _site = await LoopbackServer.StartAsync(0, _ => { }, _ => { }, ServeAsync, CancellationToken.None);
        _stage = stage;
        var originals = _originals = await Task.WhenAll(s_formats.Select(format => PublishAsync(stage, format)));
        return Programs.Where(player => File.Exists(player.Value)).ToDictionary(
            player => player.Key, player => Task.WhenAll(originals.Select(original => JoinAsync(stage, original, player.Key))), StringComparer.Ordinal);
    }

    private static async Task<VideoId> PublishAsync(Stage stage, string format)
    {
        var path = Path.Combine(stage.Files, $"growing-{format}.mp4");
        await Local.Playback.Clip.CreateAsync(path, TimeSpan.FromSeconds(Seconds), 320, 180, CancellationToken.None);
        await using var system = await stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["SEGMENT_FORMAT"] = format });
        using var client = new VideoClient(system.Gateway, system.Tokens);
        await using var content = File.OpenRead(path);
        var video = VideoId.New();
        await client.UploadAsync(video, content, CancellationToken.None);
        return video;
    }

    private async Task<string> JoinAsync(Stage stage, VideoId original, string player)
    {
        await using var video = await GrowingVideo.CreateAsync(stage.System.Store, original);
        await video.AddAttemptAsync(Attempt);
        await video.GrowAsync(Attempt, Available);
        await video.PointToAsync(Attempt);
        using var client = new VideoClient(stage.System.Gateway, stage.System.Tokens);
        var ticket = await client.GetTicketAsync(video.Id, until: null, CancellationToken.None);
        var joined = new TaskCompletionSource();
        var playing = player switch
        {
            "ffmpeg" => PlayInFfmpegAsync(ticket.Url, joined),
            "mpv" => PlayInMpvAsync(ticket.Url, joined),
            "Firefox" => PlayInBrowserAsync("hls.js", ticket.Url, joined, OpenFirefoxAsync),
            _ => PlayInBrowserAsync(player, ticket.Url, joined, address => OpenChromiumAsync(stage, address)),
        };
        await Task.WhenAny(joined.Task, playing);
        await video.GrowAsync(Attempt);
        return await playing;
    }

    /// <summary>As many pictures as it decodes, so many seconds it has played.</summary>
    private async Task<string> PlayInFfmpegAsync(Uri url, TaskCompletionSource joined)
    {
        var frames = 0;
        await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-live_start_index", "0", "-i", url.AbsoluteUri, "-map", "0:v", "-progress", "pipe:1", "-f", "null", "-"])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(line =>
            {
                if (line.StartsWith("frame=", StringComparison.Ordinal) && (frames = int.Parse(line[6..], CultureInfo.InvariantCulture)) > 0)
                    joined.TrySetResult();
            }))
            .ExecuteBufferedAsync(_end.Token);
        return Played(Seconds - frames / 30.0, Seconds);
    }

    private async Task<string> PlayInMpvAsync(Uri url, TaskCompletionSource joined)
    {
        var time = 0.0;
        await Cli.Wrap("mpv")
            .WithArguments(["--no-config", "--demuxer-lavf-o=live_start_index=0", "--vo=null", "--ao=null", "--untimed", "--term-status-msg=at ${=time-pos}\n",
                url.AbsoluteUri])
            .WithStandardErrorPipe(PipeTarget.ToDelegate(line =>
            {
                if (line.Split("at ") is [_, var at] && double.TryParse(at, CultureInfo.InvariantCulture, out var seconds))
                {
                    time = seconds; // it counts from where it begins
                    joined.TrySetResult();
                }
            }))
            .ExecuteAsync(_end.Token);
        return Played(Seconds - time, Seconds);
    }

    private async Task<string> PlayInBrowserAsync(string player, Uri url, TaskCompletionSource joined, Func<string, Task<IAsyncDisposable>> open)
    {
        var id = Guid.NewGuid().ToString("N");
        var (start, end) = (_reports[$"{id}-joined"] = new(), _reports[$"{id}-ended"] = new());
        await using var browser = await open($"{_site!.Address}/#{id} {player} {Uri.EscapeDataString(url.AbsoluteUri)}");
        await start.Task.WaitAsync(_end.Token);
        joined.TrySetResult();
        return await end.Task.WaitAsync(_end.Token);
    }

    private static async Task<IAsyncDisposable> OpenChromiumAsync(Stage stage, string address) => await Visit.OpenAsync(stage, address);

    private static Task<IAsyncDisposable> OpenFirefoxAsync(string address) => Task.FromResult<IAsyncDisposable>(new Firefox(address));

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Method == HttpMethods.Post)
        {
            using var body = new StreamReader(context.Request.Body);
            if (_reports.TryGetValue(context.Request.Path.Value![1..], out var report))
                report.TrySetResult(await body.ReadToEndAsync());
            return;
        }
        var script = Programs.GetValueOrDefault(Path.GetFileNameWithoutExtension(context.Request.Path));
        context.Response.ContentType = script is null ? "text/html" : "text/javascript";
        await (script is null ? context.Response.WriteAsync(Html) : context.Response.SendFileAsync(script));
    }

    private static string Played(double from, double to) => string.Create(CultureInfo.InvariantCulture, $"{from:0.0} to {to:0.0}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var player in (_played ?? []).Values)
            await ((Task)player).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var original in _originals)
            await GrowingVideo.RemoveAsync(_stage!.System.Store, original);
        if (_site is not null)
            await _site.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>It plays faster, so that the end comes sooner. The fragment says who plays what.</summary>
    private const string Html =
        """
        <!doctype html><meta charset="utf-8"><title>player</title><link rel="icon" href="data:,"><video muted></video>
        <script type="module">
        const [id, player, url] = location.hash.slice(1).split("%20");
        const video = document.querySelector("video");
        const report = (event, text) => fetch(`/${id}-${event}`, { method: "POST", body: text });
        const range = (_, at) => `${video.played.start(at).toFixed(1)} to ${video.played.end(at).toFixed(1)}`;
        const played = () => Array.from({ length: video.played.length }, range).join(", ");
        addEventListener("unhandledrejection", ({ reason }) => report("ended", String(reason)));
        video.onplaying = () => { video.playbackRate = 6; report("joined", ""); };
        video.onended = () => report("ended", played());
        const address = decodeURIComponent(url);
        if (player === "hls.js") {
          const { default: Hls } = await import("/hls.js.js");
          const hls = new Hls();
          hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) report("ended", details); });
          hls.loadSource(address);
          hls.attachMedia(video);
        } else {
          await new Promise((resolve, reject) =>
            document.head.append(Object.assign(document.createElement("script"), { src: "/shaka-player.js", onload: resolve, onerror: reject })));
          shaka.polyfill.installAll();
          const shakaPlayer = new shaka.Player();
          await shakaPlayer.attach(video);
          await shakaPlayer.load(address);
        }
        await video.play();
        </script>
        """;

    /// <summary>A Firefox that opens a page.</summary>
    private sealed class Firefox : IAsyncDisposable
    {
        private readonly TemporaryDirectory _profile = new();
        private readonly CancellationTokenSource _close = new();
        private readonly Task _running;

        public Firefox(string address) => _running =
            Cli.Wrap("firefox-esr").WithArguments(["--headless", "--no-remote", "--profile", _profile.Path, address]).ExecuteAsync(_close.Token).Task;

        public async ValueTask DisposeAsync()
        {
            await _close.CancelAsync(); // kills it with its children
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _close.Dispose();
            _profile.Dispose();
        }
    }
}
