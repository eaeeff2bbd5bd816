using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace IngestVideo.Callbacks;

/// <summary>What became of an attempt to send a callback.</summary>
internal enum Delivery
{
    /// <summary>The receiver has it.</summary>
    Done,

    /// <summary>The receiver does not want it: sending it again would not help.</summary>
    Refused,

    /// <summary>It may succeed later.</summary>
    Failed,
}

/// <summary>Sends callbacks to URLs that requests named, if the operator allows their hosts, signed as Standard Webhooks 1.0 asks.</summary>
/// <remarks>
/// <c>webhook-signature</c> is <c>v1,</c> and the base64 of the HMAC-SHA256 of <c>webhook-id</c>, a full stop, <c>webhook-timestamp</c>, a full stop and the
/// body, under <see cref="IngestOptions.WebhookKey"/>: the receiver can verify the sender, and recognise an old callback that is sent again. The header
/// <c>X-Reelseal-Signature</c> of 0.1.0 is sent as well until the version after this one.
/// </remarks>
public sealed class CallbackSender(IngestOptions options, TimeProvider clock, ILogger<CallbackSender> logger) : IDisposable
{
    public const string SignatureHeader = "X-Reelseal-Signature";

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

    /// <summary>Sends a callback once, and logs why it was not received.</summary>
    internal async Task<Delivery> SendAsync(CallbackMessage message, CancellationToken cancellationToken)
    {
        try
        {
            Check(message.Address.AbsoluteUri); // a host may have lost its place in the list since
            var body = Encoding.UTF8.GetBytes(message.Body);
            using var request = new HttpRequestMessage(HttpMethod.Post, message.Address) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            Sign(request.Headers, message.Id, body);
            // Nobody reads what the receiver answers, which may be endless.
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode)
                return Delivery.Done;
            logger.LogWarning("The callback of {Video} answered {Status}", message.Video, (int)response.StatusCode);
            return response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
                ? Delivery.Failed : Delivery.Refused;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            logger.LogWarning("The callback of {Video} cannot be reached: {Reason}", message.Video, e.Message);
            return Delivery.Failed;
        }
        catch (IngestRefusedException e)
        {
            logger.LogWarning("The callback of {Video} is not sent: {Reason}", message.Video, e.Message);
            return Delivery.Refused;
        }
    }

    public void Dispose() => _http.Dispose();

    private void Sign(HttpRequestHeaders headers, string id, byte[] body)
    {
        var time = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        headers.Add("webhook-id", id);
        headers.Add("webhook-timestamp", time);
        headers.Add("webhook-signature", "v1," + Convert.ToBase64String(Hash(options.WebhookKey!, $"{id}.{time}.")));
        headers.Add(SignatureHeader, $"t={time},v1={Convert.ToHexStringLower(Hash(options.CallbackKey!, $"{time}."))}");

        byte[] Hash(byte[] key, string prefix) => HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes(prefix), .. body]);
    }
}
