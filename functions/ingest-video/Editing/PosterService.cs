using System.Security.Cryptography;
using IngestVideo.Publishing;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Editing;

/// <summary>Gives a video that is ready another poster, in a folder of its own: names under an attempt stand for the same bytes for ever.</summary>
public sealed class PosterService
{
    private const string Folder = "poster-";
    private readonly IObjectStore _store;
    private readonly StatusStore _statuses;
    private readonly LaterRemovals _removals;
    private readonly IngestOptions _options;
    private readonly PosterMaker _maker;

    /// <summary>A poster takes the place of an ingest: the picture and its ffmpeg fit into the memory of one, and there is no other.</summary>
    private readonly TranscodeSlots _slots;

    public PosterService(
        IObjectStore store, StatusStore statuses, LaterRemovals removals, Processes.Sandbox sandbox, TranscodeSlots slots, IngestOptions options) =>
        (_store, _statuses, _removals, _slots, _options, _maker) = (store, statuses, removals, slots, options, new(store, sandbox, options));

    /// <summary>Makes a moment of the video its poster.</summary>
    /// <returns>The status document, or null when there is no such video.</returns>
    /// <exception cref="IngestRefusedException">409: it is not ready. 422: it has no such moment. 429: no place is free.</exception>
    public Task<VideoStatus?> PutAsync(VideoId video, TimeSpan time, CancellationToken cancellationToken) => PutAsync(
        video, (published, workspace) => _maker.FromMomentAsync(published, time, workspace, cancellationToken), cancellationToken);

    /// <summary>Makes a picture the poster.</summary>
    /// <param name="video">Which video.</param>
    /// <param name="read">Reads the picture into memory; called only when there is such a video, and a place for it.</param>
    /// <param name="cancellationToken">The caller is gone. It counts until the poster is in the store.</param>
    /// <returns>The status document, or null when there is no such video.</returns>
    /// <exception cref="IngestRefusedException">409: it is not ready. 415, 422: the picture is not accepted. 429: no place is free.</exception>
    public Task<VideoStatus?> PutAsync(VideoId video, Func<Task<MemoryStream>> read, CancellationToken cancellationToken) => PutAsync(
        video,
        async (_, workspace) =>
        {
            await using (var picture = await read())
            await using (var file = File.Create(workspace.Source))
                await picture.CopyToAsync(file, cancellationToken);
            return await _maker.FromPictureAsync(workspace, cancellationToken);
        },
        cancellationToken);

    private async Task<VideoStatus?> PutAsync(VideoId video, Func<CompleteVideo, Workspace, Task<string>> make, CancellationToken cancellationToken)
    {
        if (await CompleteVideo.ReadAsync(_store, _statuses, video, cancellationToken) is not { } published)
            return null;
        var publication = new Publication(_store, video, published.Attempt);
        var folder = Folder + RandomNumberGenerator.GetHexString(16, lowercase: true);
        using (_slots.TryTake() ?? throw IngestRefusedException.Busy())
        {
            using var workspace = Workspace.Create(_options.WorkDirectory);
            await using var poster = File.OpenRead(await make(published, workspace));
            await publication.PutAsync($"{folder}/poster.jpg", poster, cancellationToken);
        }
        var key = publication.KeyOf($"{folder}/poster.jpg");
        string? before = null;
        // Players look into the playlist, and the list of videos into the status, which follows it: of two choices at once, the later one wins in both.
        if (await published.ChangeAsync(
            _store,
            multivariant =>
            {
                before = ChosenPoster.Read(multivariant);
                return ChosenPoster.Write(multivariant, $"{published.Attempt}/{folder}/poster.jpg");
            },
            CancellationToken.None) is null)
        {
            await _store.DeleteAsync([key], CancellationToken.None); // deleted meanwhile
            return null;
        }
        if (before?.Split('/') is [_, var old, _])
            _removals.RemovePart(video, published.Attempt, old);
        return await _statuses.EditAsync(
            video,
            async (status, token) => await CompleteVideo.ReadAsync(_store, video, token) is { } now && ChosenPoster.Read(now.Multivariant) is { } chosen
                ? status with { Poster = ObjectKeys.Video(video) + chosen } : status,
            CancellationToken.None);
    }
}
