using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.Page.Tests;

/// <summary>Short videos whose tracks end at different moments, in both formats, and players that play all of them side by side.</summary>
public sealed class EndingVideos : IAsyncDisposable
{
    private const string H264 = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p -g 50 -c:a aac";

    /// <summary>How long pictures and sounds are, in seconds; a segment has six.</summary>
    private static readonly (string Name, int Picture, int[] Sounds)[] s_sources =
    [
        ("The sound ends first", 13, [5]),
        ("The picture ends first", 5, [13]),
        ("The second sound ends first", 13, [13, 5]),
        ("Whole segments", 12, [12]),
    ];

    private Task<Ending[]>? _published;
    private PlayerPage? _page;
    private Stage? _stage;

    /// <summary>Plays every video.</summary>
    /// <param name="stage">Where to.</param>
    /// <param name="player">As in <see cref="PlayerPage"/>.</param>
    /// <param name="open">Opens a browser.</param>
    internal async Task<IEnumerable<(Ending Video, Playback Playback)>> PlayAsync(
        Stage stage, string player, Func<string, Task<IAsyncDisposable>> open)
    {
        _stage = stage;
        _page ??= await PlayerPage.StartAsync(stage.System);
        var videos = await (_published ??= PublishAsync(stage));
        var ids = videos.Select(video => video.Id).ToList();
        return videos.Zip(await _page.PlayAsync(player, ids, open, _ => Task.CompletedTask, TestContext.Current.CancellationToken));
    }

    private static async Task<Ending[]> PublishAsync(Stage stage)
    {
        var files = await Task.WhenAll(s_sources.Select(source => MakeAsync(stage, source)));
        return [.. (await Task.WhenAll(PublishAsync(stage, files, "ts"), PublishAsync(stage, files, "fmp4"))).SelectMany(published => published)];
    }

    private static async Task<string> MakeAsync(Stage stage, (string Name, int Picture, int[] Sounds) source)
    {
        var path = Path.Combine(stage.Files, $"{source.Name}.mp4");
        var inputs = source.Sounds.Select(seconds => $"-f lavfi -i sine=d={seconds}:r=48000");
        var maps = Enumerable.Range(1, source.Sounds.Length).Select(input => $"-map {input}");
        var arguments = $"-f lavfi -i testsrc2=s=160x90:r=25:d={source.Picture} {string.Join(' ', inputs)} -map 0 {string.Join(' ', maps)} {H264}";
        await Ffmpeg.RunAsync([.. arguments.Split(' '), path]);
        return path;
    }

    private static async Task<List<Ending>> PublishAsync(Stage stage, string[] files, string format)
    {
        await using var system = await stage.StartSystemAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["SEGMENT_FORMAT"] = format });
        using var client = new VideoClient(system.Gateway, system.Tokens);
        var published = new List<Ending>();
        foreach (var (file, source) in files.Zip(s_sources))
        {
            await using var content = File.OpenRead(file);
            var id = VideoId.New();
            await client.UploadAsync(id, content, TestContext.Current.CancellationToken);
            published.Add(new($"{source.Name}, {format}", id, Math.Max(source.Picture, source.Sounds.Max())));
        }
        return published;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var video in _published is { IsCompletedSuccessfully: true } ? await _published : [])
            await GrowingVideo.RemoveAsync(_stage!.System.Store, video.Id);
        if (_page is not null)
            await _page.DisposeAsync();
    }

    /// <summary>A published video.</summary>
    /// <param name="Name">What is special about it.</param>
    /// <param name="Id">Its id.</param>
    /// <param name="Seconds">How long its longest track is.</param>
    internal sealed record Ending(string Name, VideoId Id, double Seconds);
}
