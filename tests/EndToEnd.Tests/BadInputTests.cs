using System.Net;
using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.EndToEnd.Tests;

/// <summary>Sources that are not videos are refused with a sentence that a person understands, and leave nothing behind.</summary>
public sealed class BadInputTests
{
    private const long MaxUploadBytes = 20_000_000;

    [Fact(Timeout = 120_000)]
    public async Task Is_refused_with_a_reason_and_leaves_nothing()
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        var work = Directory.CreateDirectory(Path.Combine(folder.Path, "work")).FullName;
        var clip = Path.Combine(folder.Path, "clip.mp4");
        await Clip.CreateAsync(clip, TimeSpan.FromSeconds(2), 320, 240, cancellation);
        var video = await File.ReadAllBytesAsync(clip, cancellation);
        var options = new LocalOptions
        {
            StoreDirectory = Path.Combine(folder.Path, "store"),
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["WORK_DIRECTORY"] = work, ["MAX_UPLOAD_BYTES"] = $"{MaxUploadBytes}" },
        };
        await using var system = await LocalSystem.StartAsync(options, cancellation);
        using var client = new VideoClient(system.Gateway, system.Tokens);
        foreach (var (what, status, content) in ((string, HttpStatusCode, byte[])[])
        [
            ("nothing", HttpStatusCode.BadRequest, []),
            ("a text", HttpStatusCode.UnsupportedMediaType, "This is only text, whatever it is called."u8.ToArray()),
            ("a playlist that points at a local file", HttpStatusCode.UnsupportedMediaType, "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"u8.ToArray()),
            ("a video cut in half", HttpStatusCode.UnprocessableEntity, video[..(video.Length / 2)]),
            ("too much", HttpStatusCode.RequestEntityTooLarge, [.. video, .. new byte[3 * MaxUploadBytes]]),
        ])
        {
            var id = VideoId.New();
            var refusal = await Assert.ThrowsAsync<VideoClientException>(() => client.UploadAsync(id, new MemoryStream(content), cancellation));
            Assert.True(refusal.Status == status, $"{what}: {refusal.Message}");
            Assert.Matches(@": \d{3} [A-Z].*\.$", refusal.Message); // a sentence
            Assert.Empty(await system.Store.ListAsync($"videos/{id}/", cancellation).ToListAsync(cancellation));
            Assert.Empty(await system.Store.ListAsync("uploads/", cancellation).ToListAsync(cancellation));
        }
        Assert.Empty(Directory.GetFileSystemEntries(work));
    }
}
