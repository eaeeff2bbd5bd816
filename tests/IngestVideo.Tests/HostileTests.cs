using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Hostile and broken files: each ends within its limits in a documented status, and leaves nothing behind.</summary>
public sealed class HostileTests : IAsyncLifetime
{
    private const int Limit = 300_000;

    private IngestHost Host { get; set; } = null!;

    public async ValueTask InitializeAsync() => Host = await IngestHost.StartAsync(("MAX_TRANSCODE_TIME", "30s"));

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    [Fact(Timeout = Limit)]
    public async Task An_AVI_with_a_playlist_for_subtitles_opens_nothing()
    {
        using var canary = new TcpListener(IPAddress.Loopback, 0);
        canary.Start();
        var playlist = $"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\nhttp://{canary.LocalEndpoint}/segment.ts\n"
            + "#EXTINF:1.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";

        using var response = await Host.PostAsync(new MemoryStream(AviWithSubtitles(playlist)));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "");
        Assert.False(canary.Pending());
        await Host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_track_whose_samples_lie_in_another_file_takes_nothing_from_there()
    {
        const string clip = "-f lavfi -i testsrc2=s=320x180:r=25:d=3 -f lavfi -i SOUND -t 3 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le";
        var canary = await Clip.MakeAsync("canary.mov", clip.Replace("SOUND", "sine=f=440:r=48000", StringComparison.Ordinal));
        var silent = await Clip.MakeAsync("silent.mov", clip.Replace("SOUND", "anullsrc=r=48000:cl=mono", StringComparison.Ordinal));
        var evil = Path.Combine(Host.Root, "evil.mov");
        await File.WriteAllBytesAsync(evil, WithSamplesElsewhere(await File.ReadAllBytesAsync(silent), canary));
        var opened = await Ffmpeg.BytesAsync("-enable_drefs", "1", "-use_absolute_path", "1", "-i", evil, "-map", "0:a", "-f", "s16le", "-");
        Assert.Contains(opened, sample => sample is not 0); // ffmpeg with these options opens the canary

        var video = await Host.IngestAsync(evil);

        await StreamAssert.IsCorrectAsync(video);
        Assert.All(video.Status.Renditions, rendition => Assert.NotEqual("audio", rendition.Type));
    }

