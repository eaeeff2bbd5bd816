using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using IngestVideo;
using IngestVideo.Media;
using IngestVideo.Planning;
using IngestVideo.Probing;
using IngestVideo.Processes;
using IngestVideo.Transcoding;
using IngestVideo.Status;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal.Local.Functions;
using Reelseal.Local.Keys;
using Reelseal.Playlists;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.Benchmarks.Servers;

/// <summary>What the rows about ingest-video share: a real S3, a clip, and the three ways to make a stream of it. All may use every core.</summary>
internal sealed class IngestBench : IAsyncDisposable
{
    private static readonly Container s_mp4 = new("mov");
    private static readonly IngestOptions s_options = new();

    private readonly CephRgw _rgw = new();
    private readonly Secrets _secrets = Secrets.Create(SigningKeyKind.Rsa);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromHours(1) };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reelseal-bench-");
    private readonly Lazy<Task<TestBucket>> _bucket;
    private TranscodePlan _plan = null!;

    public IngestBench() => _bucket = new(_rgw.CreateBucketAsync);

    /// <summary>A grainy 1080p clip with a tone, H.264 and AAC, fit for being copied.</summary>
    public string Clip => Path.Combine(_folder.FullName, "clip.mp4");

    /// <summary>Makes the clip, and what the article's way needs.</summary>
    /// <param name="seconds">How long the clip is.</param>
    public async Task PrepareClipAsync(int seconds)
    {
        await Article.InstallAsync(_folder);
        var length = seconds.ToString(CultureInfo.InvariantCulture);
        await Ffmpeg.RunAsync(
            [.. ("-f lavfi -i testsrc2=s=1920x1080:r=30,noise=alls=6:allf=t -f lavfi -i sine=f=440 -t " + length
            + " -c:v libx264 -preset veryfast -b:v 5M -maxrate 7M -bufsize 10M "
            + "-g 60 -keyint_min 60 -sc_threshold 0 -pix_fmt yuv420p -colorspace bt709 -color_trc bt709 -color_primaries bt709 -c:a aac").Split(' '), Clip]);
        var media = await new Prober(new Sandbox(NullLogger<Sandbox>.Instance), s_options).ProbeAsync(Clip, s_mp4, default);
        _plan = TranscodePlan.For(media, s_options.Ladder, s_options.SegmentFormat);
    }

    /// <summary>Makes a grainy 1080p clip with a tone, of which the pictures repeat.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> MakeLoopAsync(string name, string encoder, int seconds, int times)
    {
        var (clip, pictures) = (Folder(name), Folder("pictures.mp4"));
        await Ffmpeg.RunAsync(
        [
            .. $"-y -f lavfi -i testsrc2=s=1920x1080:r=30,noise=alls=6:allf=t -t {seconds} {encoder}".Split(' '),
            .. "-pix_fmt yuv420p -colorspace bt709 -color_trc bt709 -color_primaries bt709".Split(' '), pictures,
        ]);
        await Ffmpeg.RunAsync(
            [.. $"-stream_loop {times - 1} -i {pictures} -f lavfi -i sine=f=440 -map 0:v -map 1:a -c:v copy -c:a aac -t {seconds * times}".Split(' '), clip]);
        return clip;
    }

    /// <summary>The published ingest-video, with a work directory of its own.</summary>
    public Task<ServerProcess> StartFunctionAsync(string work, params (string Name, string Value)[] settings) =>
        StartFunctionAsync(work, Cores.All, share: null, settings);

    /// <summary>The same on some cores, and there with a share of them.</summary>
    public Task<ServerProcess> StartFunctionAsync(string work, string cores, ProcessorShare? share, params (string Name, string Value)[] settings)
    {
        string[] command = [Path.GetFullPath(Path.Combine("artifacts", "functions", "ingest-video", "Root"))];
        return StartAsync(
            share?.Wrap(command) ?? command,
            [
                .. RuntimeSettings.Of("ingest-video").Select(setting => (setting.Key, setting.Value)),
                ("SECRETS_DIRECTORY", _secrets.Directory), ("WORK_DIRECTORY", Directory.CreateDirectory(work).FullName), .. settings,
            ],
            cores);
    }

    /// <summary>The article's way in Node: the same encoders with the same settings, one run after the other, and then the uploads.</summary>
    public Task<ServerProcess> StartArticleAsync()
    {
        var alone = _plan with { Audio = [], Subtitles = [], IFrames = null, Poster = null, Storyboard = null };
        var runs = _plan.Video.Select(rendition => Run(rendition.Name, alone with { Video = [rendition] }))
            .Concat(_plan.Audio.Select(rendition => Run(rendition.Name, alone with { Video = [], Audio = [rendition] })));
        return StartAsync(
            ["node", Path.Combine(_folder.FullName, "article", "ingest.mjs")], [("RUNS", JsonSerializer.Serialize(runs))], Cores.All);

        static Dictionary<string, object> Run(string name, TranscodePlan plan) =>
            new() { ["name"] = name, ["args"] = FfmpegArguments.For(TranscodeStep.Of(plan).Single(), s_mp4, "source", s_options) };
    }

    /// <summary>A folder for a server's work.</summary>
    public string Folder(string name) => Path.Combine(_folder.FullName, name);

    /// <returns>Seconds from the first byte of the request to the answer that the video is published.</returns>
    public async Task<double> PostAsync(ServerProcess server, Stream content, VideoId? video = null)
    {
        using var request = NewPost(server, content, video ?? VideoId.New());
        var start = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return response.StatusCode == System.Net.HttpStatusCode.Created
            ? seconds
            : throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
    }

    /// <summary>
    /// Sends a clip, and looks again and again whether it can be played: decodes the first segments of picture and sound, and those at nine tenths.
    /// </summary>
    /// <returns>Seconds from the last byte of the clip until that worked, and until the video was ready.</returns>
    public Task<(double Playable, double Ready)> PostAndPlayAsync(ServerProcess server, string path) => PostAndPlayAsync(server, path, isCancelled: false);

    /// <summary>The same, for a video that is deleted as soon as it plays.</summary>
    /// <returns>Seconds from the last byte of the clip until it played.</returns>
    public async Task<double> PostAndCancelAsync(ServerProcess server, string path) => (await PostAndPlayAsync(server, path, isCancelled: true)).Playable;

    private async Task<(double Playable, double Ready)> PostAndPlayAsync(ServerProcess server, string path, bool isCancelled)
    {
        var (video, sent) = (VideoId.New(), new TaskCompletionSource<long>());
        var store = await StoreAsync();
        await using var clip = File.OpenRead(path);
        using var request = NewPost(server, new EndNotingStream(clip, sent), video);
        var answering = _http.SendAsync(request);
        var start = await sent.Task;
        var statuses = new StatusStore(store);
        while ((await statuses.ReadAsync(video, default))?.Status.Playable != true)
            await Task.Delay(20);
        await PlayAsync(store, video);
        var playable = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (isCancelled)
        {
            using var deletion = new HttpRequestMessage(HttpMethod.Delete, new Uri(server.Address, $"videos/{video}"));
            deletion.Headers.Authorization = Token();
            (await _http.SendAsync(deletion)).EnsureSuccessStatusCode().Dispose();
        }
        using var answer = await answering;
        if (!isCancelled)
            answer.EnsureSuccessStatusCode();
        return (playable, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private async Task PlayAsync(S3ObjectStore store, VideoId video)
    {
        var multivariant = MultivariantPlaylist.Read(await ReadTextAsync(ObjectKeys.Multivariant(video)));
        foreach (var uri in (string[])[multivariant.StreamInf[0].Uri, multivariant.Media.First(media => media.Type == "AUDIO").Uri!])
        {
            var playlist = ObjectKeys.Video(video) + uri;
            var segments = MediaPlaylist.Read(await ReadTextAsync(playlist)).Segments;
            foreach (var segment in (Segment[])[segments[0], segments[segments.Count * 9 / 10]])
            {
                var path = Path.Combine(_folder.FullName, "segment.ts");
                await using (var file = File.Create(path))
                    await AppendAsync(store, playlist[..(playlist.LastIndexOf('/') + 1)] + segment.Uri, file);
                await Ffmpeg.RunAsync("-t", "3", "-i", path, "-f", "null", "-");
            }
        }

        async Task<string> ReadTextAsync(string key) => (await store.ReadTextAsync(key, default))!.Text;
    }

    /// <summary>The bytes of all segments of a video's pictures.</summary>
    public async Task<long> PictureBytesAsync(VideoId video)
    {
        long bytes = 0;
        foreach (var segments in await PicturesAsync(video))
            bytes += segments.Sum(segment => segment.Bytes);
        return bytes;
    }

    /// <summary>The mean SSIM of a video's pictures, of all renditions together, against its source.</summary>
    public async Task<double> LikenessAsync(VideoId video, string source)
    {
        var (store, paths) = (await StoreAsync(), new List<string>());
        foreach (var segments in await PicturesAsync(video))
        {
            paths.Add(Folder($"joined-{paths.Count}.ts"));
            await using var joined = File.Create(paths[^1]);
            foreach (var (key, _) in segments)
                await AppendAsync(store, key, joined);
        }
        var log = await Ffmpeg.LogAsync(
        [
            "-hide_banner", "-i", source, .. paths.SelectMany(path => (string[])["-i", path]), "-filter_complex",
            string.Join(';', paths.Select((_, index) => $"[s{index}][{index + 1}:v]scale2ref[r{index}][v{index}];[v{index}][r{index}]ssim")
                .Prepend($"[0:v]split={paths.Count}{string.Concat(paths.Select((_, index) => $"[s{index}]"))}")),
            "-f", "null", "-",
        ]);
        var means = log.Split(" All:").Skip(1).Select(text => double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture)).ToList();
        return means.Count == paths.Count ? means.Average() : throw new InvalidOperationException(log);
    }

    /// <summary>The segments of each rendition of a video's pictures, in order.</summary>
    private async Task<List<List<(string Key, long Bytes)>>> PicturesAsync(VideoId video)
    {
        var store = await StoreAsync();
        var status = (await new StatusStore(store).ReadAsync(video, default))!.Status;
        var pictures = new List<List<(string, long)>>();
        foreach (var rendition in status.Renditions.Where(rendition => rendition.Type == "video"))
        {
            var files = store.ListAsync($"{ObjectKeys.Video(video)}{status.Attempt}/{rendition.Name}/", CancellationToken.None);
            var segments = files.Where(file => file.Key.EndsWith(".ts", StringComparison.Ordinal));
            pictures.Add(await segments.Select(segment => (segment.Key, segment.Length)).ToListAsync());
        }
        return pictures;
    }

    private static async Task AppendAsync(S3ObjectStore store, string key, Stream to)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, CancellationToken.None);
        await stored!.Content.CopyToAsync(to);
    }

    private async Task<S3ObjectStore> StoreAsync() => (await _bucket.Value).CreateStore(TimeSpan.FromSeconds(30));

    private HttpRequestMessage NewPost(ServerProcess server, Stream content, VideoId video)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, server.Address) { Content = new StreamContent(content, 1 << 17) };
        request.Headers.TransferEncodingChunked = true; // as behind the gateway
        request.Headers.Add("X-Call-Id", $"{video}");
        request.Headers.Authorization = Token();
        return request;
    }

    private AuthenticationHeaderValue Token() => new(
        "Bearer", new TokenMint(_secrets.TokenKey, TimeProvider.System).Mint(new() { Scopes = [Scopes.Ingest], Lifetime = TimeSpan.FromHours(2) }));

    public async Task<double> PostClipAsync(ServerProcess server)
    {
        await using var clip = File.OpenRead(Clip);
        return await PostAsync(server, clip);
    }

    /// <returns>Seconds that ffmpeg alone takes, with the very arguments of the function, writing to the disk.</returns>
    public async Task<double> RunFfmpegAsync()
    {
        var work = Directory.CreateDirectory(Folder("bare"));
        var step = TranscodeStep.Of(_plan).Single();
        foreach (var rendition in step.Segmented)
            work.CreateSubdirectory(rendition.Name);
        var start = Stopwatch.GetTimestamp();
        await Cli.Wrap("ffmpeg").WithArguments(FfmpegArguments.For(step, s_mp4, Clip, s_options)).WithWorkingDirectory(work.FullName).ExecuteBufferedAsync();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        work.Delete(recursive: true);
        return seconds;
    }

    /// <returns>
    /// Seconds that one ffmpeg takes to decode the clip, scale what is not copied of it from its own size, and encode that with the same settings.
    /// </returns>
    public async Task<double> RunEncodersAsync()
    {
        var plan = _plan with { Video = [.. _plan.Video.SkipLast(1), _plan.Video[^1] with { Copied = true }] };
        var encoded = plan.Video.SkipLast(1).ToList();
        var splits = string.Concat(encoded.Select((_, index) => $"[s{index}]"));
        var scales = encoded.Select((rendition, index) => $"[s{index}]scale={rendition.Size.Width}:{rendition.Size.Height}[v{index}]");
        var start = Stopwatch.GetTimestamp();
        await Ffmpeg.RunAsync(
        [
            "-nostdin", "-i", Clip, "-filter_complex", string.Join(';', scales.Prepend($"[0:v]split={encoded.Count}{splits}")),
            .. encoded.SelectMany((rendition, index) =>
                (string[])["-map", $"[v{index}]", .. FfmpegArguments.Encoder(rendition, plan, s_options), "-f", "null", "-"]),
        ]);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _rgw.DisposeAsync();
        _secrets.Dispose();
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<ServerProcess> StartAsync(string[] command, (string Name, string Value)[] settings, string cores)
    {
        var bucket = await _bucket.Value;
        return await ServerProcess.StartAsync(
            _ => command,
            port =>
            {
                var environment = new Dictionary<string, string>(bucket.Environment) { ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}", ["PORT"] = $"{port}" };
                foreach (var (name, value) in settings)
                    environment[name] = value;
                return environment;
            },
            cores);
    }
}
