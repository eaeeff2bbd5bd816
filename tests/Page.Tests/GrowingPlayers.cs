using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using CliWrap;
using Reelseal.Local.Demo;
using Reelseal.Local.Playback;

namespace Reelseal.Page.Tests;

/// <summary>
/// Players that join a video when <see cref="Available"/> segments of it are there, and play on until it ends. They play at the same time, because most of it
/// is waiting; each has videos of its own. Several replicas have made them in chunks, so all players come to joins.
/// </summary>
public sealed partial class GrowingPlayers : IAsyncDisposable
{
    public const int Seconds = 48;

    /// <summary>Of the picture.</summary>
    public const int FrameRate = 30;

    /// <summary>36 seconds: by default, players begin with the third from the end.</summary>
    private const int Available = 6;

    private const string Attempt = "0123456789abcdef";

    private static readonly string[] s_formats = ["ts", "fmp4"];

    private readonly CancellationTokenSource _end = new();
    private Dictionary<string, Task<Playback[]>>? _played;
    private PlayerPage? _page;
    private VideoId[] _originals = [];
    private Stage? _stage;

    /// <summary>The players, and the file without which each cannot be tried.</summary>
    public static IReadOnlyDictionary<string, string> Programs { get; } = new Dictionary<string, string>(PlayerPage.Scripts, StringComparer.Ordinal)
    {
        ["Firefox"] = Firefox.Program,
        ["mpv"] = "/usr/bin/mpv",
        ["ffmpeg"] = "/usr/bin/ffmpeg",
    };

    /// <summary>Returns what a player played, in each format.</summary>
    internal async Task<Playback[]> PlayAsync(Stage stage, string player)
    {
        _played ??= await StartAsync(stage);
        return await _played[player];
    }

    private async Task<Dictionary<string, Task<Playback[]>>> StartAsync(Stage stage)
    {
        _stage = stage;
        _page = await PlayerPage.StartAsync(stage.System);
        _originals = await Task.WhenAll(s_formats.Select(format => PublishAsync(stage, format)));
        return Programs.Where(player => File.Exists(player.Value)).ToDictionary(
            player => player.Key, player => PlayAsync(stage, _page, player.Key), StringComparer.Ordinal);
    }

