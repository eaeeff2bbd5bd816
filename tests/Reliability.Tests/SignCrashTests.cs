using System.Collections.Concurrent;
using System.Net;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Testing;

namespace Reelseal.Reliability.Tests;

/// <summary>sign-playlist dies under its players, again and again: they may have to ask twice, but never get anything wrong.</summary>
public sealed class SignCrashTests(CephRgw s3, Systems systems)
{
    private const int Players = 10;

    [Fact(Timeout = 600_000)]
    public Task Players_that_ask_again_never_see_a_wrong_answer() => systems.UseAsync(s3, faulty => KillUnderLoadAsync(faulty, 2));

    [Fact(Timeout = 3_600_000)]
    [Trait("Category", "Soak")]
    public Task Players_that_ask_again_never_see_a_wrong_answer_at_20_moments() => systems.UseAsync(s3, faulty => KillUnderLoadAsync(faulty, 20));

    private static async Task KillUnderLoadAsync(FaultySystem faulty, int count)
    {
        var random = Chance.Create();
        var (system, run) = (faulty.System, faulty.Run);
        var video = VideoId.New();
        await system.InsistAsync(video, run.Clip);
        var right = await PathsAsync(system, video);
        using var stop = new CancellationTokenSource();
        var seen = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var players = Enumerable.Range(0, Players).Select(_ => Task.Run(() => AskAsync(system, video, right, seen, stop.Token))).ToList();
        for (var kill = 0; kill < count; kill++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(300, 1500)));
            await system.KillAsync(LocalSystem.SignPlaylist);
            await system.Local.StartFunctionAsync(LocalSystem.SignPlaylist, TestContext.Current.CancellationToken);
        }
        await Task.Delay(TimeSpan.FromSeconds(0.5));
        await stop.CancelAsync();
        await Task.WhenAll(players);
        var answers = seen.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Value} {one.Key}");
        Report.Line($"{count} kills; answers: {string.Join(", ", answers)}");
        Assert.True(seen["right"] > 10 * count);
    }

    /// <summary>
    /// Fetches the video's playlists with a token until it is stopped. The connection may break,
    /// and the gateway may fail to reach the function; everything else must be correct.
    /// </summary>
    private static async Task AskAsync(
        S3System system, VideoId video, IReadOnlyList<string> right, ConcurrentDictionary<string, int> seen, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            string outcome;
            try
            {
                Assert.Equal(right, await PathsAsync(system, video));
                outcome = "right";
            }
            catch (VideoClientException e)
            {
                Assert.True(e.Status == HttpStatusCode.InternalServerError && e.Message.Contains("Can't reach service", StringComparison.Ordinal), e.Message);
                outcome = "unreachable";
            }
            catch (HttpRequestException)
            {
                outcome = "broken off";
            }
            seen.AddOrUpdate(outcome, 1, (_, before) => before + 1);
            if (outcome != "right")
                await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>The paths of everything that the playlists name, and whether each is signed or carries its token.</summary>
    private static async Task<IReadOnlyList<string>> PathsAsync(S3System system, VideoId video)
    {
        var paths = new List<string>();
        foreach (var rendition in await system.Client.GetPlaylistAsync(system.Client.GatewayPlaylist(video), CancellationToken.None))
        {
            paths.Add(Describe(rendition));
            paths.AddRange((await system.Client.GetPlaylistAsync(rendition.Uri, CancellationToken.None)).Select(Describe));
        }
        return paths;
    }

    private static string Describe(HlsEntry entry)
    {
        var query = entry.Uri.Query;
        var access = query.Contains("Signature=", StringComparison.Ordinal) ? "signed"
            : query.Contains("token=", StringComparison.Ordinal) ? "with token" : "open";
        return $"{entry.Tag} {entry.Uri.AbsolutePath} {access}";
    }
}
