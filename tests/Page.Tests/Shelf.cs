using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Reelseal.Page.Tests;

/// <summary>A list of videos that exists in the browser's answers only: what the page shows of states that are slow or hard to bring about.</summary>
internal sealed class Shelf
{
    private static readonly Dictionary<string, string> s_cors = new(StringComparer.Ordinal) { ["Access-Control-Allow-Origin"] = "*" };

    /// <summary>Their status documents, in the order of the list.</summary>
    public List<JsonObject> Videos { get; } = [];

    /// <summary>The requests that change something: method, path and body.</summary>
    public ConcurrentQueue<string> Changes { get; } = [];

    /// <summary>The size of each poster: by default 16:9.</summary>
    public (int Width, int Height) Poster { get; set; } = (640, 360);

    public JsonObject Add(string title, string state = "ready", params (string Name, JsonNode Value)[] more)
    {
        var id = VideoId.New();
        var video = new JsonObject
        {
            ["id"] = id.ToString(), ["title"] = title, ["state"] = state, ["progress"] = state == "ready" ? 1 : 0.4,
            ["created"] = DateTimeOffset.UnixEpoch.AddDays(20_000 - Videos.Count), ["updated"] = DateTimeOffset.UnixEpoch.AddDays(20_000),
        };
        if (state == "ready")
        {
            video["duration"] = 60 + Videos.Count;
            video["poster"] = $"videos/{id}/a/poster.jpg";
        }
        foreach (var (name, value) in more)
            video[name] = value;
        Videos.Add(video);
        return video;
    }

    /// <summary>Puts it in place of the functions' answers.</summary>
    public async Task AnswerAsync(IBrowserContext context)
    {
        await context.RouteAsync("**/function/**", async route =>
        {
            var (method, uri) = (route.Request.Method, new Uri(route.Request.Url));
            if (method is not ("GET" or "OPTIONS"))
                Changes.Enqueue($"{method} /{string.Join('/', uri.AbsolutePath.Split('/').Skip(3))} {route.Request.PostData}".Trim());
            await (method switch
            {
                "OPTIONS" => route.FulfillAsync(new() { Status = 204, Headers = new Dictionary<string, string>(s_cors, StringComparer.Ordinal)
                    { ["Access-Control-Allow-Headers"] = "*, Authorization", ["Access-Control-Allow-Methods"] = "GET, PUT, POST, PATCH, DELETE" } }),
                "GET" => AnswerAsync(route, uri),
                _ when uri.AbsolutePath.Contains("/uploads", StringComparison.Ordinal) =>
                    route.FulfillAsync(new() { Status = 413, Headers = s_cors, Json = new { detail = "The video is larger than is accepted here." } }),
                _ => route.FulfillAsync(new() { Status = 204, Headers = s_cors }),
            });
        });
        await context.RouteAsync("**/poster.jpg*", route => route.FulfillAsync(new()
        {
            ContentType = "image/svg+xml",
            Body = $"""
                <svg xmlns="http://www.w3.org/2000/svg" width="{Poster.Width}" height="{Poster.Height}">
                <rect width="100%" height="100%" fill="#376"/><circle cx="50%" cy="50%" r="80" fill="#fc8"/></svg>
                """,
        }));
    }

    private Task AnswerAsync(IRoute route, Uri uri)
    {
        var (path, query) = (uri.AbsolutePath, QueryHelpers.ParseQuery(uri.Query));
        object answer;
        if (path.EndsWith("/ingest-video/videos", StringComparison.Ordinal))
        {
            var from = query.TryGetValue("after", out var after) ? int.Parse(after!, CultureInfo.InvariantCulture) : 0;
            var limit = int.Parse(query["limit"]!, CultureInfo.InvariantCulture);
            answer = new { videos = Videos.Skip(from).Take(limit), next = from + limit < Videos.Count ? $"{from + limit}" : null };
        }
        else if (path.Contains("/ingest-video/", StringComparison.Ordinal))
            answer = Videos.Find(video => path.EndsWith((string)video["id"]!, StringComparison.Ordinal))!;
        else if (path.EndsWith("/share", StringComparison.Ordinal))
        {
            var until = query.TryGetValue("until", out var end)
                ? long.Parse(end!, CultureInfo.InvariantCulture) : DateTimeOffset.UtcNow.AddDays(30).ToUnixTimeSeconds();
            answer = new { video = path.Split('/')[^2], until, share = "0.abcdefghijklmnopqrstuvwxyz0123456789abcdefg" };
        }
        else
        {
            var (page, video) = (new Uri(route.Request.Frame.Url), path[path.IndexOf("/videos/", StringComparison.Ordinal)..]);
            var url = $"{page.GetLeftPart(UriPartial.Authority)}{video}/multivariant.m3u8";
            answer = new { url, query = "Policy=p", expires = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds() };
        }
        return route.FulfillAsync(new() { ContentType = "application/json", Headers = s_cors, Body = JsonSerializer.Serialize(answer) });
    }
}
