using System.Collections.Concurrent;
using System.Text.Json;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Testing;
using Reelseal.Testing.Streams;

namespace IngestVideo.Tests;

/// <summary>A published video, as a player and ffprobe see it.</summary>
internal sealed record PublishedVideo(IngestHost Host, VideoId Id, VideoStatus Status, string Multivariant)
{
    private readonly ConcurrentDictionary<string, Task<JsonElement>> _probed = new(StringComparer.Ordinal);

    public string Folder => Path.Combine(Host.StoreDirectory, "videos", Id.ToString());

    /// <summary>The same as a player reads it.</summary>
    public StoredVideo Streams => field ??= StoredVideo.Read(Path.Combine(Folder, "multivariant.m3u8"));

    /// <summary>The lines of variant streams, each with the URI below it.</summary>
    public IReadOnlyList<(string Tag, string Uri)> Variants
    {
        get
        {
            var lines = Multivariant.Split('\n');
            return [.. lines.Select((line, index) => (line, index)).Where(line => line.line.StartsWith("#EXT-X-STREAM-INF:", StringComparison.Ordinal))
                .Select(line => (line.line, lines[line.index + 1]))];
        }
    }

    public IReadOnlyList<string> Tags(string tag) => [.. Multivariant.Split('\n').Where(line => line.StartsWith(tag, StringComparison.Ordinal))];

    /// <summary>The file of a rendition's playlist, which ffprobe and ffmpeg open.</summary>
    public string Playlist(string rendition) => Path.Combine(Folder, Status.Attempt, rendition, "playlist.m3u8");

    public string LargestVideo => Status.Renditions.Where(rendition => rendition.Type == "video").MaxBy(rendition => rendition.Width)!.Name;

    public static async Task<PublishedVideo> ReadAsync(IngestHost host, VideoId id)
    {
        using var answer = await host.Client.GetAsync(new Uri($"/videos/{id}", UriKind.Relative));
        var status = await StatusOfAsync(answer.EnsureSuccessStatusCode());
        return new(host, id, status, await System.IO.File.ReadAllTextAsync(Path.Combine(host.StoreDirectory, "videos", id.ToString(), "multivariant.m3u8")));
    }

    /// <summary>The video that an answer says is published.</summary>
    public static async Task<PublishedVideo> OfAsync(IngestHost host, HttpResponseMessage answer)
    {
        Assert.True(answer.StatusCode == System.Net.HttpStatusCode.Created, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return await ReadAsync(host, VideoId.Parse((await StatusOfAsync(answer)).Id, provider: null));
    }

    /// <summary>The status document of an answer.</summary>
    public static async Task<VideoStatus> StatusOfAsync(HttpResponseMessage answer) =>
        JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), StatusJson.Default.VideoStatus)!;

    /// <summary>The file of a segment or an init section.</summary>
    public string File(string rendition, string name) => Path.Combine(Path.GetDirectoryName(Playlist(rendition))!, name);

    /// <summary>
    /// What ffprobe says of a rendition's stream and its packets, the segments read one after the other as they are: ffmpeg's reader of playlists hides some.
    /// </summary>
    public Task<JsonElement> ProbeAsync(string rendition) => _probed.GetOrAdd(
        rendition, async name => JsonDocument.Parse(
            await Ffmpeg.ProbeAsync("-print_format", "json", "-show_streams", "-show_entries", "packet=pts_time,flags", Joined(name))).RootElement);

    /// <summary>A URL under which ffmpeg reads all segments of a rendition as one file.</summary>
    public string Joined(string rendition)
    {
        var names = MediaPlaylist.Read(System.IO.File.ReadAllText(Playlist(rendition))).Segments.Select(segment => segment.Uri);
        if (System.IO.File.Exists(File(rendition, "init.mp4")))
            names = names.Prepend("init.mp4");
        return "concat:" + string.Join('|', names.Select(name => File(rendition, name)));
    }
}
