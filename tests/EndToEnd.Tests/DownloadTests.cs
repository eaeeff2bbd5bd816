using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>A file to keep, from the setting to the disk of the one who keeps it.</summary>
public sealed class DownloadTests(CephRgw s3)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    public async Task A_ticket_keeps_one_file_under_the_title_and_nothing_else_opens_it()
    {
        Published.Require();
        var bucket = await s3.CreateBucketAsync();
        await using var system = await RunningSystem.StartAsync(
            new()
            {
                Store = bucket.CreateStore(TimeSpan.FromSeconds(5)),
                Settings = new Dictionary<string, string>(bucket.Environment, StringComparer.Ordinal) { ["DOWNLOADS"] = "720p,234p", ["URL_LIFETIME"] = "1h" },
            },
            Cancellation);
        using var http = new HttpClient();
        var token = new AuthenticationHeaderValue(
            "Bearer", system.Local.Tokens.Mint(new() { Scopes = [Scopes.Ingest, Scopes.Download], Lifetime = TimeSpan.FromMinutes(10) }));
        await RenameAsync("Café “2027”");

        // The source is smaller than 720p: the largest stands for it.
        var url = await TicketAsync("?rendition=360p");
        using var whole = await http.GetAsync(url, Cancellation);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        Assert.Equal("video/mp4", whole.Content.Headers.ContentType?.MediaType);
        Assert.Equal("attachment", whole.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal("Café “2027”.mp4", whole.Content.Headers.ContentDisposition?.FileNameStar);
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "kept.mp4");
        await File.WriteAllBytesAsync(file, await whole.Content.ReadAsByteArrayAsync(Cancellation), Cancellation);
        var probe = JsonDocument.Parse(await Ffmpeg.ProbeAsync("-print_format", "json", "-show_format", "-show_streams", file)).RootElement;
        Assert.Equal(
            RunningSystem.ClipDuration.TotalSeconds,
            double.Parse(probe.GetProperty("format").GetProperty("duration").GetString()!, System.Globalization.CultureInfo.InvariantCulture), 0.05);
        Assert.Equal(["h264", "aac"], probe.GetProperty("streams").EnumerateArray().Select(stream => stream.GetProperty("codec_name").GetString()));
        Assert.Equal("", await Ffmpeg.LogAsync("-v", "error", "-xerror", "-i", file, "-f", "null", "-"));
        // A download that broke off goes on.
        using var rest = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new(100, null) } };
        using var resumed = await http.SendAsync(rest, Cancellation);
        Assert.Equal(HttpStatusCode.PartialContent, resumed.StatusCode);
        Assert.Equal((await File.ReadAllBytesAsync(file, Cancellation))[100..], await resumed.Content.ReadAsByteArrayAsync(Cancellation));

        // Its ticket opens nothing else, and no other ticket opens it.
        var play = await system.Client.GetTicketAsync(system.Video, until: null, Cancellation);
        var plain = url.GetLeftPart(UriPartial.Path);
        var signature = url.Query[url.Query.IndexOf("Expires=", StringComparison.Ordinal)..];
        await RefusedAsync(plain);
        await RefusedAsync($"{plain}?{signature}"); // under another name
        await RefusedAsync($"{plain}?{play.Query}");
        await RefusedAsync(url.AbsoluteUri.Replace("360p.mp4", "234p.mp4", StringComparison.Ordinal));
        await RefusedAsync(url.AbsoluteUri.Replace("2027", "2028", StringComparison.Ordinal));
        await RefusedAsync($"{play.Url.GetLeftPart(UriPartial.Path)}{url.Query}");
        await RefusedAsync(url.AbsoluteUri.Replace("Expires=", "Expires=9", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("?rendition=720p")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync("", Scopes.Play)).StatusCode);

        // A new title is the new name at once.
        await RenameAsync("Renamed");
        using var renamed = await http.GetAsync(await TicketAsync(""), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal("Renamed.mp4", renamed.Content.Headers.ContentDisposition?.FileNameStar);

        // A ticket ends.
        var until = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3;
        using var soon = await AskAsync("", Scopes.Download, DateTimeOffset.FromUnixTimeSeconds(until));
        var ending = new Uri((await soon.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("url").GetString()!);
        while (DateTimeOffset.UtcNow.ToUnixTimeSeconds() <= until)
            await Task.Delay(100, Cancellation);
        await RefusedAsync(ending.AbsoluteUri);

        // With the video goes the file.
        using var deletion = new HttpRequestMessage(HttpMethod.Delete, $"{system.Local.Gateway}/function/ingest-video/videos/{system.Video}");
        deletion.Headers.Authorization = token;
        Assert.Equal(HttpStatusCode.NoContent, (await http.SendAsync(deletion, Cancellation)).StatusCode);
        await RefusedAsync(url.AbsoluteUri);
        Assert.Empty(await bucket.CreateStore(TimeSpan.FromSeconds(5)).ListAsync("downloads/", startAfter: null, Cancellation).ToListAsync(Cancellation));

        async Task<Uri> TicketAsync(string query)
        {
            using var answer = await AskAsync(query);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return new((await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("url").GetString()!);
        }

        async Task<HttpResponseMessage> AskAsync(string query, string scope = Scopes.Download, DateTimeOffset? until = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{system.Local.Gateway}/function/sign-playlist/videos/{system.Video}/download{query}");
            request.Headers.Authorization = new("Bearer", system.Local.Tokens.Mint(new() { Scopes = [scope], Videos = [system.Video], Until = until }));
            return await http.SendAsync(request, Cancellation);
        }

        async Task RenameAsync(string title)
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, $"{system.Local.Gateway}/function/ingest-video/videos/{system.Video}")
            {
                Content = new StringContent(JsonSerializer.Serialize(new { title }), Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = token;
            (await http.SendAsync(request, Cancellation)).EnsureSuccessStatusCode();
        }

        async Task RefusedAsync(string address)
        {
            using var answer = await http.GetAsync(address, Cancellation);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{answer.StatusCode}: {address}");
        }
    }
}
