using System.Net;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Probing;

/// <summary>Recordings that were joined in one file, byte by byte or by a recorder: all are published, or the answer says what would be missing.</summary>
public sealed class JoinedFileTests(ClassHost shared) : IClassFixture<ClassHost>
{
    private const int Limit = 300_000;
    private const string X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

    private IngestHost Host => shared.Started;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("ts", 0, 50_000)] // far ahead: longer than any video may be
    [InlineData("ts", 50_000, 0)]
    [InlineData("ts", 0, 0)]
    [InlineData("mpg", 0, 0)]
    public async Task Of_MPEG_streams_all_is_published_whatever_their_clocks_say(string extension, int first, int second)
    {
        var codec = extension == "ts" ? $"{X264} -c:a aac" : "-c:v mpeg2video -c:a mp2";
        var video = await IngestAsync(
            await RecordingAsync($"first.{extension}", 5, $"{codec} -output_ts_offset {first}"),
            await RecordingAsync($"second.{extension}", 4, $"{codec} -output_ts_offset {second}"));

        await IsCorrectAsync(video);
        Assert.Equal(9, video.Status.Duration!.Value, 0.15);
    }

    [Theory(Timeout = Limit)]
    [InlineData("flv", "-ar 44100 -c:a aac", "Only the first could be shown")]
    [InlineData("connected-again.flv", "-ar 44100 -c:a aac", "Only the first 5")] // by the recorder: without a second header
    [InlineData("ogv", "-c:v libtheora -c:a libvorbis", "Only the first could be shown")]
    [InlineData("fragmented.mp4", "-movflags +frag_keyframe+empty_moov+default_base_moof", "Only the first 5")]
    [InlineData("mkv", "", "Only the first could be shown")]
    [InlineData("mp4", "", "Only the first could be shown")]
    [InlineData("pids.ts", "", "Only the first 5")] // the second in streams of its own
    public async Task Where_only_the_first_could_be_shown_the_answer_says_so(string extension, string arguments, string reason)
    {
        var pids = extension == "pids.ts" ? "-mpegts_start_pid 512 -streamid 0:512 -streamid 1:513" : "";
        var codec = extension == "ogv" ? "" : X264;
        var second = await RecordingAsync($"other.{extension}", 7, $"{codec} {arguments} {pids}");
        await using var own = await IngestHost.StartAsync();
        using var response = await own.PostAsync(new MemoryStream(
        [
            .. await RecordingAsync($"single.{extension}", 5, $"{codec} {arguments}"),
            .. extension == "connected-again.flv" ? second.AsSpan(13) : second,
        ]));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "There are several recordings in the file");
        Assert.Contains(reason, await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await own.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_recording_of_a_whole_multiplex_is_one_recording()
    {
        const int programs = 24;
        var picture = await Clip.MakeAsync("program.ts", $"-f lavfi -i testsrc2=s=160x90:r=25:d=5 {X264} -g 25");
        var streams = Enumerable.Range(0, programs);
        var multiplex = await Clip.MakeAsync(
            "multiplex.ts",
            $"-i {picture} {string.Join(' ', streams.Select(_ => "-map 0:v"))} -c copy {string.Join(' ', streams.Select(one => $"-program st={one}"))}");

        var video = await IngestAsync(await File.ReadAllBytesAsync(multiplex, Token), []);

        Assert.Equal(5, video.Status.Duration!.Value, 0.15);
        Assert.Equal(programs - 1, video.Status.Skipped!.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task A_sound_that_begins_after_megabytes_of_picture_is_published()
    {
        const string noise = "-f lavfi -i testsrc2=s=320x180:r=25:d=10,noise=alls=90:allf=t -c:v libx264 -preset ultrafast -qp 3 -pix_fmt yuv420p";
        var mute = await File.ReadAllBytesAsync(await Clip.MakeAsync("mute.ts", noise), Token);
        Assert.InRange(mute.Length, 6_000_000, 60_000_000); // more than ffmpeg looks at

        var video = await IngestAsync(mute, await RecordingAsync("heard.ts", 4, $"{X264} -c:a aac"));

        await IsCorrectAsync(video);
        Assert.Equal(14, video.Status.Duration!.Value, 0.15);
        Assert.Contains(video.Status.Renditions, rendition => rendition.Type == "audio");
    }

    [Theory(Timeout = Limit)]
    [InlineData("flv", "-ar 44100 -c:a aac", false)]
    [InlineData("flv", "-ar 44100 -c:a aac", true)]
    [InlineData("avi", "-c:v mpeg4 -c:a libmp3lame", false)]
    [InlineData("avi", "-c:v mpeg4 -c:a libmp3lame", true)]
    public async Task A_length_that_was_never_true_is_not_damage_but_a_file_that_is_cut_off_is_refused(string extension, string codecs, bool isCut)
    {
        var file = await RecordingAsync($"announced.{extension}", 5, $"{(extension == "flv" ? X264 : "")} {codecs}");
        if (extension == "flv")
            BitConverter.GetBytes(BitConverter.DoubleToInt64Bits(5_000)).Reverse().ToArray().CopyTo(file, file.AsSpan().IndexOf("duration"u8) + 9);
        else
            BitConverter.GetBytes(5_000).CopyTo(file, file.AsSpan().IndexOf("strh"u8) + 40); // the pictures of the first stream

        using var response = await Host.PostAsync(new MemoryStream(isCut ? file[..(file.Length * 2 / 3)] : file));

        if (isCut)
            await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "cut off");
        else
            Assert.Equal(5, (await PublishedVideo.StatusOfAsync(response)).Duration!.Value, 0.15);
    }

    [Theory(Timeout = Limit)]
    [InlineData("mkv", X264 + " -c:a aac")]
    [InlineData("avi", "-c:v mpeg4 -c:a libmp3lame")]
    public async Task A_file_of_the_right_size_that_was_not_written_to_its_end_is_refused(string extension, string codecs)
    {
        var file = await RecordingAsync($"begun.{extension}", 20, codecs);
        file.AsSpan(file.Length * 2 / 5).Clear();

        using var response = await Host.PostAsync(new MemoryStream(file));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "cut off");
    }

    [Fact(Timeout = Limit)]
    public async Task An_MP4_with_a_second_index_of_the_same_film_is_published()
    {
        var file = await RecordingAsync("indexed.mp4", 4, $"{X264} -c:a aac -movflags +faststart");
        var at = file.AsSpan().IndexOf("moov"u8) - 4;
        var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));

        var video = await IngestAsync(file, file[at..(at + length)]);

        Assert.Equal(4, video.Status.Duration!.Value, 0.15);
    }

    private static async Task<byte[]> RecordingAsync(string name, int seconds, string arguments)
    {
        var clip = $"-f lavfi -i testsrc2=s=320x180:r=25:d={seconds} -f lavfi -i sine=f={seconds * 100}:d={seconds}:r=44100 {arguments}";
        return await File.ReadAllBytesAsync(await Clip.MakeAsync(name, clip), Token);
    }

    private async Task<PublishedVideo> IngestAsync(byte[] first, byte[] second)
    {
        using var response = await Host.PostAsync(new MemoryStream([.. first, .. second]));
        return await PublishedVideo.OfAsync(Host, response);
    }
}
