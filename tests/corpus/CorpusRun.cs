using System.Net;
using System.Text.Json.Nodes;
using CliWrap.Exceptions;
using Reelseal.Testing.Streams;

namespace Reelseal.Corpus;

/// <summary>What became of one file.</summary>
/// <param name="Answer">The status code.</param>
/// <param name="Seconds">How long the published stream plays.</param>
/// <param name="Renditions">Their names.</param>
/// <param name="Refusal">Why it was refused, or null.</param>
/// <param name="Deviations">What is wrong with the stream, a sentence each.</param>
internal sealed record CorpusRow(int Answer, double? Seconds, string Renditions, string? Refusal, IReadOnlyList<string> Deviations);

/// <summary>Ingests one file and checks what was published.</summary>
internal static class CorpusRun
{
    public static async Task<CorpusRow> CheckAsync(IngestServer server, string file, string? browser)
    {
        var id = VideoId.New();
        using var response = await server.PostAsync(file, id);
        var body = await response.Content.ReadAsStringAsync();
        try
        {
            if (response.StatusCode != HttpStatusCode.Created)
                return Refused(response.StatusCode, body);
            return await CheckAsync(server, file, id, JsonNode.Parse(body)!, browser);
        }
        finally
        {
            using var _ = await server.Client.DeleteAsync(new Uri($"/videos/{id}", UriKind.Relative));
        }
    }

    /// <summary>A refusal is a row; a failure of the function is a deviation.</summary>
    private static CorpusRow Refused(HttpStatusCode status, string body)
    {
        string? detail;
        try
        {
            detail = JsonNode.Parse(body)?["detail"]?.GetValue<string>();
        }
        catch (System.Text.Json.JsonException)
        {
            detail = null;
        }
        var failed = (int)status >= 500 || detail is null;
        return new((int)status, null, "", detail, failed ? [$"The answer is {(int)status}: {detail ?? body}"] : []);
    }

    private static async Task<CorpusRow> CheckAsync(IngestServer server, string file, VideoId id, JsonNode status, string? browser)
    {
        var deviations = new List<string>();
        var seconds = status["duration"]?.GetValue<double>();
        var names = string.Join(' ', status["renditions"]!.AsArray().Select(rendition => rendition!["name"]));
        try
        {
            var stream = StoredVideo.Read(Path.Combine(server.Store, "videos", id.ToString(), "multivariant.m3u8"));
            deviations.AddRange(StreamDeviations.Find(stream));
            var skipped = status["skipped"]?.AsArray()
                .Where(track => (string?)track!["kind"] == "audio").Select(track => (int)track!["stream"]!).ToList() ?? [];
            deviations.AddRange(await DecodedStream.FindDeviationsAsync(stream, file, skipped));
            var playlist = new Uri(server.Address, $"/store/videos/{id}/multivariant.m3u8");
            if (browser is not null && await server.Reports.PlayAsync(browser, playlist, seconds ?? 0) is var end and not "ended")
                deviations.Add($"{browser}: {end}");
        }
        catch (Exception e) when (e is FormatException or IOException or KeyNotFoundException or InvalidOperationException or CommandExecutionException)
        {
            deviations.Add($"The stream cannot be read: {e.Message}");
        }
        return new(201, seconds, names, null, deviations);
    }
}
