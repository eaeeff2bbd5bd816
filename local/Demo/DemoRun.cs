using System.Globalization;
using System.Text;
using Reelseal.Local.Playback;
using Reelseal.Storage;

namespace Reelseal.Local.Demo;

/// <summary>One real video through the whole system: in, transcoded, published, and played back signed, in both ways.</summary>
/// <param name="system">The running system.</param>
/// <param name="report">Prints each step.</param>
internal sealed class DemoRun(LocalSystem system, DemoReport report)
{
    private static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(0.75); // a frame or two, and AAC's first and last
    private readonly VideoId _video = VideoId.New();

    /// <param name="source">The video's path.</param>
    /// <param name="cancellationToken">Ends the demo.</param>
    /// <exception cref="DemoFailedException">Something did not do what it should.</exception>
    /// <exception cref="VideoClientException">A function refused a request.</exception>
    /// <exception cref="FFMpegCore.Exceptions.FFMpegException">Something could not be played.</exception>
    public async Task RunAsync(string source, CancellationToken cancellationToken)
    {
        using var client = new VideoClient(system.Gateway, system.Tokens);
        var duration = await IngestAsync(client, source, cancellationToken);

        // Expires while the other steps run, so that it has expired when it is needed.
        var expiring = await client.GetTicketAsync(_video, DateTimeOffset.UtcNow.AddSeconds(2), cancellationToken);
        var ticket = await client.GetTicketAsync(_video, until: null, cancellationToken);
        var renditions = await client.GetPlaylistAsync(ticket.Url, cancellationToken);
        report.Step("ticket", $"opens the edge until {DateTimeOffset.FromUnixTimeSeconds(ticket.Expires):u}");
        report.Detail(ticket.Url.AbsoluteUri);

        await PlayAsync(client, renditions, duration, cancellationToken);
        await PlayThroughGatewayAsync(client, renditions, duration, cancellationToken);
        await CheckRefusalsAsync(client, ticket, expiring, renditions, cancellationToken);
    }

    private async Task<TimeSpan> IngestAsync(VideoClient client, string source, CancellationToken cancellationToken)
    {
        VideoProgress? last = null;
        await foreach (var now in client.UploadAsync(_video, source, cancellationToken))
            report.Progress((last = now).State, now.Progress);
        if (last is not { State: "ready", Duration: { } seconds } status)
            throw new DemoFailedException("The upload was answered, but the video is not ready.");
        report.Step("published", $"{_video}, {seconds.ToString("F1", CultureInfo.InvariantCulture)} s");
        foreach (var rendition in status.Renditions ?? [])
        {
            var size = rendition.Width is { } width ? $"{width}×{rendition.Height}" : "";
            report.Detail($"{rendition.Name,-14} {rendition.Type,-9} {size,-10} {rendition.Bandwidth / 1000,6} kb/s at most");
        }
        if (system.Replicas.Count > 1)
            report.Detail(SharedWork.Describe(system.Replicas.Count, system.ReplicaLog));
        return TimeSpan.FromSeconds(seconds);
    }

    private async Task PlayAsync(VideoClient client, IReadOnlyList<HlsEntry> renditions, TimeSpan duration, CancellationToken cancellationToken)
    {
        var playable = Playable(renditions).ToList();
        if (playable.Count == 0)
            throw new DemoFailedException("The multivariant playlist names nothing to play.");
        foreach (var rendition in playable)
            report.Step("played", $"{Describe(rendition),-24} {Describe(await PlayAsync(rendition.Uri, duration, cancellationToken))}");
        foreach (var rendition in renditions.Where(rendition => rendition.Tag == "EXT-X-I-FRAME-STREAM-INF"))
            report.Step("played", $"{Describe(rendition),-24} {await PlayPicturesAsync(client, rendition.Uri, cancellationToken)} pictures, one a segment");
    }

    private static async Task<int> PlayPicturesAsync(VideoClient client, Uri playlist, CancellationToken cancellationToken)
    {
        var segments = (await client.GetPlaylistAsync(playlist, cancellationToken)).Count(entry => entry.Tag == "EXTINF");
        var pictures = (await Player.PlayAsync(playlist, cancellationToken)).Frames;
        return pictures == segments ? segments : throw new DemoFailedException($"{playlist.AbsolutePath} played {pictures} pictures instead of {segments}.");
    }

