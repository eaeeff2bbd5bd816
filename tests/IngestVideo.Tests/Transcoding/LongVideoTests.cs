using System.Globalization;
using System.Net;
using FFMpegCore;
using IngestVideo.Status;
using Reelseal;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Transcoding;

/// <summary>Two hours: memory and disk do not grow with the video, and all of it arrives.</summary>
public sealed class LongVideoTests
{
    private const long MiB = 1 << 20;

    [Theory(Timeout = 3_000_000)]
    [InlineData("true")]
    [InlineData("false")]
    [Trait("Category", "Soak")]
    public Task Two_hours_take_no_more_memory_and_disk_than_a_minute(string copy) => IngestAsync(copy, seconds: 7200);

    [Fact(Timeout = 600_000)]
    [Trait("Category", "Soak")]
    public Task Two_minutes_are_published_completely() => IngestAsync("true", seconds: 120);

    private static async Task IngestAsync(string copy, int seconds)
    {
        // A minute whose packets are repeated: picture and sound separately, so that pictures follow one another exactly.
        var picture = await Clip.MakeAsync(
            "minute.mp4",
            "-f lavfi -i testsrc2=s=640x360:r=10:d=60 "
            + "-c:v libx264 -preset ultrafast -bf 0 -g 20 -keyint_min 20 -sc_threshold 0 -b:v 200k -pix_fmt yuv420p");
        var sound = await Clip.MakeAsync("minute.m4a", "-f lavfi -i sine=d=60:r=48000 -c:a aac -b:a 64k");
        var film = await Clip.MakeAsync(
            $"film-{seconds}.mp4", $"-stream_loop {seconds / 60 - 1} -i {picture} -stream_loop {seconds / 60 - 1} -i {sound} -map 0 -map 1 -c copy");
        await using var host = await IngestHost.StartAsync();
        await using var worker = await WorkerProcess.StartAsync(host, ("COPY_SOURCE", copy), ("X264_PRESET", "ultrafast"));
        worker.Client.Timeout = TimeSpan.FromMinutes(45);
        var id = VideoId.New();

        var start = DateTimeOffset.UtcNow;
        var ingest = host.PostAsync(film, id, client: worker.Client);
        var progress = new List<double>();
        long disk = 0;
        while (!ingest.IsCompleted)
        {
            disk = Math.Max(disk, BytesIn(worker.WorkDirectory));
            using var answer = await host.Client.GetAsync(new Uri($"/videos/{id}", UriKind.Relative));
            if (answer.IsSuccessStatusCode)
                progress.Add((await PublishedVideo.StatusOfAsync(answer)).Progress);
            await Task.WhenAny(ingest, Task.Delay(250));
        }
        using var response = await ingest;

        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        var memory = worker.PeakMemory;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(DateTimeOffset.UtcNow - start).TotalSeconds:0} s; disk {disk / MiB} MiB; memory {memory / MiB} MiB; {progress.Distinct().Count()} steps"));
        Assert.Equal(progress.Order(), progress);
        Assert.True(progress.Distinct().Count() > (seconds > 1000 ? 20 : 2), string.Join(", ", progress));
        Assert.InRange(disk, 1, 64 * MiB);
        Assert.InRange(memory, 1, 200 * MiB);

        var video = await PublishedVideo.ReadAsync(host, id);
        Assert.Equal(seconds, video.Status.Duration!.Value, 0.001 * seconds + 1); // each joint of the sound adds a hundredth of a second
        foreach (var rendition in video.Status.Renditions)
        {
            var segments = Segments(video, rendition.Name);
            Assert.InRange(segments.Count, rendition.Type == "iframes" ? seconds / 2 - 2 : seconds / 6 - 2, rendition.Type == "iframes" ? seconds / 2 + 2
                : seconds / 6 + 2);
            Assert.Equal(seconds, segments.Sum(segment => segment.Seconds), 0.001 * seconds + 1);
            Assert.All(segments, segment => Assert.True(new FileInfo(video.File(rendition.Name, segment.Name)).Length > 0));
        }
        Assert.Equal(["audio", "iframes", "video", "video"], video.Status.Renditions.Select(rendition => rendition.Type).Order());
        Assert.Empty(Directory.EnumerateFileSystemEntries(worker.WorkDirectory));
        // The last segment still belongs to the first one's time: picture and sound end together.
        var ends = await Task.WhenAll(
            video.Status.Renditions.Where(rendition => rendition.Type is "video" or "audio").Select(rendition => EndAsync(video, rendition)));
        Assert.All(ends, end => Assert.Equal(ends[0], end, 0.001 * seconds + 0.5));
    }

    private static async Task<double> EndAsync(PublishedVideo video, RenditionStatus rendition)
    {
        var last = video.File(rendition.Name, Segments(video, rendition.Name)[^1].Name);
        return (await FFProbe.GetPacketsAsync(last)).Packets.Max(packet => double.Parse(packet.PtsTime!, CultureInfo.InvariantCulture));
    }

    private static long BytesIn(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Name != "source" && file.Exists)
                .Sum(file => file.Length);
        }
        catch (IOException)
        {
            return 0; // something was removed while it was looked at: the next look counts
        }
    }
}
