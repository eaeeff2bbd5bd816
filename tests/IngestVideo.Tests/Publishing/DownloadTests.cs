using System.Net;
using System.Text;
using System.Text.Json;
using IngestVideo.Publishing;
using IngestVideo.Status;
using IngestVideo.Tests.Transcoding;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Publishing;

/// <summary>Files to keep: MP4s of the packets that players get.</summary>
public sealed class DownloadTests(CephRgw s3)
{
    private const int Limit = 300_000;
    private const string Sound = "-f lavfi -i anoisesrc=d=14:r=48000:a=0.1 -ac 2 -c:a aac -b:a 128k";

    private const string Picture = "-c:v libx264 -pix_fmt yuv420p -preset veryfast -b:v 250k -colorspace bt709 -color_trc bt709 -color_primaries bt709";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("ts", "copied", "-g 60 -keyint_min 60 -sc_threshold 0", "360p")]
    [InlineData("fmp4", "copied", "-g 60 -keyint_min 60 -sc_threshold 0", "360p")]
    [InlineData("ts", "encoded", "-g 150 -keyint_min 150 -sc_threshold 0", "234p")]
    [InlineData("fmp4", "encoded", "-g 150 -keyint_min 150 -sc_threshold 0", "234p")]
    public async Task A_file_has_the_packets_and_the_times_of_its_rendition_and_its_index_comes_first(
        string format, string name, string keyframes, string wanted)
    {
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", format), ("DOWNLOADS", wanted), ("X264_PRESET", "veryfast"));

        var video = await host.IngestAsync(await Clip.MakeAsync(
            $"download-{name}.mp4", $"-f lavfi -i testsrc2=s=640x360:r=30:d=14,{CopyTests.Tags} {Sound} {Picture} {keyframes} -shortest"));

        var download = Assert.Single(video.Status.Downloads!);
        Assert.Equal((wanted, $"downloads/{video.Id}/{video.Status.Attempt}/{wanted}.mp4"), (download.Rendition, download.Key));
        var file = Path.Combine(host.StoreDirectory, download.Key);
        Assert.Equal(new FileInfo(file).Length, download.Size);
        Assert.Equal(["ftyp", "moov", "free", "mdat"], TopLevelBoxes(file));
        Assert.Equal(await PacketsAsync(video.Joined(wanted), "v"), await PacketsAsync(file, "v"));
        Assert.Equal(await PacketsAsync(video.Joined("audio-und"), "a"), await PacketsAsync(file, "a"));

        var probe = JsonDocument.Parse(await Ffmpeg.ProbeAsync("-print_format", "json", "-show_streams", "-show_format", file)).RootElement;
        Assert.Equal(["h264", "aac"], probe.GetProperty("streams").EnumerateArray().Select(stream => StreamAssert.Text(stream, "codec_name")));
        Assert.All(
            probe.GetProperty("streams").EnumerateArray(),
            stream => Assert.Equal(video.Status.Duration!.Value, StreamAssert.Number(stream, "duration"), 0.03));
        Assert.Equal(0, StreamAssert.Number(probe.GetProperty("format"), "start_time"), 0.001);
        // Every picture at its time, and the sound not moved: both begin where the rendition's do.
        var times = (await TimesAsync(file, "v")).Order().ToList();
        Assert.Equal(420, times.Count);
        Assert.All(times.Index(), time => Assert.Equal(time.Index / 30.0, time.Item, 0.001));
        var (pictures, sounds) = (video.Streams.Pictures.First(picture => picture.Name == wanted), Assert.Single(video.Streams.Sounds));
        Assert.Equal(sounds.Start - pictures.Start, (await TimesAsync(file, "a"))[0] - times[0], 0.002);
        Assert.Equal("", await Ffmpeg.LogAsync("-v", "error", "-xerror", "-i", file, "-f", "null", "-"));
    }

    [Fact(Timeout = Limit)]
    public async Task Pictures_that_are_reordered_only_later_keep_their_times_in_fragments()
    {
        // 6 s that need no reordering, and then some that do.
        await using var host = await IngestHost.StartAsync(("SEGMENT_FORMAT", "fmp4"), ("DOWNLOADS", "360p"), ("X264_PRESET", "medium"));
        var video = await host.IngestAsync(await Clip.MakeAsync(
            "reordered.mp4",
            "-f lavfi -i nullsrc=s=640x360:r=30:d=6,geq=lum='random(1)*255':cb=128:cr=128 -f lavfi -i testsrc2=s=640x360:r=30:d=6 "
            + "-filter_complex concat=n=2 -c:v libx264 -preset ultrafast -g 150 -pix_fmt yuv420p"));

        var times = (await TimesAsync(Path.Combine(host.StoreDirectory, Assert.Single(video.Status.Downloads!).Key), "v")).Order().ToList();
        Assert.Equal(360, times.Count);
        Assert.All(times.Index(), time => Assert.Equal(time.Index / 30.0, time.Item, 0.001));
    }

    [Fact(Timeout = Limit)]
    public async Task A_quality_above_the_source_means_the_largest_and_each_file_is_made_once()
    {
        await using var host = await IngestHost.StartAsync(("DOWNLOADS", "1080p, 234p,720p"));

        var video = await host.IngestAsync(await Clip.SimpleAsync("640x360"));

        Assert.Equal(["360p", "234p"], video.Status.Downloads!.Select(download => download.Rendition));
        Assert.Equal(
            video.Status.Downloads!.Select(download => download.Key).Order(StringComparer.Ordinal),
            (await host.KeysAsync()).Where(key => key.StartsWith("downloads/", StringComparison.Ordinal)));
        var manifest = await File.ReadAllTextAsync(Path.Combine(host.StoreDirectory, ObjectKeys.Manifest(video.Id, video.Status.Attempt)), Token);
        Assert.Contains(
            $"\"downloads\":[{{\"rendition\":\"360p\",\"key\":\"downloads/{video.Id}/{video.Status.Attempt}/360p.mp4\"", manifest, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));

        using var deleted = await host.Client.DeleteAsync(new Uri($"/videos/{video.Id}", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task All_sounds_are_in_the_file_in_their_languages_and_the_default_one_comes_first()
    {
        await using var host = await IngestHost.StartAsync(("DOWNLOADS", "234p"));

        var video = await host.IngestAsync(await Clip.MakeAsync(
            "languages.mkv",
            "-f lavfi -i testsrc2=s=320x180:r=25:d=3 -f lavfi -i sine=f=440:d=3 -f lavfi -i sine=f=880:d=3 -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast "
            + "-pix_fmt yuv420p -c:a aac -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -disposition:a:0 0 -disposition:a:1 default"));

        var file = Path.Combine(host.StoreDirectory, Assert.Single(video.Status.Downloads!).Key);
        var streams = JsonDocument.Parse(await Ffmpeg.ProbeAsync("-print_format", "json", "-show_streams", "-select_streams", "a", file)).RootElement;
        Assert.Equal(
            ["deu 1", "eng 0"],
            streams.GetProperty("streams").EnumerateArray().Select(stream =>
                $"{stream.GetProperty("tags").GetProperty("language")} {stream.GetProperty("disposition").GetProperty("default")}"));
        Assert.Equal(await PacketsAsync(video.Joined("audio-de"), "a"), await PacketsAsync(file, "a:0"));
    }

    [Fact(Timeout = Limit)]
    public async Task Of_sound_alone_the_sound_is_kept()
    {
        await using var host = await IngestHost.StartAsync(("DOWNLOADS", "720p"));

        var video = await host.IngestAsync(await Clip.MakeAsync("sound.mp4", "-f lavfi -i sine=d=5 -c:a aac"));

        var download = Assert.Single(video.Status.Downloads!);
        Assert.Equal("audio-und", download.Rendition);
        Assert.Equal(await PacketsAsync(video.Joined("audio-und"), "a"), await PacketsAsync(Path.Combine(host.StoreDirectory, download.Key), "a"));
    }

    [Fact(Timeout = Limit)]
    public async Task No_file_is_made_unless_it_is_asked_for()
    {
        await using var host = await IngestHost.StartAsync();

        var video = await host.IngestAsync(await Clip.SimpleAsync());

        Assert.Null(video.Status.Downloads);
        Assert.DoesNotContain(await host.KeysAsync(), key => key.StartsWith("downloads/", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_cannot_be_made_costs_no_video()
    {
        await using var host = await IngestHost.StartAsync(
            key => key.EndsWith("/360p.mp4", StringComparison.Ordinal)
                ? throw new UpstreamException("The test wants it.", timedOut: false) : Task.CompletedTask,
            ("DOWNLOADS", "234p,360p"));

        var video = await host.IngestAsync(await Clip.SimpleAsync("640x360"));

        await StreamAssert.IsCorrectAsync(video);
        Assert.Equal(["234p"], video.Status.Downloads!.Select(download => download.Rendition));
    }

    [Fact(Timeout = Limit)]
    public async Task An_attempt_that_fails_leaves_no_file()
    {
        var made = false;
        await using var host = await IngestHost.StartAsync(
            key =>
            {
                made |= key.StartsWith("downloads/", StringComparison.Ordinal);
                return key.EndsWith(ObjectKeys.ManifestName, StringComparison.Ordinal)
                    ? throw new UpstreamException("The test wants it.", timedOut: false) : Task.CompletedTask;
            },
            ("DOWNLOADS", "234p"));
        var id = VideoId.New();

        using var response = await host.PostAsync(await Clip.SimpleAsync(), id);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.True(made);
        Assert.Equal([ObjectKeys.Status(id)], await host.KeysAsync());
        Assert.Null((await host.WaitForAsync(id, status => status.State == VideoState.Failed)).Downloads);
    }

    [Fact(Timeout = Limit)]
    public async Task An_attempt_that_completes_a_video_removes_the_files_of_others()
    {
        using var folder = new TemporaryDirectory();
        var store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5));
        var (id, mine, other) = (VideoId.New(), "0123456789abcdef", "fedcba9876543210");
        var (publication, dead) = (new Publication(store, id, mine), new Publication(store, id, other));
        var kept = await publication.PutDownloadAsync("234p", Content(), Token);
        await dead.PutDownloadAsync("234p", Content(), Token);
        Assert.True(await publication.TryPublishAsync(
            $"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{mine}/234p/playlist.m3u8\n", PublicationStage.Final, Token));

        await publication.RemoveOthersAsync(spared: [], Token);

        Assert.Equal([kept.Key, ObjectKeys.Multivariant(id)], await store.ListAsync("", Token).Select(entry => entry.Key).ToListAsync(Token));
        await publication.RemoveAsync(Token);
        Assert.Equal([ObjectKeys.Multivariant(id)], await store.ListAsync("", Token).Select(entry => entry.Key).ToListAsync(Token));

        static MemoryStream Content() => new(Encoding.ASCII.GetBytes("mp4"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_segment_that_breaks_off_is_read_again()
    {
        var (bucket, video) = (await s3.CreateBucketAsync(), VideoId.New());
        var segment = new byte[500_000];
        Random.Shared.NextBytes(segment);
        await bucket.CreateStore(TimeSpan.FromSeconds(5))
            .PutAsync(ObjectKeys.Attempt(video, "a") + "00000.ts", new MemoryStream(segment), WriteCondition.None, Token);
        await using var proxy = new FaultProxy(bucket.Endpoint);
        var breaks = 2;
        proxy.Choose = request => request.Method == "GET" && breaks-- > 0 ? new() { CutAnswerAfter = 300_000 } : null;
        using var file = new MemoryStream();
        file.Write("before"u8);

        var store = (bucket with { Endpoint = proxy.Address }).CreateStore(TimeSpan.FromSeconds(5));

        await new Publication(store, video, "a").AppendToAsync(file, "00000.ts", Token);

        Assert.Equal([.. "before"u8, .. segment], file.ToArray());
        Assert.True(breaks < 0);
    }

    private static List<string> TopLevelBoxes(string path)
    {
        using var file = File.OpenRead(path);
        using var reader = new BinaryReader(file);
        var types = new List<string>();
        for (long at = 0; at < file.Length;)
        {
            file.Position = at;
            var size = (long)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(reader.ReadBytes(4));
            types.Add(Encoding.ASCII.GetString(reader.ReadBytes(4)));
            at += size;
        }
        return types;
    }

    /// <summary>The hash of a stream's packets, without what containers put before the pictures: parameter sets, delimiters, lengths.</summary>
    private static Task<string> PacketsAsync(string source, string stream) => stream == "v"
        ? Ffmpeg.RunAsync("-i", source, "-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb,filter_units=remove_types=7-9", "-f", "md5", "-")
        : Ffmpeg.RunAsync("-i", source, "-map", $"0:{stream}", "-c", "copy", "-f", "adts", "md5:");

    private static async Task<List<double>> TimesAsync(string file, string stream) =>
        [.. (await Ffmpeg.ProbeAsync("-select_streams", stream, "-show_entries", "packet=pts_time", "-of", "csv=p=0", file))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => double.Parse(line.TrimEnd(','), System.Globalization.CultureInfo.InvariantCulture))];
}
