using System.Globalization;
using System.Text;
using IngestVideo.Planning;

namespace IngestVideo.Publishing;

/// <summary>Uploads the poster, and the storyboard: sprites, and a WebVTT file that says which part of which belongs to which time.</summary>
public sealed class StillPublisher(TranscodePlan plan, Workspace workspace, Publication publication)
{
    private const string StoryboardName = "storyboard.vtt";

    /// <summary>Returns the keys of the poster and of the storyboard; null for a missing one.</summary>
    /// <param name="frames">The I-frames, which give the time of each keyframe; null if there are none.</param>
    /// <param name="seconds">How long the picture plays.</param>
    /// <param name="cancellationToken">Ends the uploads.</param>
    public async Task<(string? Poster, string? Storyboard)> PublishAsync(PublishedRendition? frames, double seconds, CancellationToken cancellationToken)
    {
        string? poster = null, storyboard = null;
        var uploads = new List<Task>();
        foreach (var path in Directory.EnumerateFiles(workspace.Output, "*.jpg"))
        {
            var name = Path.GetFileName(path);
            uploads.Add(PutAsync(name, path, cancellationToken));
            if (name == OutputFiles.Poster)
                poster = publication.KeyOf(name);
        }
        if (plan.Storyboard is { } board)
        {
            uploads.Add(publication.PutAsync(StoryboardName, Cues(board, frames?.Segments ?? [new("", seconds, 0)]), cancellationToken));
            storyboard = publication.KeyOf(StoryboardName);
        }
        await Task.WhenAll(uploads);
        return (poster, storyboard);
    }

    private async Task PutAsync(string name, string path, CancellationToken cancellationToken)
    {
        await using var content = File.OpenRead(path);
        await publication.PutAsync(name, content, cancellationToken);
    }

    private static string Cues(Storyboard board, IReadOnlyList<MediaSegment> keyframes)
    {
        const int perSprite = Storyboard.Columns * Storyboard.Rows;
        var text = new StringBuilder("WEBVTT\n");
        var from = TimeSpan.Zero;
        foreach (var (tile, stands) in keyframes.Chunk(board.Every).Index())
        {
            var to = from + TimeSpan.FromSeconds(stands.Sum(keyframe => keyframe.Seconds));
            var (column, row) = (tile % Storyboard.Columns, tile % perSprite / Storyboard.Columns);
            // A part of a picture, by Media Fragments URI 1.0 (4.2.2).
            var (width, height) = (board.Tile.Width, board.Tile.Height);
            text.Append(CultureInfo.InvariantCulture, $"\n{WebVtt.Time(from)} --> {WebVtt.Time(to)}\n");
            text.Append(CultureInfo.InvariantCulture, $"{OutputFiles.Sprite(tile / perSprite)}#xywh={column * width},{row * height},{width},{height}\n");
            from = to;
        }
        return text.ToString();
    }
}
