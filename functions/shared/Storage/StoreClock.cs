using System.Globalization;
using Amazon.Runtime;

namespace Reelseal.Storage;

/// <summary>
/// Follows the clock of an S3 server by the <c>Date</c> of its answers (RFC 9110, section 6.6.1),
/// to tell how old an object is without trusting this machine's clock.
/// </summary>
internal sealed class StoreClock
{
    private readonly Lock _gate = new();
    private object? _followed;
    private long _ahead; // ticks by which the server's clock is ahead of ours

    /// <summary>Reads the time from every answer that this client gets.</summary>
    public void Follow(object client)
    {
        if (_followed is not null || client is not AmazonServiceClient service)
            return;
        lock (_gate)
        {
            if (_followed is not null)
                return;
            service.AfterResponseEvent += (_, answered) => Read(answered);
            _followed = client;
        }
    }

    public ObjectEntry EntryOf(string key, long length, string eTag, DateTime? modified)
    {
        var lastModified = modified is { } known ? new DateTimeOffset(known.ToUniversalTime()) : default;
        var age = DateTimeOffset.UtcNow + TimeSpan.FromTicks(Interlocked.Read(ref _ahead)) - lastModified;
        return new(key, length, eTag, lastModified) { Age = age > TimeSpan.Zero ? age : TimeSpan.Zero };
    }

    private void Read(ResponseEventArgs answered)
    {
        if (answered is WebServiceResponseEventArgs { ResponseHeaders: { } headers } && headers.TryGetValue("Date", out var date)
            && DateTimeOffset.TryParseExact(date, "R", CultureInfo.InvariantCulture, DateTimeStyles.None, out var now))
            Interlocked.Exchange(ref _ahead, (now - DateTimeOffset.UtcNow).Ticks);
    }
}
