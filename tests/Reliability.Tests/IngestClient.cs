using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Reelseal.Local;
using Reelseal.Tokens;

namespace Reelseal.Reliability.Tests;

/// <summary>The outcome of a request to ingest a video.</summary>
/// <param name="Status">null when the connection broke instead.</param>
/// <param name="RetryAfter">The answer's <c>Retry-After</c>.</param>
/// <param name="Body">The answer's body.</param>
internal sealed record IngestAnswer(HttpStatusCode? Status, TimeSpan? RetryAfter = null, string Body = "");

/// <summary>Sends videos to the gateway and accepts any answer.</summary>
internal sealed class IngestClient(LocalSystem system) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(5) };

    /// <param name="video">The id for the video.</param>
    /// <param name="content">The video; null for the stored upload <c>uploads/{id}</c>.</param>
    public async Task<IngestAnswer> PostAsync(VideoId video, Stream? content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{system.Gateway}/function/ingest-video/")
        {
            Content = content is null
                ? new StringContent($$"""{"source":"{{ObjectKeys.Upload(video)}}"}""", Encoding.UTF8, "application/json")
                : new StreamContent(content),
        };
        request.Headers.Add("X-Call-Id", video.ToString());
        request.Headers.Authorization =
            new AuthenticationHeaderValue("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Ingest], Lifetime = TimeSpan.FromHours(1) }));
        try
        {
            using var response = await _http.SendAsync(request);
            return new(response.StatusCode, response.Headers.RetryAfter?.Delta, await response.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException)
        {
            return new(Status: null);
        }
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>Bytes that arrive evenly over a while, as from a phone.</summary>
internal sealed class SlowStream(byte[] content, TimeSpan during) : Stream
{
    private const int Pieces = 20;
    private int _position;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var length = Math.Min(Math.Min(buffer.Length, (content.Length + Pieces - 1) / Pieces), content.Length - _position);
        if (length > 0)
            await Task.Delay(during * length / content.Length, cancellationToken);
        content.AsSpan(_position, length).CopyTo(buffer.Span);
        _position += length;
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => _position; set => throw new NotSupportedException(); }
    public override void Flush() => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
