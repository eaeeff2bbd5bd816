using System.Buffers.Binary;
using System.Net;
using System.Text;
using IngestVideo.Media;
using IngestVideo.Probing;

namespace IngestVideo.Tests.Probing;

/// <summary>Files that are not as the book says, and that ffmpeg plays whole: what stands before, after and around the media does not matter.</summary>
public sealed class UnusualFileTests(ClassHost shared) : IClassFixture<ClassHost>
{
    private const int Limit = 300_000;
    private const int Seconds = 4;
    private const string Picture = "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -f lavfi -i sine=d=4:r=48000 -c:v libx264 -pix_fmt yuv420p -c:a aac";

    private IngestHost Host => shared.Started;

    [Theory(Timeout = Limit)]
    [InlineData("styp")]
    [InlineData("uuid")]
    [InlineData("free")]
    [InlineData("skip")]
    [InlineData("wide")]
    [InlineData("sidx")]
    [InlineData("emsg")]
    [InlineData("prft")]
    public async Task An_MP4_may_begin_with_any_box(string type)
    {
        // In fragments every position is relative to its own.
        var file = await BytesAsync("fragments.mp4", $"{Picture} -movflags +frag_keyframe+empty_moov+default_base_moof");

        await IsWholeAsync([.. Box(type, 24), .. file]);
    }

    [Theory(Timeout = Limit)]
    [InlineData("styp", "-faststart")]
    [InlineData("uuid", "+faststart")]
    [InlineData("uuid", "+frag_keyframe+empty_moov")] // fragments that count from the beginning of the file
    public async Task A_box_put_before_a_finished_MP4_does_not_count_in_its_positions(string type, string flags) =>
        await IsWholeAsync([.. Box(type, 24), .. await BytesAsync($"plain{flags}.mp4", $"{Picture} -movflags {flags}")]);

    [Fact(Timeout = Limit)]
    public async Task A_MOV_may_begin_with_its_media()
    {
        // As cameras of QuickTime's first years wrote it: without a brand.
        var file = await BytesAsync("brand.mov", $"{Picture} -f mov");
        Assert.Equal("ftyp"u8.ToArray(), file[4..8]);
        var media = file.AsSpan().IndexOf("wide"u8) - 4;
        Assert.True(media > 0);
        // The same length, so that every position stays right.
        BinaryPrimitives.WriteInt32BigEndian(file, media);
        "skip"u8.CopyTo(file.AsSpan(4));

        await IsWholeAsync(file);
    }

    [Theory(Timeout = Limit)]
    [InlineData(8)] // a box of which only the header is there
    [InlineData(100)]
    public async Task Bytes_after_the_last_sample_may_be_cut(int length)
    {
        var file = await BytesAsync("plain.mp4", Picture);

        await IsWholeAsync([.. file, .. Box("free", 4096)[..length]]);
        await IsWholeAsync([.. file, .. Box("junk", 4096)[..length]]);
        await IsWholeAsync([.. file, .. new byte[length]]);
        await IsWholeAsync([.. file, .. Encoding.ASCII.GetBytes(new string('x', length))]);
    }

