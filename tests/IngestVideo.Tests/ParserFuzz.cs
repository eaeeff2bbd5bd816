using System.Text;
using IngestVideo.Planning;
using IngestVideo.Probing;
using IngestVideo.Processes;
using IngestVideo.Publishing;
using IngestVideo.Transcoding;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Almost correct input from a stranger's file: ingest refuses it as documented, or understands it as something that ffmpeg can do.</summary>
public sealed class ParserFuzz
{
    private const int Limit = 300_000;
    private const int LongLimit = 3_600_000;

    private static readonly IngestOptions s_options = new();
    private static readonly Prober s_prober = new(new Sandbox(NullLogger<Sandbox>.Instance), s_options);

    private static readonly Fuzzer s_starts = new(
        [
            [0x1A, 0x45, 0xDF, 0xA3, 0x9F, .. new byte[40]], [.. "FLV\x01\x05"u8, .. new byte[20]], [.. "RIFF\0\0\0\0AVI LIST"u8, .. new byte[20]],
                [.. "OggS"u8, .. new byte[30]], [0, 0, 1, 0xBA, .. new byte[30]],
            TransportStream(188, 0), TransportStream(192, 4), TransportStream(204, 0), [1, 2, 3, .. TransportStream(188, 0), .. TransportStream(188, 0)],
            [.. "GIF89a"u8, .. new byte[20]], [.. "DKIF"u8, .. new byte[28]], [0x1F, 7, 0, .. new byte[77], 0x3F, 7, 0], [0, 0, 0, 1, 0x67, 0x64, 0, 0x0B],
                [0, 0, 1, 0xB3, 10, 0],
            [0, 0, 0, 0x18, .. "ftypisom\0\0\x02\0isomiso2"u8, 0, 0, 0, 8, .. "free"u8, 0, 0, 0, 0x10, .. "mdat12345678"u8],
                [0, 0, 0, 1, .. "moov"u8, 0, 0, 0, 0, 0, 0, 0, 0x18, .. new byte[8]],
            .. ((string[])["#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n", "<?xml version=\"1.0\"?><MPD/>",
                "[playlist]\nFile1=http://127.0.0.1/"]).Select(Encoding.UTF8.GetBytes),
        ],
        [.. "ftyp"u8], [.. "moov"u8], [.. "mdat"u8], [0, 0, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x80, 0, 0, 0, 0, 0, 0, 0], [0x47], [.. "heic"u8], [.. "#EXTM3U\n"u8]);

    private static readonly Fuzzer s_probes = new(
        [
            .. ((string[])[
                """
                {"streams":[
                {"index":0,"codec_name":"h264","codec_type":"video","profile":"High","width":1920,"height":1080,"sample_aspect_ratio":"1:1",
                "pix_fmt":"yuv420p","field_order":"progressive","color_range":"tv","r_frame_rate":"30000/1001","avg_frame_rate":"30000/1001",
                "duration":"12.345000","bit_rate":"4000000","disposition":{"default":1,"attached_pic":0},"tags":{"language":"eng","title":"x"},
                "side_data_list":[{"side_data_type":"Display Matrix","rotation":-90}]},
                {"index":1,"codec_name":"aac","codec_type":"audio","channels":2,"sample_rate":"48000","duration":"12.3","tags":{"language":"und"}},
                {"index":2,"codec_name":"mov_text","codec_type":"subtitle","tags":{"language":"ger","title":"Deutsch"}}],
                "format":{"format_name":"mov,mp4","duration":"12.4","start_time":"0.000000"}}
                """,
                """
                {"streams":[
                {"index":0,"codec_name":"vp9","codec_type":"video","width":640,"height":360,"r_frame_rate":"90000/1","avg_frame_rate":"0/0",
                "tags":{"DURATION":"00:01:02.345000000"}},
                {"index":3,"codec_name":"mjpeg","codec_type":"video","width":100,"height":100,"disposition":{"attached_pic":1}}],
                "format":{"format_name":"matroska,webm","duration":"62.3","start_time":"1.2"}}
                """,
            ]).Select(Encoding.UTF8.GetBytes),
        ],
        [.. ((string[])["null", "[]", "{}", "[null]", "-1", "1e308", "-1e308", "1e999", "2147483648", "NaN", "\"N/A\"", "\"0/0\"", "\"1/0\"", "\"-90\"",
            "\"nan\"", "\"inf\"", "\"1e9\"", "99999999999999999999", "\"", ",", ":", "\\u0000", "\\ud800", "true", "0.5", "999:1", "1:999", "\"tt\"",
            "\"smpte2084\"", "4000000000"]).Select(Encoding.UTF8.GetBytes)]);

    private static readonly Fuzzer s_subtitles = new(
        [.. ((string[])["WEBVTT\n\n00:01.000 --> 00:02.500 align:start\nOne\nTwo\n\nid\n01:00:00.000 --> 01:00:01.000\n<b>Three</b>\n",
            "WEBVTT\r\n\r\n00:00:01.000 --> 00:00:02.000\r\nx\r\n"]).Select(Encoding.UTF8.GetBytes)],
        [.. ((string[])[" --> ", ":", ".", "\n\n", "99999999999999999999", "999999999999", "-", "NaN", "∞", "1e308", "00:00:00.000"])
            .Select(Encoding.UTF8.GetBytes)]);