    private static async Task<VideoId> PublishAsync(Stage stage, string format)
    {
        var path = Path.Combine(stage.Files, $"growing-{format}.mp4");
        await Local.Playback.Clip.CreateAsync(path, TimeSpan.FromSeconds(Seconds), 320, 180, CancellationToken.None);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["SEGMENT_FORMAT"] = format, ["COPY_SOURCE"] = "false" };
        await using var system = await stage.StartSystemAsync(settings, replicas: 3);
        using var client = new VideoClient(system.Gateway, system.Tokens);
        await using var content = File.OpenRead(path);
        var video = VideoId.New();
        await client.UploadAsync(video, content, CancellationToken.None);
        Assert.True(SharedWork.CountChunks(system.ReplicaLog) > 0, "One replica made all of it.");
        return video;
    }

    private async Task<Playback[]> PlayAsync(Stage stage, PlayerPage page, string player)
    {
        var videos = new List<GrowingVideo>();
        try
        {
            foreach (var original in _originals)
                videos.Add(await BeginAsync(stage, original));
            return player switch
            {
                "ffmpeg" => await Task.WhenAll(videos.Select(video => JoinAsync(page, video, PlayInFfmpegAsync))),
                "mpv" => await Task.WhenAll(videos.Select(video => JoinAsync(page, video, PlayInMpvAsync))),
                "Firefox" => await page.PlayAsync("hls.js", Ids(), async address => await Firefox.OpenAsync(address, _end.Token), GrowAsync, _end.Token),
                _ => await page.PlayAsync(player, Ids(), async address => await Visit.OpenAsync(stage, address), GrowAsync, _end.Token),
            };
        }
        finally
        {
            foreach (var video in videos)
                await video.DisposeAsync();
        }

        List<VideoId> Ids() => videos.ConvertAll(video => video.Id);

        Task GrowAsync(VideoId id) => videos.Single(video => video.Id == id).GrowAsync(Attempt);
    }

    /// <summary>A video that lists the first segments of another.</summary>
    private static async Task<GrowingVideo> BeginAsync(Stage stage, VideoId original)
    {
        var video = await GrowingVideo.CreateAsync(stage.System.Store, original);
        await video.AddAttemptAsync(Attempt);
        await video.GrowAsync(Attempt, Available);
        await video.PointToAsync(Attempt);
        return video;
    }

    private static async Task<Playback> JoinAsync(PlayerPage page, GrowingVideo video, Func<Uri, TaskCompletionSource, Task<Playback>> play)
    {
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var playing = play(await page.AddressOfAsync(video.Id), joined);
        await Task.WhenAny(joined.Task, playing);
        await video.GrowAsync(Attempt);
        return await playing;
    }

    /// <summary>As many pictures as it decodes, so many seconds it has played.</summary>
    private async Task<Playback> PlayInFfmpegAsync(Uri url, TaskCompletionSource joined)
    {
        var (frames, complaints) = (0, new ConcurrentQueue<string>());
        await Cli.Wrap("ffmpeg")
            .WithArguments([
                "-nostdin", "-v", "error", "-live_start_index", "0", "-i", url.AbsoluteUri, "-map", "0:v", "-progress", "pipe:1", "-f", "null", "-",
            ])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(line =>
            {
                if (line.StartsWith("frame=", StringComparison.Ordinal) && (frames = int.Parse(line[6..], CultureInfo.InvariantCulture)) > 0)
                    joined.TrySetResult();
            }))
            .WithStandardErrorPipe(PipeTarget.ToDelegate(complaints.Enqueue))
            .ExecuteAsync(_end.Token);
        return new(Played(Seconds - frames / (double)FrameRate), Seconds, frames, [.. complaints]);
    }

    private async Task<Playback> PlayInMpvAsync(Uri url, TaskCompletionSource joined)
    {
        var (time, complaints) = (0.0, new ConcurrentQueue<string>());
        await Cli.Wrap("mpv")
            .WithArguments([
                "--no-config", "--msg-level=all=error,statusline=status", "--demuxer-lavf-o=live_start_index=0", "--vo=null", "--ao=null", "--untimed",
                "--term-status-msg=at ${=time-pos}\n", url.AbsoluteUri,
            ])
            .WithStandardOutputPipe(PipeTarget.ToDelegate(complaints.Enqueue))
            .WithStandardErrorPipe(PipeTarget.ToDelegate(line =>
            {
                if (line.Split("at ") is [_, var at] && double.TryParse(at, CultureInfo.InvariantCulture, out var seconds))
                {
                    time = seconds; // it counts from where it begins
                    joined.TrySetResult();
                }
                else if (ControlSequence().Replace(line, "") is var text && !string.IsNullOrWhiteSpace(text))
                    complaints.Enqueue(text);
            }))
            .ExecuteAsync(_end.Token);
        return new(Played(Seconds - time), Seconds, Pictures: null, [.. complaints]);
    }

    /// <summary>How mpv moves the cursor and hides it (ECMA-48, 5.4).</summary>
    [GeneratedRegex(@"\x1b\[[0-9;?]*[A-Za-z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ControlSequence();

    private static string Played(double from) => string.Create(CultureInfo.InvariantCulture, $"{from:0.0} to {Seconds:0.0}");

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var player in (_played ?? []).Values)
            await ((Task)player).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var original in _originals)
            await GrowingVideo.RemoveAsync(_stage!.System.Store, original);
        if (_page is not null)
            await _page.DisposeAsync();
        _end.Dispose();
    }
}