    /// <summary>The second way: playlists from the gateway with a token, segments from the edge.</summary>
    private async Task PlayThroughGatewayAsync(VideoClient client, IReadOnlyList<HlsEntry> renditions, TimeSpan duration, CancellationToken cancellationToken)
    {
        var sameRenditions = await client.GetPlaylistAsync(client.GatewayPlaylist(_video), cancellationToken);
        if (!sameRenditions.Select(rendition => rendition.Uri.Segments[^2]).SequenceEqual(renditions.Select(rendition => rendition.Uri.Segments[^2])))
            throw new DemoFailedException("The gateway's multivariant playlist names other renditions than the edge's.");
        var lowest = Playable(sameRenditions).MinBy(rendition => rendition.Bandwidth ?? long.MaxValue)!;
        if (!lowest.Uri.AbsoluteUri.StartsWith(system.Gateway, StringComparison.Ordinal))
            throw new DemoFailedException("The gateway's playlist does not lead back to the gateway.");
        report.Step("token", $"through the gateway: {Describe(lowest)}, {Describe(await PlayAsync(lowest.Uri, duration, cancellationToken))}");
    }

    private async Task CheckRefusalsAsync(
        VideoClient client, PlayTicket ticket, PlayTicket expiring, IReadOnlyList<HlsEntry> renditions, CancellationToken cancellationToken)
    {
        var playlist = Playable(renditions).First().Uri;
        var segment = (await client.GetPlaylistAsync(playlist, cancellationToken))[0].Uri;
        var foreign = await SignatureOfAnotherVideoAsync(client, cancellationToken);
        var left = DateTimeOffset.FromUnixTimeSeconds(expiring.Expires) - DateTimeOffset.UtcNow;
        if (left > TimeSpan.Zero)
            await Task.Delay(left, cancellationToken);
        if (ticket.Query is null || expiring.Query is null)
            throw new DemoFailedException("The ticket has no query for the video's pictures.");
        var refused = await Refusals.CheckAsync(client, [ticket.Url, playlist, segment], foreign, expiring.Query, cancellationToken);
        report.Step("refused", $"{refused} times 403: no, a changed, another video's or an expired signature");
    }

    /// <summary>Publishes a second, minimal video by hand, so that the function signs for it as for any other.</summary>
    private async Task<string> SignatureOfAnotherVideoAsync(VideoClient client, CancellationToken cancellationToken)
    {
        var other = VideoId.New();
        var key = ObjectKeys.Multivariant(other);
        await system.Store.PutAsync(key, new MemoryStream(Encoding.ASCII.GetBytes("#EXTM3U\n")), WriteCondition.IfNew, cancellationToken);
        try
        {
            return (await client.GetTicketAsync(other, until: null, cancellationToken)).Query
                ?? throw new DemoFailedException("The ticket has no query for the video's pictures.");
        }
        finally
        {
            await system.Store.DeleteAsync([key], CancellationToken.None);
        }
    }

    private static async Task<Played> PlayAsync(Uri playlist, TimeSpan duration, CancellationToken cancellationToken)
    {
        var played = await Player.PlayAsync(playlist, cancellationToken);
        if ((played.Duration - duration).Duration() > s_tolerance)
            throw new DemoFailedException($"{playlist.AbsolutePath} played for {played.Duration.TotalSeconds:F2} s instead of {duration.TotalSeconds:F2} s.");
        return played;
    }

    /// <summary>The variant streams, and the audio renditions beside them.</summary>
    private static IEnumerable<HlsEntry> Playable(IEnumerable<HlsEntry> renditions) =>
        renditions.Where(rendition => rendition.Tag == "EXT-X-STREAM-INF" || (rendition.Tag == "EXT-X-MEDIA" && rendition.Type == "AUDIO"));

    private static string Describe(HlsEntry rendition) => $"{rendition.Uri.Segments[^2].TrimEnd('/')} {rendition.Resolution}".Trim();

    private static string Describe(Played played) =>
        (played.Frames > 0 ? $"{played.Frames} frames, " : "") + played.Duration.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture) + " s";
}
