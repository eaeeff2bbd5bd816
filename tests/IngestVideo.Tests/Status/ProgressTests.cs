using IngestVideo.Status;

namespace IngestVideo.Tests.Status;

/// <summary>What a status says of an ingest that is under way.</summary>
public sealed class ProgressTests
{
    private static readonly VideoStatus s_begun = new()
    {
        Id = "x", State = VideoState.Transcoding, Created = default, Updated = default, Attempt = "y", Progress = 0.1,
    };

    [Theory]
    [InlineData(30, 10, 0.49, 3.0, 10.0)]
    [InlineData(60, 40, 0.98, 1.5, 0.0)]
    [InlineData(61, 40, 0.98, 1.52, 0.0)] // the source is a little longer than it says
    [InlineData(3, 10, 0.1, 0.3, 190.0)] // never back
    public void Progress_and_the_time_left_follow_from_what_is_encoded(int done, int ran, double progress, double speed, double remaining)
    {
        var status = new IngestProgress(TimeSpan.FromSeconds(60)).Apply(s_begun, TimeSpan.FromSeconds(done), TimeSpan.FromSeconds(ran));

        Assert.Equal((progress, speed, remaining), (status.Progress, status.Speed, status.Remaining));
    }

    [Fact]
    public void Without_a_duration_there_is_progress_but_no_time_left()
    {
        var progress = new IngestProgress(duration: null);

        var early = progress.Apply(s_begun, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2));
        var late = progress.Apply(early, TimeSpan.FromSeconds(20), TimeSpan.FromHours(10));

        Assert.Equal((0.6195, null), (early.Progress, early.Remaining)); // 0.98 × (1 − 1/e)
        Assert.Equal(0.98, late.Progress, 0.001);
    }

    [Fact]
    public void Before_the_first_picture_there_is_neither_speed_nor_time_left()
    {
        var status = new IngestProgress(TimeSpan.FromSeconds(60)).Apply(s_begun, TimeSpan.Zero, TimeSpan.FromSeconds(1));

        Assert.Equal((0.1, null, null), (status.Progress, status.Speed, status.Remaining));
    }
}
