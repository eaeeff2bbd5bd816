using FFMpegCore;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>A moment of an ingest that lasts: a request to S3 is held.</summary>
/// <param name="Name">Where the ingest is.</param>
/// <param name="Source">What is ingested.</param>
/// <param name="Leaves">What a worker that dies then leaves to viewers of a video that was not there before.</param>
/// <param name="Holds">Which requests are held.</param>
internal sealed record StageMoment(string Name, StageSource Source, PublicationStage? Leaves, Func<VideoId, Func<ProxiedRequest, bool>> Holds)
{
    private const StageSource Copied = StageSource.Copied, Encoded = StageSource.Encoded;
    private const PublicationStage Playable = PublicationStage.Playable, Final = PublicationStage.Final;

    public override string ToString() => Name;

    public static StageMoment Receiving { get; } = new("receiving", StageSource.Uploaded, null, video => request => IsGet(request, ObjectKeys.Upload(video)));

    public static StageMoment Copying { get; } = new("copying", Copied, null, video => Put(video, "/360p/playlist.m3u8"));

    public static StageMoment BeforeCopyIsNamed { get; } = new("before a copy is named", Copied, null, video => Put(video, "/multivariant.m3u8"));

    public static StageMoment AfterCopy { get; } = new("after a copy", Copied, Playable, video => Put(video, "/234p/"));

    public static StageMoment Encoding { get; } = new("encoding", Encoded, null, video => Put(video, "/180p/00001."));

    public static StageMoment BeforeGrowthIsNamed { get; } =
        new("before growing playlists are named", Encoded, null, video => Put(video, "/multivariant.m3u8"));

    public static StageMoment Growing { get; } = new("growing", Encoded, Playable, video => Put(video, GrowthGate));

    public static StageMoment EndingGrowth { get; } = new("ending growing playlists", Encoded, Playable,
        video => After(Put(video, "/multivariant.m3u8"), Put(video, "/180p/playlist.m3u8")));

    public static StageMoment PublishingGrown { get; } = new("publishing what has grown", Encoded, Playable, video => Put(video, "/poster.jpg"));

    public static StageMoment BeforeManifest { get; } = new("before the manifest", Copied, Playable, video => Put(video, "/manifest.json"));

    public static StageMoment BeforeFinal { get; } = new("before the final playlist", Copied, Playable,
        video => After(Put(video, "/manifest.json"), Put(video, "/multivariant.m3u8")));

    public static StageMoment BeforeFinalGrown { get; } = BeforeFinal with { Name = "before the final playlist of what has grown", Source = Encoded };

    public static StageMoment AfterFinal { get; } = new("after the final playlist", Copied, Final, video => After(FinalPut(video), PutStatus(video)));

    public static StageMoment AfterFinalGrown { get; } = AfterFinal with { Name = "after the final playlist of what has grown", Source = Encoded };

    public static StageMoment CleaningUp { get; } = new("cleaning up", Copied, Final,
        video => After(FinalPut(video), request => request.Method == "GET" && request.Target.Contains("list-type", StringComparison.Ordinal)
            && request.Target.Contains($"{video}", StringComparison.Ordinal)));

    /// <summary>The segment that waits until a test has seen the first stage of what grows: otherwise a quick encoder is done before there is one.</summary>
    public const string GrowthGate = "/180p/00005.";

    public static Func<ProxiedRequest, bool> Put(VideoId video, string part) => request =>
        request.Method == "PUT" && request.Target.Contains($"{ObjectKeys.Video(video)}", StringComparison.Ordinal)
        && request.Target.Contains(part, StringComparison.Ordinal);

    private static Func<ProxiedRequest, bool> PutStatus(VideoId video) => request =>
        request.Method == "PUT" && request.Target.Contains(ObjectKeys.Status(video), StringComparison.Ordinal);

    private static Func<ProxiedRequest, bool> FinalPut(VideoId video) => After(Put(video, "/manifest.json"), Put(video, "/multivariant.m3u8"));

    private static bool IsGet(ProxiedRequest request, string key) => request.Method == "GET" && request.Target.Contains(key, StringComparison.Ordinal);

    private static Func<ProxiedRequest, bool> After(Func<ProxiedRequest, bool> first, Func<ProxiedRequest, bool> then)
    {
        var seen = 0;
        return request =>
        {
            if (Volatile.Read(ref seen) == 1)
                return then(request);
            if (first(request))
                Volatile.Write(ref seen, 1);
            return false;
        };
    }
}

/// <summary>What is ingested, and so how it becomes playable.</summary>
internal enum StageSource
{
    /// <summary>H.264 in the request's body: its copy is the first stage.</summary>
    Copied,

    /// <summary>The same, uploaded before.</summary>
    Uploaded,

    /// <summary>MPEG-4 part 2, long enough for playlists that grow.</summary>
    Encoded,
}

/// <summary>The sources: one that can be copied, one that cannot.</summary>
internal sealed record StageClips(byte[] Copied, byte[] Encoded)
{
    public static readonly TimeSpan CopiedDuration = TimeSpan.FromSeconds(14);
    public static readonly TimeSpan EncodedDuration = TimeSpan.FromSeconds(44);

    public static async Task<StageClips> CreateAsync()
    {
        // No more bits than a rendition of its size may have.
        const string h264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 250k -g 60 -keyint_min 60 -sc_threshold 0 -c:a aac";
        return new(await MakeAsync("640x360:rate=30", CopiedDuration, h264), await MakeAsync("320x180:rate=25", EncodedDuration, "-c:v mpeg4 -q:v 5 -c:a aac"));
    }

    private static async Task<byte[]> MakeAsync(string size, TimeSpan duration, string codecs)
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, "clip.mp4");
        await FFMpegArguments
            .FromFileInput($"testsrc2=size={size}:duration={duration.TotalSeconds}", false, input => input.WithCustomArgument("-f lavfi"))
            .AddFileInput($"sine=duration={duration.TotalSeconds}", false, input => input.WithCustomArgument("-f lavfi"))
            .OutputToFile(path, true, output => output.WithCustomArgument(codecs))
            .ProcessAsynchronously();
        return await File.ReadAllBytesAsync(path);
    }
}
