using IngestVideo.Chunks;
using IngestVideo.Status;
using Microsoft.Extensions.Time.Testing;

namespace IngestVideo.Tests.Chunks;

/// <summary>What the status says while several replicas work: progress never falls and is never too high, and the time left is right.</summary>
public sealed class ChunkMeterTests
{
    private static readonly TimeSpan s_length = Seconds(24);
    private readonly FakeTimeProvider _clock = new();
    private readonly ChunkMeter _meter;

    public ChunkMeterTests() => _meter = new(_clock);

    [Fact]
    public void The_time_left_is_the_same_just_before_others_finish_as_just_after()
    {
        // Three replicas, each twice as fast as the video plays: a minute for 360 seconds.
        var here = _meter.Begin("1", s_length, isHere: true);
        ChunkMeter.Work[] calls = [_meter.Begin("2", s_length, isHere: false), _meter.Begin("3", s_length, isHere: false)];
        _clock.Advance(Seconds(11));
        _meter.Advance(here, Seconds(22));
        var before = Status();
        _clock.Advance(Seconds(1));
        foreach (var work in calls.Append(here))
            _meter.End(work, isFinished: true);
        var after = Status();

        Assert.Equal((6, 49), (before.Speed, before.Remaining)); // of which 44 s of the video are an estimate
        Assert.Equal((6, 48), (after.Speed, after.Remaining));
        Assert.Equal((0.0599, 0.196), (before.Progress, after.Progress)); // facts alone: 22 s, and 72 s
    }

    [Fact]
    public void A_call_that_hangs_counts_for_its_chunk_at_most_and_for_nothing_when_it_has_failed()
    {
        var here = _meter.Begin("1", s_length, isHere: true);
        var call = _meter.Begin("2", s_length, isHere: false);
        _clock.Advance(Seconds(4));
        _meter.Advance(here, Seconds(20));
        Assert.Equal(Seconds(20), _meter.Read().UnderWay);
        _clock.Advance(Seconds(30));
        _meter.End(here, isFinished: true);
        _clock.Advance(Seconds(30));

        Assert.Equal((s_length, s_length), (_meter.Read().Done, _meter.Read().UnderWay));
        _meter.End(call, isFinished: false);
        Assert.Equal((s_length, TimeSpan.Zero), (_meter.Read().Done, _meter.Read().UnderWay));
    }

    [Fact]
    public void A_chunk_at_which_two_work_counts_once()
    {
        var here = _meter.Begin("1", s_length, isHere: true);
        var call = _meter.Begin("1", s_length, isHere: false);
        _clock.Advance(Seconds(10));
        _meter.Advance(here, Seconds(20));
        Assert.Equal((Seconds(20), TimeSpan.Zero), (_meter.Read().Done, _meter.Read().UnderWay));

        _meter.End(call, isFinished: true);
        _meter.Advance(here, Seconds(21)); // until its ffmpeg is gone
        Assert.Equal(s_length, _meter.Read().Done);
        _meter.End(here, isFinished: true); // it was too late to stop it
        Assert.Equal(s_length, _meter.Read().Done);
    }

    [Fact]
    public void What_an_earlier_attempt_had_finished_is_progress_but_no_speed()
    {
        _meter.TakeOver(Seconds(300));
        var here = _meter.Begin("1", s_length, isHere: true);
        _clock.Advance(Seconds(10));
        _meter.Advance(here, Seconds(20));

        var status = Status();

        Assert.Equal((2, 20), (status.Speed, status.Remaining));
        Assert.Equal(0.8711, status.Progress);
    }

    /// <summary>Of a video of six minutes.</summary>
    private VideoStatus Status()
    {
        var begun = new VideoStatus { Id = "x", State = VideoState.Transcoding, Created = default, Updated = default, Attempt = "y" };
        var now = _meter.Read();
        return new IngestProgress(Seconds(360)).Apply(begun, now.Done, now.Ran, now.Before, now.UnderWay);
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
