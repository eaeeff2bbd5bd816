using System.Globalization;
using IngestVideo.Media;
using IngestVideo.Processes;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;

namespace IngestVideo.Editing;

/// <summary>Makes a poster of a moment of a published video, or of a picture that a user sends: a JPEG that fits into 1280×720 or 720×1280.</summary>
/// <remarks>
/// A stranger's picture is decoded as a stranger's video is: in the sandbox, by the decoder that its first bytes name. It is never published as it is.
/// </remarks>
internal sealed class PosterMaker(IObjectStore store, Sandbox sandbox, IngestOptions options)
{
    private const int LongSide = 1280, ShortSide = 720;
    private const long LargestPoster = 16 << 20; // bytes
    private const string PosterName = "poster.jpg";
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <summary>Makes a poster of the picture that is seen at a time.</summary>
    /// <returns>The file, in the workspace.</returns>
    /// <exception cref="IngestRefusedException">422: there is no such moment.</exception>
    public async Task<string> FromMomentAsync(CompleteVideo video, TimeSpan time, Workspace workspace, CancellationToken cancellationToken)
    {
        var variants = MultivariantPlaylist.Read(video.Multivariant).StreamInf.Where(variant => variant.Resolution is not null).ToList();
        var largest = variants.Where(variant => ShortSideOf(variant) <= ShortSide).MaxBy(ShortSideOf) ?? variants.MinBy(ShortSideOf)
            ?? throw IngestRefusedException.Undecodable("The video has no picture.");
        var segments = await video.ReadPlaylistAsync(store, largest.Uri, cancellationToken);
        var start = 0.0;
        foreach (var segment in segments)
        {
            if (time.TotalSeconds < start + segment.Duration)
            {
                var folder = ObjectKeys.Video(video.Video) + largest.Uri[..(largest.Uri.LastIndexOf('/') + 1)];
                await using (var file = File.Create(workspace.Source))
                {
                    foreach (var name in new[] { segment.Map, segment.Uri }.OfType<string>())
                        await CopyAsync(folder + name, file, cancellationToken);
                }
                // Every picture up to that moment replaces the one before it, so that there is one whatever the last one's time is.
                var until = Math.Max(0.04, time.TotalSeconds - start + 0.001).ToString("0.000", CultureInfo.InvariantCulture);
                var limited = UntrustedInput.Arguments(new(segment.Map is null ? "mpegts" : "mov"), options.MaxPixels, options.MaxStreams);
                return await RunAsync(workspace, limited, "in_color_matrix=bt709:in_range=tv:", ["-t", until], cancellationToken);
            }
            start += segment.Duration;
        }
        throw IngestRefusedException.Undecodable($"time must lie within the {TimeSpan.FromSeconds(start).ToText()} of the video.");
    }

    /// <summary>Makes a poster of a picture in <see cref="Workspace.Source"/>.</summary>
    /// <returns>The file, in the workspace.</returns>
    /// <exception cref="IngestRefusedException">415: it is no picture that is accepted. 422: it cannot be decoded.</exception>
    public Task<string> FromPictureAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var head = new byte[12];
        using (var file = File.OpenRead(workspace.Source))
            _ = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var demuxer = head switch
        {
            [0xFF, 0xD8, 0xFF, ..] => "jpeg_pipe",
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "png_pipe",
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P'] => "webp_pipe",
            _ => throw new IngestRefusedException(StatusCodes.Status415UnsupportedMediaType, "A poster must be a JPEG, PNG or WebP picture."),
        };
        return RunAsync(workspace, UntrustedInput.Arguments(new(demuxer), options.MaxPixels, options.MaxStreams), "", ["-frames:v", "1"], cancellationToken);
    }

    private async Task<string> RunAsync(
        Workspace workspace, IReadOnlyList<string> input, string from, IReadOnlyList<string> which, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(workspace.Output);
        var poster = Path.Combine(workspace.Output, PosterName);
        // Never larger than it is. A JPEG is BT.601 in full range (JFIF 1.02).
        var box = $"w='min(iw,if(gt(iw,ih),{LongSide},{ShortSide}))':h='min(ih,if(gt(iw,ih),{ShortSide},{LongSide}))':force_original_aspect_ratio=decrease";
        var result = await sandbox.RunInTimeAsync(
            "ffmpeg",
            [
                "-nostdin", "-hide_banner", "-v", "error", .. input, "-i", workspace.Source, "-map", "0:v:0", .. which,
                "-vf", $"scale={box}:{from}out_color_matrix=bt601:out_range=full,format=yuvj420p,setsar=1",
                "-c:v", "mjpeg", "-q:v", "4", "-fps_mode", "passthrough", "-map_metadata", "-1", "-f", "image2", "-update", "1", poster,
            ],
            new(MemoryBudget.ForCopy(options.FfmpegMemoryBytes), s_longest, LargestPoster), _ => { }, cancellationToken);
        if (result is null)
            throw IngestRefusedException.BeyondLimits($"The picture could not be decoded within {s_longest.ToText()}.");
        if (FfmpegErrors.DiskIsFull(result))
            throw IngestRefusedException.NoRoom();
        return result.ExitCode == 0 && new FileInfo(poster) is { Exists: true, Length: > 0 }
            ? poster : throw IngestRefusedException.Undecodable($"The picture cannot be decoded: {FfmpegErrors.Reason(result, workspace.Source)}.");
    }

    private async Task CopyAsync(string key, Stream to, CancellationToken cancellationToken)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, cancellationToken)
            ?? throw new UnreadableObjectException("A segment of this video is missing.");
        await stored.Content.CopyToAsync(to, cancellationToken);
    }

    private static int ShortSideOf(StreamInf variant) =>
        variant.Resolution!.Split('x') is [var width, var height]
        && int.TryParse(width, CultureInfo.InvariantCulture, out var w) && int.TryParse(height, CultureInfo.InvariantCulture, out var h) ? Math.Min(w, h) : 0;
}