    [Fact(Timeout = Limit)]
    public async Task A_picture_of_30000_by_30000_is_refused()
    {
        // Said by the container and by every picture.
        var video = await File.ReadAllBytesAsync(await Clip.MakeAsync("jpeg.avi", "-f lavfi -i testsrc2=s=64x64:d=0.2 -c:v mjpeg -pix_fmt yuvj420p"));
        var format = video.AsSpan().IndexOf("strf"u8) + 12;
        BinaryPrimitives.WriteInt32LittleEndian(video.AsSpan(format), 30_000);
        BinaryPrimitives.WriteInt32LittleEndian(video.AsSpan(format + 4), 30_000);
        ReadOnlySpan<byte> startOfFrame = [0xFF, 0xC0, 0x00, 0x11, 0x08];
        var pictures = 0;
        for (int at = 0, next; (next = video.AsSpan(at).IndexOf(startOfFrame)) >= 0; pictures++)
        {
            at += next + startOfFrame.Length;
            BinaryPrimitives.WriteInt16BigEndian(video.AsSpan(at), 30_000);
            BinaryPrimitives.WriteInt16BigEndian(video.AsSpan(at + 2), 30_000);
        }
        Assert.Equal(5, pictures);

        using var response = await Host.PostAsync(new MemoryStream(video));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "has no size"); // ffprobe refuses the size when it knows the limit
        await Host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_picture_larger_than_the_limit_is_refused_with_its_size()
    {
        await using var host = await IngestHost.StartAsync(("MAX_PIXELS", "50000"));

        using var response = await host.PostAsync(await Clip.SimpleAsync());

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "320");
        await host.AssertNothingIsLeftAsync();
    }

    [Theory(Timeout = Limit)]
    [InlineData(5_000, HttpStatusCode.Created)] // a description, say
    [InlineData(3_000_000, HttpStatusCode.UnprocessableEntity)]
    public async Task A_track_with_a_very_long_title_is_taken_or_refused(int length, HttpStatusCode status)
    {
        var metadata = Path.Combine(Host.Root, "metadata");
        await File.WriteAllTextAsync(metadata, $";FFMETADATA1\n[STREAM]\ntitle={new string('x', length)}\n");
        var clip = await Clip.MakeAsync(
            $"title-{length}.mkv",
                $"-f lavfi -i testsrc2=s=128x96:d=1:r=10 -f ffmetadata -i {metadata} -map_metadata:s:v 1:s:0 -c:v libx264 -preset ultrafast -pix_fmt yuv420p");

        using var response = await Host.PostAsync(clip);

        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    [Fact(Timeout = Limit)]
    public async Task A_thousand_streams_are_refused()
    {
        var maps = string.Concat(Enumerable.Repeat("-map 0 ", 1000));
        var clip = await Clip.MakeAsync("streams.mkv", $"-f lavfi -i sine=d=0.1:r=8000 {maps}-c:a pcm_s16le");

        using var response = await Host.PostAsync(clip);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "stream");
        await Host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_claim_of_ten_hours_in_a_tiny_file_is_refused()
    {
        var clip = await Clip.MakeAsync("claim.mkv", "-f lavfi -i testsrc2=s=64x64:r=1:d=2 -vf setpts=N*36000/TB -fps_mode passthrough -c:v libx264");
        Assert.InRange(new FileInfo(clip).Length, 0, 20_000);

        using var response = await Host.PostAsync(clip);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "10:00");
        await Host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_decodes_for_ever_is_stopped()
    {
        await using var host = await IngestHost.StartAsync(("MAX_TRANSCODE_TIME", "3s"));
        var id = VideoId.New();
        // Two pictures three and a half hours apart: a constant rate makes hundreds of thousands of them.
        var clip = await Clip.MakeAsync("endless.mkv", "-f lavfi -i testsrc2=s=320x180:r=1:d=2 -vf setpts=N*12600/TB -fps_mode passthrough -c:v libx264");

        using var response = await host.PostAsync(clip, id);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "could not be encoded within");
        // It was playable for a moment, and what says that it no longer is stays.
        var keys = await host.KeysAsync();
        Assert.All(keys, key => Assert.Contains(key, (string[])[ObjectKeys.Status(id), ObjectKeys.Multivariant(id)]));
        if (keys.Contains(ObjectKeys.Multivariant(id)))
        {
            var multivariant = await File.ReadAllTextAsync(Path.Combine(host.StoreDirectory, ObjectKeys.Multivariant(id)));
            Assert.Equal(PublicationStage.Withdrawn, PublishedAttempt.Read(multivariant)!.Stage);
        }
        Assert.Null((await host.WaitForAsync(id, status => status.State == VideoState.Failed)).Playable);
        Assert.Empty(Directory.EnumerateFileSystemEntries(host.WorkDirectory));
        Assert.Empty(RunningPrograms.WorkingIn(host.WorkDirectory));
    }

    [Theory(Timeout = Limit)]
    [InlineData("", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("1A45DFA3", HttpStatusCode.UnprocessableEntity)]
    [InlineData("464C5601", HttpStatusCode.UnprocessableEntity)]
    [InlineData("52494646FFFFFF0041564920", HttpStatusCode.UnprocessableEntity)]
    [InlineData("000001BA", HttpStatusCode.UnprocessableEntity)]
    [InlineData("00000020667479706D703432", HttpStatusCode.UnprocessableEntity)]
    [InlineData("4F676753", HttpStatusCode.UnprocessableEntity)]
    public async Task Random_bytes_are_refused_whatever_they_begin_with(string start, HttpStatusCode status)
    {
        var bytes = new byte[100_000];
        new Random(42).NextBytes(bytes);
        Convert.FromHexString(start).CopyTo(bytes, 0);

        using var response = await Host.PostAsync(new MemoryStream(bytes));

        await IngestTests.AssertProblemAsync(response, status, "");
        await Host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = 240_000)]
    public Task Twenty_damaged_files_each_end_in_a_documented_status() => DamageAsync(20);

    [Fact(Timeout = 1_800_000)]
    [Trait("Category", "Soak")]
    public Task Five_hundred_damaged_files_each_end_in_a_documented_status() => DamageAsync(500);

    private async Task DamageAsync(int count)
    {
        const string picture = "-f lavfi -i testsrc2=s=128x96:d=1:r=10 -f lavfi -i sine=d=1";
        (string Name, string Arguments)[] clips =
        [
            ("damaged.mp4", $"{picture} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"),
            ("damaged.mkv", $"{picture} -c:v mpeg4 -c:a libvorbis"),
            ("damaged.ts", $"{picture} -c:v mpeg2video -c:a mp2"),
            ("damaged.avi", $"{picture} -c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le"),
            ("damaged.flv", $"{picture} -c:v flv -ar 44100 -c:a libmp3lame"),
        ];
        var files = await Task.WhenAll(clips.Select(async clip => await File.ReadAllBytesAsync(await Clip.MakeAsync(clip.Name, clip.Arguments))));
        var statuses = new Dictionary<HttpStatusCode, int>();
        var longest = TimeSpan.Zero;
        for (var i = 0; i < count; i++)
        {
            var seed = 20261122 + i; // so that each can be made again alone
            var bytes = Damage(files[i % files.Length], new Random(seed));
            var start = Stopwatch.GetTimestamp();
            using var response = await Host.PostAsync(new MemoryStream(bytes));
            Assert.True(
                response.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest or HttpStatusCode.UnsupportedMediaType
                    or HttpStatusCode.UnprocessableEntity,
                $"{clips[i % clips.Length].Name} damaged with seed {seed}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(start).Ticks));
            statuses[response.StatusCode] = statuses.GetValueOrDefault(response.StatusCode) + 1;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{string.Join(", ", statuses)}; the longest took {longest.TotalSeconds:0.0} s");
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(60)); // MAX_TRANSCODE_TIME is 30 s
        Assert.Empty(Directory.EnumerateFileSystemEntries(Host.WorkDirectory));
        Assert.Empty(RunningPrograms.WorkingIn(Host.WorkDirectory));
        // Everything in the store belongs to a ready video, or says why the video failed.
        foreach (var group in (await Host.KeysAsync()).GroupBy(key => VideoId.Parse(key.Split('/')[1][..VideoId.TextLength], provider: null)))
        {
            var status = JsonSerializer.Deserialize(await Host.Client.GetStringAsync($"/videos/{group.Key}"), StatusJson.Default.VideoStatus)!;
            Assert.True(status.State == VideoState.Ready || (status.State == VideoState.Failed && status.Error is not null && group.Count() == 1), $"{status}");
        }
    }

    /// <summary>Bits turned over, bytes cut off the end, a number changed, or a stretch overwritten.</summary>
    private static byte[] Damage(byte[] file, Random random)
    {
        var bytes = file.ToArray();
        switch (random.Next(4))
        {
            case 0:
                for (var flips = random.Next(1, 60); flips > 0; flips--)
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                return bytes[..random.Next(bytes.Length)];
            case 2: // the sizes and counts of containers are in four bytes
                var at = random.Next(bytes.Length - 4);
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), random.Next(3) switch { 0 => random.Next(), 1 => -1, _ => random.Next(16) });
                return bytes;
            default:
                var from = random.Next(bytes.Length);
                random.NextBytes(bytes.AsSpan(from, Math.Min(bytes.Length - from, random.Next(1, 2000))));
                return bytes;
        }
    }

    /// <summary>
    /// A QuickTime file, with the samples of its last track said to lie in another one, by an alias in its data reference (QuickTime File Format, "Data
    /// reference atoms").
    /// </summary>
    private static byte[] WithSamplesElsewhere(byte[] file, string path)
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(path), .. new byte[path.Length % 2]];
        // 2: an absolute path.
        byte[] record = [.. "alis"u8, 0, 0, 0, 0, .. new byte[150], 0, 2, (byte)(path.Length >> 8), (byte)path.Length, .. name, 0xFF, 0xFF, 0, 0];
        var reference = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(reference, record.Length + 4);

        // The boxes around the data reference grow with it; the samples come before them and keep their position.
        var start = 0;
        foreach (var box in (string[])["moov", "trak", "mdia", "minf", "dinf", "dref"])
        {
            start = file.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(box)) - 4;
            var size = file.AsSpan(start);
            BinaryPrimitives.WriteInt32BigEndian(size, BinaryPrimitives.ReadInt32BigEndian(size) + record.Length + 4 - "....url ....".Length);
        }
        var entry = start + 16;
        return [.. file[..entry], .. reference, .. record, .. file[(entry + "....url ....".Length)..]];
    }

    /// <summary>An AVI whose only stream is text in a GAB2 chunk, as ffmpeg reads subtitles in AVI.</summary>
    private static byte[] AviWithSubtitles(string text)
    {
        static byte[] Chunk(string id, params byte[][] content)
        {
            var body = content.SelectMany(bytes => bytes).ToArray();
            return [.. Encoding.ASCII.GetBytes(id), .. BitConverter.GetBytes(body.Length), .. body, .. new byte[body.Length % 2]];
        }

        var words = Encoding.UTF8.GetBytes(text);
        byte[] gab2 = [.. "GAB2\0"u8, 2, 0, 2, 0, 0, 0, (byte)'x', 0, 4, 0, .. BitConverter.GetBytes(words.Length), .. words];
        var header = new byte[56];
        "txts"u8.CopyTo(header);
        BitConverter.GetBytes(1).CopyTo(header, 20); // scale
        BitConverter.GetBytes(1).CopyTo(header, 24); // rate
        BitConverter.GetBytes(1).CopyTo(header, 32); // length
        return Chunk(
            "RIFF", "AVI "u8.ToArray(),
            Chunk("LIST", "hdrl"u8.ToArray(), Chunk("avih", new byte[56]), Chunk("LIST", "strl"u8.ToArray(), Chunk("strh", header), Chunk("strf", []))),
            Chunk("LIST", "movi"u8.ToArray(), Chunk("00tx", gab2)));
    }
}
