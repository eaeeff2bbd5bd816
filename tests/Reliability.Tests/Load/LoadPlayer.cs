using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Tokens;

namespace Reelseal.Reliability.Tests.Load;

/// <summary>
/// Does what a player does: a ticket, the multivariant playlist, one variant's and one sound's playlists, then their segments in order,
/// no faster than they play once the buffer is full.
/// </summary>
internal sealed class LoadPlayer(LocalSystem system, HttpClient http, Latencies latencies, Random random)
{
    private static readonly TimeSpan s_buffer = TimeSpan.FromSeconds(12);

    /// <summary>Plays one video after another until it is stopped. What fails is noted, and the next video begun.</summary>
    public async Task PlayAsync(IReadOnlyList<VideoId> videos, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await PlayAsync(videos[random.Next(videos.Count)], stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or FormatException or TaskCanceledException or InvalidOperationException)
            {
                latencies.Errors.Add(e.ToString());
            }
        }
    }

    private async Task PlayAsync(VideoId video, CancellationToken stop)
    {
        var ticket = (await AskForTicketAsync(video, stop)).Url;
        var entries = HlsPlaylist.Read(await ReadAsync("multivariant playlist", ticket, stop), ticket);
        HlsEntry[] variants = [.. entries.Where(entry => entry.Tag == "EXT-X-STREAM-INF")];
        var picture = await SegmentsAsync(random.GetItems(variants, 1)[0], stop);
        var sound = entries.FirstOrDefault(entry => entry.Type == "AUDIO") is { } audio ? await SegmentsAsync(audio, stop) : [];

        var start = TimeProvider.System.GetTimestamp();
        var fetched = TimeSpan.Zero;
        for (var index = 0; index < picture.Count; index++)
        {
            var wait = fetched - s_buffer - TimeProvider.System.GetElapsedTime(start);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, stop);
            foreach (var (address, length) in (IEnumerable<(Uri, TimeSpan)>)[picture[index], .. sound.Skip(index).Take(1)])
            {
                var content = await FetchAsync("segment", address, stop);
                if (content.Length == 0)
                    throw new InvalidOperationException($"{address.AbsolutePath} is empty.");
            }
            fetched += picture[index].Duration;
        }
        var rest = fetched - TimeProvider.System.GetElapsedTime(start);
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, stop); // the viewer watches to the end
    }

    private async Task<IReadOnlyList<(Uri Address, TimeSpan Duration)>> SegmentsAsync(HlsEntry rendition, CancellationToken stop)
    {
        var text = await ReadAsync("media playlist", rendition.Uri, stop);
        if (!text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal))
            throw new FormatException($"{rendition.Uri.AbsolutePath} is cut off.");
        return [.. HlsPlaylist.Read(text, rendition.Uri).Where(entry => entry.Tag == "EXTINF").Select(entry => (entry.Uri, entry.Duration))];
    }

    private async Task<PlayTicket> AskForTicketAsync(VideoId video, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{system.Gateway}/function/sign-playlist/videos/{video}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", system.Tokens.Mint(new() { Scopes = [Scopes.Play], Videos = [video] }));
        var start = TimeProvider.System.GetTimestamp();
        using var response = await http.SendAsync(request, stop);
        ThrowUnlessOk(response);
        var ticket = (await response.Content.ReadFromJsonAsync<PlayTicket>(stop))!;
        latencies.Add("ticket", TimeProvider.System.GetElapsedTime(start));
        return ticket;
    }

    private async Task<string> ReadAsync(string what, Uri address, CancellationToken stop) =>
        System.Text.Encoding.UTF8.GetString(await FetchAsync(what, address, stop));

    private async Task<byte[]> FetchAsync(string what, Uri address, CancellationToken stop)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var response = await http.GetAsync(address, stop);
        ThrowUnlessOk(response);
        var content = await response.Content.ReadAsByteArrayAsync(stop);
        latencies.Add(what, TimeProvider.System.GetElapsedTime(start));
        return content;
    }

    private static void ThrowUnlessOk(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"{response.RequestMessage!.RequestUri!.AbsolutePath} was answered with {(int)response.StatusCode}.");
    }
}
