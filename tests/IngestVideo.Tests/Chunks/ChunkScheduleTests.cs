using IngestVideo.Chunks;
using IngestVideo.Planning;

namespace IngestVideo.Tests.Chunks;

/// <summary>Who works at which chunk next.</summary>
public sealed class ChunkScheduleTests
{
    private static readonly Chunk s_first = Make(0, 2), s_second = Make(2, 6), s_third = Make(6, 8);

    [Fact]
    public void The_earliest_chunk_that_is_cut_comes_first_and_each_is_taken_once()
    {
        var schedule = Cut(s_second, s_first, s_third);
        Assert.Equal(s_first, schedule.TakeForLead());
        Assert.Equal(s_second, schedule.TakeForCall());
        Assert.Equal(s_third, schedule.TakeForCall());
        Assert.Null(schedule.TakeForCall());
    }

    [Fact]
    public void Nothing_is_taken_before_it_is_cut()
    {
        var schedule = new ChunkSchedule([s_first, s_second]);
        Assert.Null(schedule.TakeForCall());
        Assert.Null(schedule.TakeForLead());
        Assert.Equal([s_first], schedule.NextToCut(1));
        schedule.MarkCut(s_first);
        Assert.Equal([s_second], schedule.NextToCut(5));
        Assert.Equal(s_first, schedule.TakeForCall());
        Assert.Null(schedule.TakeForLead()); // something else is about to come
    }

    [Fact]
    public void What_others_refuse_they_may_get_again_and_what_they_fail_at_twice_they_do_not()
    {
        var schedule = Cut(s_first);
        foreach (var failures in (int[])[0, 0, 1, 0, 1])
        {
            Assert.Equal(s_first, schedule.TakeForCall());
            schedule.ReturnFromCall(s_first, failures);
        }
        Assert.Null(schedule.TakeForCall());
        Assert.Equal(s_first, schedule.TakeForLead());
    }

    [Fact]
    public void The_lead_does_not_wait_for_others()
    {
        var schedule = Cut(s_first, s_second);
        Assert.Equal(s_first, schedule.TakeForCall());
        Assert.Equal(s_second, schedule.TakeForLead());
        Assert.True(schedule.Complete(s_second));
        Assert.Equal(s_first, schedule.TakeForLead()); // which another replica is at
        Assert.Null(schedule.TakeForLead());
        Assert.True(schedule.Complete(s_first));
        Assert.False(schedule.Complete(s_first));
        Assert.True(schedule.IsComplete);
    }

    [Fact]
    public void Halves_take_the_place_of_a_chunk_that_nobody_works_at()
    {
        var schedule = Cut(s_first, s_second);
        Assert.Equal(s_first, schedule.TakeForLead());
        Assert.False(schedule.TryReplace(s_first, [Make(0, 1), Make(1, 2)]));
        Assert.Equal(s_second, schedule.TakeForCall());
        Assert.True(schedule.TryReplace(s_second, [Make(2, 4), Make(4, 6)]));
        Assert.False(schedule.Complete(s_second));
        Assert.Null(schedule.TakeForCall());
        Assert.Equal(["00002-00004", "00004-00006"], schedule.NextToCut(5).Select(chunk => chunk.Name));
    }

    [Fact]
    public void Refusals_are_followed_by_the_next_call_almost_at_once_until_there_are_many_in_a_row()
    {
        var window = new CallWindow(most: 4, TimeSpan.FromSeconds(50));
        for (var refusal = 0; refusal < 7; refusal++)
            window.Refuse();
        Assert.Equal(4, window.Size);
        Assert.InRange(window.NextPause().TotalMilliseconds, 50, 200);
        window.Refuse();
        Assert.Equal(3, window.Size);
        for (var refusal = 0; refusal < 800; refusal++)
            window.Refuse();
        Assert.Equal(1, window.Size);
        Assert.Equal(TimeSpan.FromSeconds(5), window.NextPause());

        window.Succeed(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(10));
        Assert.Equal(2, window.Size);
        Assert.InRange(window.NextPause().TotalMilliseconds, 50, 200);
    }

    [Fact]
    public void Chunks_become_as_long_as_calls_allow()
    {
        var window = new CallWindow(most: 1, TimeSpan.FromSeconds(50));
        Assert.Equal(TimeSpan.MaxValue, window.LongestChunk);
        window.Succeed(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(40));
        Assert.Equal(TimeSpan.FromSeconds(10), window.LongestChunk); // 0.4 of 50 s at half the speed
        window.TimeOut(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.FromSeconds(4.5), window.LongestChunk);
        for (var others = 0; others < 8; others++) // that were called before
            window.TimeOut(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.FromSeconds(4.5), window.LongestChunk);
        window.TimeOut(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(2), window.LongestChunk);
    }

    private static ChunkSchedule Cut(params Chunk[] chunks)
    {
        var schedule = new ChunkSchedule(chunks);
        foreach (var chunk in chunks)
            schedule.MarkCut(chunk);
        return schedule;
    }

    private static Chunk Make(int first, int end) =>
        new(first, 3 * first, [.. Enumerable.Range(first, end - first + 1).Select(segment => segment * 150)], [], IsLast: false, CutFrom: null, CutTo: null);
}