    [Fact(Timeout = Limit)]
    public void First_bytes_short() => s_starts.Run(CheckStart);

    [Fact(Timeout = LongLimit)]
    [Trait("Category", "Soak")]
    public void First_bytes_long() => s_starts.RunLong(CheckStart);

    [Fact(Timeout = Limit)]
    public void Probe_output_short() => s_probes.Run(CheckProbe);

    [Fact(Timeout = LongLimit)]
    [Trait("Category", "Soak")]
    public void Probe_output_long() => s_probes.RunLong(CheckProbe);

    [Fact(Timeout = Limit)]
    public void Subtitles_short() => s_subtitles.Run(CheckSubtitles);

    [Fact(Timeout = LongLimit)]
    [Trait("Category", "Soak")]
    public void Subtitles_long() => s_subtitles.RunLong(CheckSubtitles);

    [Theory]
    [InlineData("WEBVTT\n\n9999999999900:00:01.000 --> 00:00:02.000\nx\n")] // more than a TimeSpan holds
    [InlineData("WEBVTT\n\n00:00:01.000 --> 00:00:NaN\nx\n")]
    [InlineData("WEBVTT\n\n00:00:03.000 --> 0999999.999999:00:02.000\nx\n")] // written again, it was another time
    public void Subtitles_that_were_found(string file) => CheckSubtitles(Encoding.UTF8.GetBytes(file));

    [Theory(Timeout = Limit)]
    [InlineData("avg_frame_rate", "\"1e999/1\"")] // halved until it was small enough, for ever
    [InlineData("tags", """{"DURATION":"00000000"}""")] // no time at all
    public Task Probe_output_that_was_found(string field, string value) => Task.Run(() => CheckProbe(Encoding.UTF8.GetBytes(
        $$$"""{"streams":[{"index":0,"codec_type":"video","width":640,"height":360,"{{{field}}}":{{{value}}}}],"format":{"duration":"62.3"}}""")));

    private static void CheckStart(byte[] input)
    {
        try
        {
            var container = ContainerSniffer.Sniff(input.AsSpan(0, Math.Min(input.Length, ContainerSniffer.BytesNeeded)));
            Assert.Contains(
                container.Demuxer, (string[])["matroska", "flv", "avi", "ogg", "mpeg", "mxf", "mpegts", "mov", "gif", "ivf", "dv", "h264", "hevc",
                    "mpegvideo"]);
            Assert.False(input.AsSpan().StartsWith("#EXTM3U"u8) || input.AsSpan().StartsWith("ffconcat"u8) || input.AsSpan().StartsWith("<?xml"u8),
                "A text is not a video.");
            IsoBoxes.EndInsideBox(new MemoryStream(input), CancellationToken.None);
            Assert.InRange(IsoBoxes.PrependedBytes(new MemoryStream(input), CancellationToken.None), 0, input.Length);
            Assert.All(IsoBoxes.SampleEntries(new MemoryStream(input), CancellationToken.None), entry => Assert.InRange(entry.Position, 0, input.Length - 4));
        }
        catch (IngestRefusedException e)
        {
            Assert.InRange(e.StatusCode, 400, 422);
        }
    }

    private static void CheckProbe(byte[] input)
    {
        try
        {
            var media = s_prober.Understand(Encoding.UTF8.GetString(input));
            Assert.True(media.Duration is null || (media.Duration > TimeSpan.Zero && media.Duration <= s_options.MaxDuration), $"{media.Duration}");
            var plan = TranscodePlan.For(media, s_options.Ladder, s_options.SegmentFormat);
            Assert.All(plan.Video, video =>
                Assert.True(video.Size is { Width: > 0 and <= 16_384, Height: > 0 and <= 16_384 } && double.IsFinite(video.FrameRate.PerSecond)
                && video.FrameRate.PerSecond > 0, $"{video}"));
            Assert.DoesNotContain(
                FfmpegArguments.For(TranscodeStep.Of(plan)[0], new("mov"), "/scratch/source", s_options), argument =>
                argument.Contains("NaN", StringComparison.Ordinal) || argument.Contains('∞', StringComparison.Ordinal)
                || argument.Contains('\0', StringComparison.Ordinal));
        }
        catch (IngestRefusedException e)
        {
            Assert.Equal(422, e.StatusCode);
        }
    }

    private static void CheckSubtitles(byte[] input)
    {
        var cues = WebVtt.ReadAsync(new StringReader(Encoding.UTF8.GetString(input))).ToBlockingEnumerable().ToList();
        Assert.All(cues, cue => Assert.True(cue.Start >= TimeSpan.Zero && cue.End > cue.Start && cue.Text.Length > 0));
        var segment = WebVtt.WriteSegment(cues, TimeSpan.Zero, TimeSpan.FromHours(1), 0);
        // Nothing in a cue makes another one.
        Assert.Equal(cues.Count(cue => cue.Start < TimeSpan.FromHours(1)), WebVtt.ReadAsync(new StringReader(segment)).ToBlockingEnumerable().Count());
    }

    private static byte[] TransportStream(int packet, int sync)
    {
        var bytes = new byte[3 * packet];
        for (var at = sync; at < bytes.Length; at += packet)
            bytes[at] = 0x47;
        return bytes;
    }
}
