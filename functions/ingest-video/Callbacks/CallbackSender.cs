using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IngestVideo.Status;
using Reelseal;

namespace IngestVideo.Callbacks;

/// <summary>Reports to a URL that the request named, if the operator allows its host, that a video is playable, ready or has failed.</summary>
/// <remarks>
/// The header <c>X-Reelseal-Signature: t=…,v1=…</c> holds the time in seconds since the epoch, and in hexadecimal the HMAC-SHA256 of that time, a full stop and
/// the body, under the secret <c>reelseal-callback-key</c>: the receiver can verify the sender, and recognise an old callback that is sent again.
/// </remarks>
public sealed class CallbackSender(IngestOptions options, StatusStore statuses, TimeProvider clock, ILogger<CallbackSender> logger) : IDisposable
{
    public const string SignatureHeader = "X-Reelseal-Signature";

    private static readonly TimeSpan[] s_waits = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15)];

    // A redirect could lead to a host that is not allowed.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Returns the checked URL that a request named, or null.</summary>
    /// <exception cref="IngestRefusedException">400: the URL is not allowed.</exception>
    public Uri? Check(string? callback)
    {
        if (string.IsNullOrEmpty(callback))
            return null;
        if (!Uri.TryCreate(callback, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)) || uri.UserInfo.Length > 0)
            throw IngestRefusedException.Malformed("callback must be an https address.");
        return options.CallbackKey is not null && options.CallbackHosts.Contains(uri.Host) ? uri
            : throw IngestRefusedException.Malformed("callback must be on a host that is allowed here.");
    }

    /// <summary>Sends the current status of a video, with the event. Logs a failed delivery, which does not fail the ingest.</summary>
    public async Task SendAsync(Uri callback, VideoId video, VideoEvent happened, CancellationToken cancellationToken)
    {
        VideoStatus status;
        try
        {
            if (await statuses.ReadAsync(video, cancellationToken) is not { } stored)
                return;
            status = stored.Status;
        }
        catch (UpstreamException e)
        {
            logger.LogWarning(e, "The status of {Video} could not be read for its callback", video);
            return;
        }
        var document = JsonSerializer.SerializeToNode(status, StatusJson.Default.VideoStatus)!.AsObject();
        document.Insert(0, "event", NameOf(happened));
        var body = Encoding.UTF8.GetBytes(document.ToJsonString());
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, callback) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.Add(SignatureHeader, Sign(body));
                using var response = await _http.SendAsync(request, cancellationToken);
                if (response.IsSuccessStatusCode)
                    return;
                logger.LogWarning("The callback of {Video} answered {Status}", video, (int)response.StatusCode);
                if ((int)response.StatusCode < 500)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                logger.LogWarning("The callback of {Video} cannot be reached: {Reason}", video, e.Message);
            }
            if (attempt == s_waits.Length)
                return;
            await Task.Delay(s_waits[attempt], clock, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private static string NameOf(VideoEvent happened) => happened switch
    {
        VideoEvent.Playable => "video.playable",
        VideoEvent.Ready => "video.ready",
        _ => "video.failed",
    };

    private string Sign(byte[] body)
    {
        var time = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(options.CallbackKey!, (byte[])[.. Encoding.UTF8.GetBytes(time + "."), .. body]))}";
    }
}
