using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>The asynchronous route: the caller gets the id at once and the result through a callback.</summary>
public sealed class AsyncIngestTests(DirectorySystem shared) : IClassFixture<DirectorySystem>
{
    [Fact(Timeout = 120_000)]
    public async Task A_video_is_accepted_under_the_callers_id_and_its_status_posted_back()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var system = await shared.StartedAsync();
        var clip = Path.GetTempFileName();
        await Clip.CreateAsync(clip + ".mp4", TimeSpan.FromSeconds(1), 160, 120, cancellation);
        var result = new TaskCompletionSource<(string CallId, string Status, JsonElement Body)>();
        await using var caller = await LoopbackServer.StartAsync(0, _ => { }, _ => { }, async context =>
        {
            var headers = context.Request.Headers;
            result.SetResult((
                headers["X-Call-Id"].ToString(),
                headers["X-Function-Status"].ToString(),
                await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body)));
        }, cancellation);

        var video = VideoId.New();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{system.Local.Gateway}/async-function/ingest-video")
        {
            Headers = { { "X-Call-Id", video.ToString() }, { "X-Callback-Url", caller.Address } },
            Content = new ByteArrayContent(await File.ReadAllBytesAsync(clip + ".mp4", cancellation)) { Headers = { ContentType = new("video/mp4") } },
        };
        File.Delete(clip);
        File.Delete(clip + ".mp4");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", system.Local.Tokens.Mint(new() { Scopes = [Scopes.Ingest] }));
        using var accepted = await http.SendAsync(request, cancellation);
        Assert.Equal(StatusCodes.Status202Accepted, (int)accepted.StatusCode);
        Assert.Equal(video.ToString(), accepted.Headers.GetValues("X-Call-Id").Single());

        var (callId, status, body) = await result.Task.WaitAsync(cancellation);
        Assert.Equal((video.ToString(), "201"), (callId, status));
        Assert.Equal("ready", body.GetProperty("state").GetString());
        Assert.Equal(video.ToString(), body.GetProperty("id").GetString());
        var ticket = await system.Client.GetTicketAsync(video, until: null, cancellation);
        Assert.NotEmpty(await Crawler.CrawlAsync(system.Client, ticket.Url, cancellation));
    }
}
