using System.Net;
using System.Text.Json.Nodes;
using CliWrap.Exceptions;
using Reelseal.Testing.Streams;

namespace Reelseal.Corpus;

/// <summary>What became of one file.</summary>
/// <param name="Answer">The status code.</param>
/// <param name="Seconds">How long the published stream plays.</param>
/// <param name="Renditions">Their names.</param>
/// <param name="Note">Why it was refused, or what was left out; or null.</param>
/// <param name="Deviations">What is wrong with the stream, a sentence each.</param>
internal sealed record CorpusRow(int Answer, double? Seconds, string Renditions, string? Note, IReadOnlyList<string> Deviations);

/// <summary>Ingests one file and checks what was published.</summary>
internal static class CorpusRun
{
    /// <param name="server">Where to send it.</param>
    /// <param name="file">The file.</param>
    /// <param name="browser">Plays it, if not null.</param>
    /// <param name="keep">A folder for the answer and the stream, or null.</param>
    public static async Task<CorpusRow> CheckAsync(IngestServer server, string file, string? browser, string? keep)
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
            if (keep is not null)
                Keep(Path.Combine(server.Store, "videos", id.ToString()), body, keep);
            using var _ = await server.Client.DeleteAsync(new Uri($"/videos/{id}", UriKind.Relative));
        }
    }

    private static void Keep(string stream, string answer, string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "answer.json"), answer);
        if (!Directory.Exists(stream))
            return;
        foreach (var file in Directory.EnumerateFiles(stream, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(stream, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
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
        var leftOut = status["skipped"]?.AsArray().Select(track => $"{track!["kind"]} {track["stream"]}: {track["reason"]}").ToList();
        return new(201, seconds, names, leftOut is null ? null : $"Left out: {string.Join(' ', leftOut)}", deviations);
    }
}
