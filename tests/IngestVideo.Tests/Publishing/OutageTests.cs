using System.Net;
using IngestVideo.Status;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Storage;

namespace IngestVideo.Tests.Publishing;

/// <summary>The whole store is gone for a moment, as when its server restarts.</summary>
public sealed class OutageTests
{
    private const int Limit = 300_000;
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(3);

    [Theory(Timeout = Limit)]
    [InlineData("status/", 1, true)] // the claim was written, but the answer was lost
    [InlineData("status/", 2, false)] // a heartbeat, or what says that transcoding begins
    [InlineData(".ts", 1, false)]
    [InlineData("/playlist.m3u8", 1, false)]
    [InlineData("multivariant.m3u8", 1, false)]
    [InlineData("multivariant.m3u8", 1, true)] // the commit was written, but the answer was lost
    public async Task Is_waited_out(string key, int time, bool answerIsLost)
    {
        var writes = 0;
        await using var host = await StartAsync(
            (method, written) => method == "PUT" && written.Contains(key, StringComparison.Ordinal) && Interlocked.Increment(ref writes) == time,
            s_short, answerIsLost);

        var video = await host.IngestAsync(await Clip.SimpleAsync());

        Assert.True(((OutageStore)host.Store).Begun);
        await StreamAssert.IsCorrectAsync(video);
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
    }

    [Fact(Timeout = Limit)]
    public async Task Is_waited_out_before_a_refusal_as_well_so_that_nothing_is_stuck()
    {
        var writes = 0;
        await using var host =
            await StartAsync((method, key) => method == "LIST" && key.StartsWith("videos/", StringComparison.Ordinal) && Interlocked.Increment(ref writes) == 1,
            s_short);
        var id = VideoId.New();

        using var response = await host.PostAsync(new MemoryStream("no video"u8.ToArray()), id);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.True(((OutageStore)host.Store).Begun);
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task That_begins_after_the_commit_changes_nothing()
    {
        await using var host = await StartAsync((method, key) => method == "DELETE", TimeSpan.FromHours(1));
        var id = VideoId.New();
        var orphan = ObjectKeys.Attempt(id, "0123456789abcdef") + "234p/00000.ts"; // of a worker that was killed
        await host.Store.PutAsync(orphan, new MemoryStream([1]), WriteCondition.None, CancellationToken.None);

        using var response = await host.PostAsync(await Clip.SimpleAsync(), id);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        await using var next = await IngestHost.StartAsync(host.Root, _ => { });
        Assert.Contains(orphan, await next.KeysAsync()); // fsck finds it
        var video = await PublishedVideo.ReadAsync(next, id);
        Assert.Equal(VideoState.Ready, video.Status.State);
        await StreamAssert.IsCorrectAsync(video);
    }

    private static Task<IngestHost> StartAsync(Func<string, string, bool> begins, TimeSpan lasts, bool answerIsLost = false)
    {
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var real = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        return IngestHost.StartAsync(root, services => services.AddSingleton<IObjectStore>(new OutageStore(real, begins, lasts, answerIsLost)));
    }
}
