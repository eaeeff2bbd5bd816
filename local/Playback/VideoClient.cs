using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Reelseal.Local.Keys;
using Reelseal.Tokens;

namespace Reelseal.Local.Playback;

/// <summary>The fields of a video's status document that the client reads.</summary>
internal sealed record VideoProgress(
    string State, double Progress, bool? Playable, double? Speed, double? Duration, string? Error, IReadOnlyList<VideoRendition>? Renditions);

/// <summary>A rendition of a status document.</summary>
internal sealed record VideoRendition(string Name, string Type, int? Width, int? Height, long? Bandwidth);

/// <summary>A ticket: the signed address of a video's multivariant playlist, the query for its pictures, and when both end.</summary>
internal sealed record PlayTicket(Uri Url, string? Query, long Expires);

/// <summary>What a share link carries beside the video: its end in seconds since the epoch, and the proof.</summary>
internal sealed record ShareLink(long Until, string Share);

/// <summary>A client of the two functions, such as an operator writes: through the gateway, with tokens.</summary>
/// <param name="gateway">The gateway's address.</param>
/// <param name="tokens">Makes the tokens.</param>
internal sealed class VideoClient(string gateway, TokenMint tokens) : IDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _http = new(
        new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.All })
    {
        Timeout = Timeout.InfiniteTimeSpan, // an ingest answers when it is finished
    };

    /// <summary>Uploads a video under an id of our own; the answer comes when it is published.</summary>
    /// <exception cref="VideoClientException">It was refused; the message contains the reason.</exception>
    public async Task UploadAsync(VideoId video, Stream content, CancellationToken cancellationToken)
    {
        using var body = new StreamContent(content);
        body.Headers.ContentType = new("application/octet-stream"); // the content decides, not the header
        await UploadAsync(video, body, cancellationToken);
    }

    /// <summary>Uploads a file, which gives the video its title if it has none itself.</summary>
    /// <param name="video">An id of our own.</param>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The status, four times a second, until the video is published; the last one is the one in the end.</returns>
    /// <exception cref="VideoClientException">It was refused; the message contains the reason.</exception>
    public async IAsyncEnumerable<VideoProgress> UploadAsync(VideoId video, string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        using var body = new MultipartFormDataContent { { new StreamContent(file), "file", Path.GetFileName(path) } };
        var upload = UploadAsync(video, body, cancellationToken);
        while (await Task.WhenAny(upload, Task.Delay(s_poll, cancellationToken)) != upload)
        {
            if (await TryGetProgressAsync(video, cancellationToken) is { } now)
                yield return now;
        }
        await upload;
        if (await GetProgressAsync(video, cancellationToken) is { } end)
            yield return end;
    }

    private async Task UploadAsync(VideoId video, HttpContent body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway}/function/ingest-video/") { Content = body };
        request.Headers.Add("X-Call-Id", video.ToString());
        using var response = await SendAsync(request, Scopes.Ingest, video, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
    }

    /// <summary>Returns the video's status, or null if there is none.</summary>
    public async Task<VideoProgress?> GetProgressAsync(VideoId video, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{gateway}/function/ingest-video/videos/{video}");
        using var response = await SendAsync(request, Scopes.Ingest, video, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        await ThrowIfRefusedAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync<VideoProgress>(cancellationToken);
    }

    /// <summary>The same for one of many looks: a failure is of no account, for the next one comes soon.</summary>
    private async Task<VideoProgress?> TryGetProgressAsync(VideoId video, CancellationToken cancellationToken)
    {
        try
        {
            return await GetProgressAsync(video, cancellationToken);
        }
        catch (Exception e) when (e is VideoClientException or HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Asks for a ticket.</summary>
    public async Task<PlayTicket> GetTicketAsync(VideoId video, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get,
            $"{gateway}/function/sign-playlist/videos/{video}" + (until is { } end ? $"?until={end.ToUnixTimeSeconds()}" : ""));
        using var response = await SendAsync(request, Scopes.Play, video, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<PlayTicket>(cancellationToken))!;
    }

    /// <summary>Asks for a link that plays the video without a token, for as long as links may.</summary>
    public async Task<ShareLink> GetShareLinkAsync(VideoId video, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{gateway}/function/sign-playlist/videos/{video}/share");
        using var response = await SendAsync(request, Scopes.Share, video, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<ShareLink>(cancellationToken))!;
    }

    /// <summary>The address of the multivariant playlist at the gateway, with a token in its query: for players that cannot send a header.</summary>
    public Uri GatewayPlaylist(VideoId video) =>
        new($"{gateway}/function/sign-playlist/videos/{video}/multivariant.m3u8?{TokenGate.QueryParameter}="
            + tokens.Mint(new() { Scopes = [Scopes.Play], Videos = [video], Lifetime = TimeSpan.FromMinutes(10) }));

    /// <summary>Fetches a playlist, signed or with its token, and reads it.</summary>
    public async Task<IReadOnlyList<HlsEntry>> GetPlaylistAsync(Uri address, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync(address, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        return HlsPlaylist.Read(await response.Content.ReadAsStringAsync(cancellationToken), address);
    }

    /// <summary>Fetches anything, as it is.</summary>
    public Task<HttpResponseMessage> GetAsync(Uri address, CancellationToken cancellationToken) => _http.GetAsync(address, cancellationToken);

    public void Dispose() => _http.Dispose();

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string scope, VideoId video, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Mint(new() { Scopes = [scope], Videos = [video] }));
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return;
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        throw new VideoClientException(
            $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath}: {(int)response.StatusCode} {Reason(body)}",
            response.StatusCode);
    }

    /// <summary>The sentence of problem details (RFC 9457), or the body as it is.</summary>
    private static string Reason(string body)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(body).GetProperty("detail").GetString() ?? body;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return body;
        }
    }
}

/// <summary>A function refused a request; the message names the request without its query, the status and the reason.</summary>
internal sealed class VideoClientException(string message, HttpStatusCode status) : Exception(message)
{
    public HttpStatusCode Status => status;
}