    [Fact(Timeout = Limit)]
    public async Task Media_may_be_announced_as_longer_than_it_is_where_no_sample_is_missing()
    {
        var file = await BytesAsync("faststart.mp4", $"{Picture} -movflags +faststart");
        var media = file.AsSpan().IndexOf("mdat"u8) - 4;
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(media), BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(media)) + 100_000);

        await IsWholeAsync(file);
    }

    [Theory(Timeout = Limit)]
    [InlineData("+faststart", 1)]
    [InlineData("+faststart", 300)]
    [InlineData("+faststart", 5_000)]
    [InlineData("+frag_keyframe+empty_moov+default_base_moof", 600)]
    public async Task One_missing_sample_is_a_file_that_is_cut_off(string flags, int bytes)
    {
        var file = await BytesAsync($"cut{flags}.mp4", $"{Picture} -movflags {flags}");
        var end = flags == "+faststart" ? file.Length : file.AsSpan().LastIndexOf("mfra"u8) - 4; // an index that nobody misses

        await using var own = await IngestHost.StartAsync();
        using var response = await own.PostAsync(new MemoryStream(file[..(end - bytes)]));

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.UnprocessableEntity, "cut off");
        await own.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task The_duration_of_a_fragmented_MP4_may_be_unknown()
    {
        var file = await BytesAsync("unknown.mp4", $"{Picture} -movflags +frag_keyframe+empty_moov+default_base_moof");
        // ISO/IEC 14496-12, 8.2.2: all ones where it is unknown.
        foreach (var (box, offset) in ((string, int)[])[("mvhd", 20), ("tkhd", 24), ("mdhd", 20), ("mehd", 8)])
        {
            for (var at = 0; file.AsSpan(at).IndexOf(Encoding.ASCII.GetBytes(box)) is >= 0 and var next; at += next + 4)
                BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(at + next + offset), -1);
        }

        await IsWholeAsync(file);
    }

    [Theory(Timeout = Limit)]
    [InlineData(188, 0, 100)] // begins inside a packet
    [InlineData(188, 0, 187)]
    [InlineData(192, 4, 0)] // M2TS
    [InlineData(192, 4, 77)]
    [InlineData(204, 0, 0)] // with error correction
    [InlineData(204, 0, 150)]
    public async Task A_transport_stream_may_begin_inside_a_packet_of_any_length(int packet, int sync, int from)
    {
        var file = await BytesAsync("plain.ts", $"{Picture} -f mpegts");

        await IsWholeAsync(Packets(file, packet, sync)[from..], mayMiss: from > 0 ? 0.3 : 0);
    }

    [Theory(Timeout = Limit)]
    [InlineData(50)]
    [InlineData(1_000)]
    [InlineData(3_000)]
    public async Task A_transport_stream_may_begin_with_garbage(int length)
    {
        var garbage = new byte[length];
        new Random(7).NextBytes(garbage);

        await IsWholeAsync([.. garbage, .. await BytesAsync("plain.ts", $"{Picture} -f mpegts")]);
    }

    [Theory(Timeout = Limit)]
    [InlineData("vob", 1_000)]
    [InlineData("mpeg", 500)]
    public async Task A_program_stream_may_begin_inside_a_pack(string format, int from)
    {
        var file = await BytesAsync(
            $"plain.{format}", $"-f lavfi -i testsrc2=s=160x90:r=25:d=4 -f lavfi -i sine=d=4:r=48000 -c:v mpeg2video -g 5 -c:a mp2 -f {format}");

        await IsWholeAsync(file[from..], mayMiss: 0.6);
    }

    [Fact(Timeout = Limit)]
    public async Task The_clock_of_a_transport_stream_may_jump_forward()
    {
        var first = await BytesAsync("plain.ts", $"{Picture} -f mpegts");
        var second = await BytesAsync("later.ts", $"{Picture} -output_ts_offset 100 -f mpegts");

        await IsWholeAsync([.. first, .. second], seconds: 2 * Seconds);
    }

    [Theory(Timeout = Limit)]
    [InlineData("gif", "-f lavfi -i testsrc2=s=160x90:r=10:d=4", 10)]
    [InlineData("ivf", "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -c:v libvpx -deadline realtime -cpu-used 8", 25)]
    [InlineData("dv", "-f lavfi -i testsrc2=s=720x576:r=25:d=4 -f lavfi -i sine=d=4:r=48000 -ac 2 -target pal-dv", 25)]
    [InlineData("h264", "-f lavfi -i testsrc2=s=160x90:r=30:d=4 -c:v libx264 -pix_fmt yuv420p", 30)]
    [InlineData("hevc", "-f lavfi -i testsrc2=s=160x90:r=30:d=4 -c:v libx265 -preset ultrafast -x265-params log-level=none", 30)]
    [InlineData("m2v", "-f lavfi -i testsrc2=s=160x90:r=25:d=4 -c:v mpeg2video -bf 2", 25)]
    public async Task A_GIF_and_raw_streams_are_videos(string extension, string arguments, double rate)
    {
        var video = await Host.IngestAsync(await Clip.MakeAsync($"raw.{extension}", arguments));

        await StreamAssert.IsCorrectAsync(video);
        Assert.Equal(Seconds, video.Status.Duration!.Value, 0.05);
        Assert.Equal((int)(Seconds * rate), (await StreamAssert.PicturesAsync(video, video.LargestVideo)).Count);
    }

    [Fact]
    public void A_file_of_boxes_without_end_is_read_for_a_while_only()
    {
        using var boxes = new EndlessBoxes();

        Assert.False(IsoBoxes.EndInsideBox(boxes, CancellationToken.None));
        Assert.InRange(boxes.Reads, 1, 1_000_000);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => IsoBoxes.EndInsideBox(boxes, cancelled.Token));
        Assert.Throws<OperationCanceledException>(() => IsoBoxes.SampleEntries(boxes, cancelled.Token));
    }

    [Theory]
    [InlineData(65.34, "65.3 s")]
    [InlineData(8, "8 s")]
    [InlineData(0, "0 s")]
    [InlineData(99.96, "1:40")]
    [InlineData(150, "2:30")]
    [InlineData(5025.6, "1:23:45.6")]
    [InlineData(14_400, "4:00:00")]
    [InlineData(360_000, "100:00:00")]
    public void Durations_are_written_as_people_do(double seconds, string text) => Assert.Equal(text, TimeSpan.FromSeconds(seconds).ToText());

    private async Task IsWholeAsync(byte[] file, double mayMiss = 0, double seconds = Seconds)
    {
        using var response = await Host.PostAsync(new MemoryStream(file));
        Assert.True(response.StatusCode == HttpStatusCode.Created, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        var status = await PublishedVideo.StatusOfAsync(response);
        var video = await PublishedVideo.ReadAsync(Host, Reelseal.VideoId.Parse(status.Id, provider: null));

        await StreamAssert.IsCorrectAsync(video);
        Assert.InRange(video.Status.Duration!.Value, seconds - mayMiss - 0.05, seconds + 0.1);
        Assert.Equal(["audio", "iframes", "video"], video.Status.Renditions.Select(rendition => rendition.Type).Distinct().Order());
    }

    private static async Task<byte[]> BytesAsync(string name, string arguments) =>
        await File.ReadAllBytesAsync(await Clip.MakeAsync("unusual-" + name, arguments));

    private static byte[] Box(string type, int length)
    {
        var box = new byte[length];
        BinaryPrimitives.WriteInt32BigEndian(box, length);
        Encoding.ASCII.GetBytes(type, box.AsSpan(4));
        return box;
    }

    /// <summary>The packets of a transport stream, each with more bytes before it or after it.</summary>
    private static byte[] Packets(byte[] file, int packet, int sync)
    {
        var packets = new byte[file.Length / 188 * packet];
        for (var index = 0; index < file.Length / 188; index++)
            file.AsSpan(index * 188, 188).CopyTo(packets.AsSpan(index * packet + sync));
        return packets;
    }

    /// <summary>Nine exabytes of empty boxes.</summary>
    private sealed class EndlessBoxes : Stream
    {
        public int Reads { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            Reads++;
            buffer.Clear();
            for (var at = 0; at + 8 <= buffer.Length; at += 8)
            {
                buffer[at + 3] = 8;
                "free"u8.CopyTo(buffer[(at + 4)..]);
            }
            return buffer.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => long.MaxValue;
        public override long Position { get; set; }
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
