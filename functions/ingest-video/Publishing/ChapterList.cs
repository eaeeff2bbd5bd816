using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngestVideo.Media;

namespace IngestVideo.Publishing;

/// <summary>Writes the chapters as players of HLS know them: Apple's "JSON chapters", which <c>EXT-X-SESSION-DATA</c> names.</summary>
public static class ChapterList
{
    public const string Name = "chapters.json";

    /// <summary>The <c>DATA-ID</c> of <c>EXT-X-SESSION-DATA</c>.</summary>
    public const string DataId = "com.apple.hls.chapters";

    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // it is in no HTML

    /// <param name="chapters">In the order of time.</param>
    /// <param name="seconds">How long the video plays: a chapter that begins later is left out.</param>
    public static string Write(IReadOnlyList<Chapter> chapters, double seconds)
    {
        var list = new JsonArray();
        foreach (var (chapter, end) in chapters.Zip(chapters.Skip(1).Select(next => next.Start).Append(seconds)))
        {
            if (chapter.Start >= seconds)
                break;
            var entry = new JsonObject
            {
                ["chapter"] = list.Count + 1,
                ["start-time"] = Math.Round(chapter.Start, 3),
                ["duration"] = Math.Round(Math.Min(end, seconds) - chapter.Start, 3),
            };
            if (chapter.Title is { } title)
                entry["titles"] = new JsonArray(new JsonObject { ["language"] = "und", ["title"] = title });
            list.Add((JsonNode)entry);
        }
        return list.ToJsonString(s_options);
    }
}
