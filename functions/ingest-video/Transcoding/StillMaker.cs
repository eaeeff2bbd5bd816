using IngestVideo.Planning;
using IngestVideo.Processes;

namespace IngestVideo.Transcoding;

/// <summary>Makes the poster and the storyboard's sprites of keyframes that <see cref="Transcoder"/> has put aside.</summary>
public sealed class StillMaker(Sandbox sandbox, IngestOptions options, ILogger<StillMaker> logger)
{
    private const long LargestPicture = 64 << 20; // bytes
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);

    /// <exception cref="InvalidOperationException">ffmpeg could not read its own output.</exception>
    public async Task MakeAsync(TranscodePlan plan, Workspace workspace, CancellationToken cancellationToken)
    {
        if (plan is not { Poster: { } poster, Storyboard: { } board })
            return;
        // A JPEG is BT.601 in full range (JFIF 1.02).
        const string jpeg = "in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=full,format=yuvj420p,setsar=1";
        string[] picture = ["-c:v", "mjpeg", "-q:v", "4", "-fps_mode", "passthrough", "-map_metadata", "-1", "-f", "image2"];
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", .. UntrustedInput.Processors,
            "-f", "mpegts", "-i", OutputFiles.PosterFrames, "-f", "mpegts", "-i", OutputFiles.StoryboardFrames,
            "-filter_complex",
            $"[0:v]scale={poster.Of.Size.Width}:{poster.Of.Size.Height}:{jpeg}[poster];"
            + $"[1:v]framestep={board.Every},scale={board.Tile.Width}:{board.Tile.Height}:{jpeg},tile={Storyboard.Columns}x{Storyboard.Rows}[board]",
            // Each picture replaces the previous one: the last one remains.
            "-map", "[poster]", .. picture, "-update", "1", OutputFiles.Poster,
            "-map", "[board]", .. picture, "-start_number", "0", OutputFiles.SpritePattern,
        ];
        var command = await sandbox.WrapAsync(
            "ffmpeg", arguments, new(options.FfmpegMemoryBytes, s_longest, LargestPicture)) with { WorkingDirectory = workspace.Output };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(s_longest);
        var result = await ChildProcess.RunAsync(command, onStarted: null, _ => { }, timeout.Token);
        if (FfmpegErrors.DiskIsFull(result))
            throw IngestRefusedException.NoRoom();
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{command} ended with {result.ExitCode}: {string.Join('\n', result.LastErrors)}");
        if (result.LastErrors.Count > 0)
            logger.LogInformation("Stills: {Errors}", string.Join('\n', result.LastErrors));
    }
}
