using System.Globalization;
using IngestVideo.Chunks;
using IngestVideo.Planning;
using Reelseal.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary>What is lost or moved when a chunk is decoded from the middle of a source is noticed by its packets.</summary>
public sealed class PacketListTests
{
    private static readonly TranscodePlan s_plan = ChunkPlanTests.Plan(25, 1000);
    private static readonly Chunk s_chunk = ChunkPlanTests.Divide(25, 1000).Between(1, 3); // pictures 150 to 449, of which every 50th is a keyframe

    [Fact]
    public async Task The_planned_pictures_are_accepted_in_whatever_order_they_are_encoded() =>
        await CheckAsync(pictures => [pictures[0], .. pictures.Skip(1).Reverse()]);

    [Theory]
    [InlineData("none at all", "has 0 pictures instead of 300")]
    [InlineData("without the first", "has 299 pictures instead of 300")]
    [InlineData("without the last", "has 299 pictures instead of 300")]
    [InlineData("without one in the middle", "has 299 pictures instead of 300")]
    [InlineData("with one more", "has 301 pictures instead of 300")]
    [InlineData("all a picture later", "begins with picture 151.00 instead of 150")]
    [InlineData("all a picture earlier", "begins with picture 149.00 instead of 150")]
    [InlineData("one twice and one not", "has another picture than 220 at its place")]
    [InlineData("a keyframe too many", "has another picture than 151 at its place")]
    [InlineData("a keyframe too few", "has another picture than 200 at its place")]
    public async Task Others_are_not(string what, string message)
    {
        var failure = await Assert.ThrowsAsync<ChunkMismatchException>(() => CheckAsync(pictures => what switch
        {
            "none at all" => [],
            "without the first" => pictures[1..],
            "without the last" => pictures[..^1],
            "without one in the middle" => [.. pictures[..70], .. pictures[71..]],
            "with one more" => [.. pictures, (450, false)],
            "all a picture later" => [.. pictures.Select(picture => (picture.Number + 1, picture.IsKey))],
            "all a picture earlier" => [.. pictures.Select(picture => (picture.Number - 1, picture.IsKey))],
            "one twice and one not" => [.. pictures[..70], (219, false), .. pictures[71..]],
            "a keyframe too many" => [.. pictures[..1], (151, true), .. pictures[2..]],
            _ => [.. pictures[..50], (200, false), .. pictures[51..]],
        }));
        Assert.Matches(message, failure.Message);
    }

    private static async Task CheckAsync(Func<List<(int Number, bool IsKey)>, List<(int Number, bool IsKey)>> change)
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, "packets");
        var pictures = change([.. Enumerable.Range(150, 300).Select(number => (number, number % 50 == 0))]);
        var start = (int)Math.Round(s_plan.ClockStart.TotalSeconds * 25);
        // As ffmpeg's framecrc muxer writes them.
        await File.WriteAllLinesAsync(path, [
            "#software: Lavf", "#tb 0: 1/90000", "#media_type 0: video", .. pictures.Select(picture => Line(picture.Number + start, picture.IsKey)),
        ]);

        await PacketList.CheckAsync(path, s_plan.Video[^1], s_plan, s_chunk, CancellationToken.None);

        static string Line(int number, bool isKey) => string.Create(
            CultureInfo.InvariantCulture, $"0, {(number - 2) * 3600,10}, {number * 3600,10},     3600,    12345, 0x1234abcd{(isKey ? "" : ", F=0x0")}");
    }
}
