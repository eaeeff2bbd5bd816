using System.Text.Json;
using IngestVideo.Status;
using Reelseal;

namespace IngestVideo.Tests;

/// <summary>A published video, as a player and ffprobe see it.</summary>
internal sealed record PublishedVideo(IngestHost Host, VideoId Id, VideoStatus Status, string Multivariant)
{
    public string Folder => Path.Combine(Host.StoreDirectory, "videos", Id.ToString());

    /// <summary>The lines of variant streams, each with the URI below it.</summary>
    public IReadOnlyList<(string Tag, string Uri)> Variants
    {
        get
        {
            var lines = Multivariant.Split('\n');
            return [.. lines.Select((line, index) => (line, index)).Where(line => line.line.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal)).Select(line => (line.line, lines[line.index + 1]))];
        }
    }

    public IReadOnlyList<string> Tags(string tag) => [.. Multivariant.Split('\n').Where(line => line.StartsWith(tag, StringComparison.Ordinal))];

    /// <summary>The file of a rendition's playlist, which ffprobe and ffmpeg open.</summary>
    public string Playlist(string rendition) => Path.Combine(Folder, Status.Attempt, rendition, "playlist.m3u8");

    public string LargestVideo => Status.Renditions.Where(rendition => rendition.Type == "video").MaxBy(rendition => rendition.Width)!.Name;

    public static async Task<PublishedVideo> ReadAsync(IngestHost host, VideoId id)
    {
        var status = JsonSerializer.Deserialize(await host.Client.GetStringAsync($"/videos/{id}"), StatusJson.Default.VideoStatus)!;
        return new(host, id, status, await File.ReadAllTextAsync(Path.Combine(host.StoreDirectory, "videos", id.ToString(), "multivariant.m3u8")));
    }

    /// <summary>What ffprobe says of the first stream of a rendition.</summary>
    public async Task<JsonElement> ProbeAsync(string rendition, string more = "-show_streams")
    {
        string[] arguments = ["-v", "error", "-print_format", "json", .. more.Split(' '), "-allowed_extensions", "ALL", Playlist(rendition)];
        return JsonDocument.Parse(await Clip.RunAsync("ffprobe", arguments)).RootElement;
    }
}
