using System.Net;
using static IngestVideo.Tests.StreamAssert;

namespace IngestVideo.Tests.Transcoding;

/// <summary>Files whose sound or picture stops decoding midway: what decodes is published, and the status or the answer says what does not.</summary>
public sealed class DamageTests(ClassHost shared) : IClassFixture<ClassHost>
{
    private const int Limit = 300_000;
    private const string Picture = "-f lavfi -i testsrc2=s=320x180:r=25:d=12 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50";
    private const string Sound = "-f lavfi -i sine=f=440:d=12:r=48000";

    private IngestHost Host => shared.Started;

    [Theory(Timeout = Limit)]
    [InlineData("silent-from-five.mp4", "-c:a aac")]
    [InlineData("silent-from-five.mkv", "-c:a flac")]
    [InlineData("silent-from-five.mov", "-c:a alac")]
    [InlineData("silent-from-five-ac3.mkv", "-c:a ac3")]
    public async Task A_sound_that_stops_decoding_is_silent_from_there_and_the_status_says_so(string name, string codec)
    {
        var file = await Clip.DamagedAsync(await Clip.MakeAsync(name, $"{Sound} {Picture} {codec} -ac 2"), "a:0", from: 5, to: 12);

        var video = await IngestAsync(file);

        await IsCorrectAsync(video);
        Assert.Equal(12, video.Status.Duration!.Value, 0.1);
        var skipped = Assert.Single(video.Status.Skipped!);
        Assert.Equal("audio", skipped.Kind);
        Assert.Matches(@"^The track is damaged: only (4\.9|5|5\.1) s of the 12 s of its sound can be decoded\. The rest is silent\.$", skipped.Reason);
    }

    [Fact(Timeout = Limit)]
    public async Task A_sound_that_could_be_copied_is_not_where_it_is_damaged()
    {
        var source = await Clip.MakeAsync(
            "damaged-beside-copy.mp4",
            $"{Sound} -f lavfi -i testsrc2=s=640x360:r=25:d=12 -c:v libx264 -preset veryfast -pix_fmt yuv420p -g 50 -b:v 250k -c:a aac -ac 2 -b:a 96k");
        var whole = await Host.IngestAsync(source);
        Assert.True(whole.Status.Skipped is null && await IsCopyAsync(whole, source));

        var video = await IngestAsync(await Clip.DamagedAsync(source, "a:0", from: 5, to: 12));

        await IsCorrectAsync(video);
        Assert.Contains("only 5", Assert.Single(video.Status.Skipped!).Reason, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_gap_in_a_sound_is_not_damage()
    {
        var video = await Host.IngestAsync(await Clip.MakeAsync(
            "gap.mkv", $"-f lavfi -i aevalsrc=0.3*sin(440*2*PI*t):d=12:s=48000,aselect=not(between(t\\,4\\,9)) {Picture} -c:a aac"));

        await IsCorrectAsync(video);
        Assert.Null(video.Status.Skipped);
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_picture_one_sound_must_be_whole()
    {
        var two = await Clip.MakeAsync("two-sounds.mka", $"{Sound} {Sound} -map 0 -map 1 -c:a ac3 -ac 2");
        var one = await Clip.MakeAsync("one-sound.mka", $"{Sound} -c:a ac3 -ac 2");

        var video = await IngestAsync(await Clip.DamagedAsync(two, "a:1", from: 5, to: 12));
        using var refused = await Host.PostAsync(new MemoryStream(await Clip.DamagedAsync(one, "a:0", from: 5, to: 12)));

        await IsCorrectAsync(video);
        Assert.Equal(1, Assert.Single(video.Status.Skipped!).Stream);
        await IngestTests.AssertProblemAsync(
            refused, HttpStatusCode.UnprocessableEntity, "The video is damaged: only 5 s of the 12 s of its sound can be decoded.");
    }

    [Fact(Timeout = Limit)]
    public async Task A_picture_that_stops_decoding_is_refused_with_what_is_left()
    {
        var file = await Clip.DamagedAsync(await Clip.MakeAsync("damaged-picture.mp4", $"{Sound} {Picture} -c:a aac"), "v:0", from: 4, to: 12);

        using var response = await Host.PostAsync(new MemoryStream(file));

        await IngestTests.AssertProblemAsync(
            response, HttpStatusCode.UnprocessableEntity, "The video is damaged: only 4 s of the 12 s of its picture can be decoded.");
    }

    private async Task<PublishedVideo> IngestAsync(byte[] file)
    {
        using var response = await Host.PostAsync(new MemoryStream(file));
        return await PublishedVideo.OfAsync(Host, response);
    }

    private static async Task<bool> IsCopyAsync(PublishedVideo video, string source) =>
        await Clip.PicturesHashAsync(video.Joined(video.LargestVideo)) == await Clip.PicturesHashAsync(source);
}
