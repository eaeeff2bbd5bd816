using System.Globalization;
using IngestVideo.Planning;
using IngestVideo.Publishing;

namespace IngestVideo.Tests.Chunks;

/// <summary>Where chunks are joined the picture is as good as elsewhere, and takes no more bits than the playlist declares.</summary>
public sealed class ChunkQualityTests
{
    private const int Limit = 300_000;
    private const int Around = 12; // pictures

    private static readonly IngestOptions s_options = new() { Ladder = new([new("small", 128, 72, 100), new("large", 256, 144, 300)]), CopySource = false };

    [Fact(Timeout = Limit)]
    public async Task Pictures_on_either_side_of_a_join_are_as_good_as_in_the_whole()
    {
        const double allowance = 0.003;
        using var video = await MakeAsync(grain: 4, seconds: 36, chunkSeconds: 12, withWhole: true);
        var joins = video.Chunks.Skip(1).Select(chunk => chunk.Job.Chunk.First).ToList();
        Assert.Equal(2, joins.Count);

        foreach (var (rendition, (whole, chunks)) in await video.CompareAsync())
        {
            Assert.Equal((video.Plan.FrameCount, video.Plan.FrameCount), (whole.Length, chunks.Length));
            foreach (var first in joins.SelectMany(join => (int[])[join - Around, join]))
            {
                var (before, now) = (whole.Skip(first).Take(Around).Average(), chunks.Skip(first).Take(Around).Average());
                Assert.True(now >= before - allowance, FormattableString.Invariant($"{rendition} from {first} on: {now:0.0000} instead of {before:0.0000}"));
            }
        }
    }

    /// <summary>A source that reaches the cap all the time: what each chunk takes too much is missing in all that follow.</summary>
    [Fact(Timeout = Limit)]
    public async Task A_players_buffer_does_not_run_empty_and_no_segment_takes_more_than_declared()
    {
        using var video = await MakeAsync(grain: 25, seconds: 144, chunkSeconds: 18, withWhole: false);
        Assert.Equal(8, video.Chunks.Count);
        foreach (var rendition in video.Plan.Video)
        {
            // x264's model: filled at the cap, and 90 % full at first.
            var (size, perPicture) = (2.0 * rendition.MaxBitsPerSecond, rendition.MaxBitsPerSecond / rendition.FrameRate.PerSecond);
            var (fill, least) = (0.9 * size, size);
            foreach (var bits in BitsOf(video, rendition))
            {
                least = Math.Min(least, fill - bits);
                fill = Math.Min(size, fill - bits + perPicture);
            }
            Assert.InRange(least / size, 0, 0.5); // more than that would show nothing

            var declared = MeasuredBandwidth.Declared(rendition, s_options.Ladder).Peak;
            var segments = video.Chunks.SelectMany(chunk => ChunkedVideo.Of(chunk.Result, rendition).Segments).ToList();
            Assert.All(segments, segment => Assert.InRange(8 * segment.Bytes / segment.Seconds, 0.8 * rendition.MaxBitsPerSecond, declared));
        }
    }

    private static async Task<ChunkedVideo> MakeAsync(int grain, int seconds, int chunkSeconds, bool withWhole)
    {
        var source = await Clip.MakeAsync(
            $"grain-{grain}.mp4",
            $"-f lavfi -i testsrc2=s=256x144:r=25:d={seconds},noise=alls={grain}:allf=t -c:v libx264 -preset ultrafast -crf 12 -g 50 -pix_fmt yuv420p");
        var video = await ChunkedVideo.OfAsync(source, s_options);
        var chunks = ChunkPlan.For(video.Plan, video.Points);
        var (count, each) = (seconds / chunkSeconds, chunks.Segments * chunkSeconds / seconds);
        var encoding = video.TranscodeChunksAsync([.. Enumerable.Range(0, count).Select(number => chunks.Between(number * each, (number + 1) * each))]);
        await Task.WhenAll(encoding, withWhole ? video.TranscodeWholeAsync() : Task.CompletedTask);
        return video;
    }

    /// <summary>The bits of each picture, in the order of decoding.</summary>
    private static IEnumerable<int> BitsOf(ChunkedVideo video, VideoRendition rendition) =>
        video.Chunks.SelectMany(chunk => File.ReadLines(Path.Combine(video.FolderOf(chunk.Job.Chunk), OutputFiles.PacketList(rendition))))
            .Where(line => line is [not '#', ..]).Select(line => 8 * int.Parse(line.Split(',')[4], CultureInfo.InvariantCulture));
}
