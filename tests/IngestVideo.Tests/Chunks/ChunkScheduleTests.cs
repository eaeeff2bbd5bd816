using IngestVideo.Chunks;
using IngestVideo.Planning;

namespace IngestVideo.Tests.Chunks;

/// <summary>Who works at which chunk next.</summary>
public sealed class ChunkScheduleTests
{
    private static readonly Chunk s_first = Make(0, 2), s_second = Make(2, 6), s_third = Make(6, 8), s_fourth = Make(8, 9);

    [Fact]
    public void The_earliest_chunk_that_is_cut_comes_first_and_each_is_taken_once()
    {
        var schedule = Cut(s_second, s_first, s_third);
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: true));
        Store(schedule);
        Assert.Equal(s_second, schedule.TakeForCall());
        Assert.Equal(s_third, schedule.TakeForCall());
        Assert.Null(schedule.TakeForCall());
    }

    [Fact]
    public void Nothing_is_taken_before_it_is_cut()
    {
        var schedule = new ChunkSchedule([s_first, s_second]);
        Assert.Null(schedule.TakeToStore(1));
        Assert.Null(schedule.TakeForLead(othersHelp: true));
        Assert.Equal([s_first], schedule.NextToCut(1, enough: 1));
        schedule.MarkCut(s_first);
        Assert.Equal([s_second], schedule.NextToCut(5, enough: 2));
        Assert.Equal(s_first, schedule.TakeToStore(1));
        Assert.Null(schedule.TakeForCall()); // it is not in the store yet
        schedule.MarkStored(s_first);
        Assert.Equal(s_first, schedule.TakeForCall());
        Assert.Null(schedule.TakeForLead(othersHelp: true)); // something else is about to come
    }

    [Fact]
    public void No_more_is_cut_than_will_soon_be_encoded_but_what_comes_before_that_is()
    {
        var schedule = new ChunkSchedule([s_first, s_second, s_third]);
        schedule.MarkCut(s_first);
        Assert.Empty(schedule.NextToCut(5, enough: 1));
        Assert.Equal(s_first, schedule.TakeToStore(1));
        schedule.MarkStored(s_first);
        Assert.Equal(s_first, schedule.TakeForCall());
        Assert.Equal([s_second, s_third], schedule.NextToCut(5, enough: 1));
        schedule.MarkCut(s_second);
        schedule.ReturnFromCall(s_first, failures: 1);
        Assert.True(schedule.TryReplace(s_first, [Make(0, 1), Make(1, 2)]));
        Assert.Equal(["00000-00001", "00001-00002"], schedule.NextToCut(2, enough: 1).Select(chunk => chunk.Name));
    }

    [Fact]
    public void What_the_lead_encodes_is_not_put_into_the_store_and_of_the_rest_as_much_as_others_will_soon_take()
    {
        var schedule = Cut(s_first, s_second, s_third, s_fourth);
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: true));
        Assert.Equal(s_second, schedule.TakeToStore(1));
        Assert.Null(schedule.TakeToStore(1));
        schedule.MarkStored(s_second);
        Assert.Equal(s_second, schedule.TakeForCall());
        Assert.Equal(s_third, schedule.TakeToStore(1));
        schedule.ReturnFromLead(s_first);
        schedule.Complete(s_first);
        Assert.Equal(s_fourth, schedule.TakeForLead(othersHelp: true));
        schedule.MarkStored(s_third);
        Assert.Equal(s_third, schedule.TakeForCall());
        Assert.Null(schedule.TakeToStore(1));
    }

    [Fact]
    public void Where_others_do_not_help_the_lead_takes_the_earliest()
    {
        var schedule = Cut(s_first, s_second);
        Assert.Equal(s_first, schedule.TakeToStore(1));
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: false));
        Assert.Equal(s_second, schedule.TakeToStore(1));
    }

    [Fact]
    public void What_others_cannot_do_the_lead_does_next()
    {
        var schedule = Cut(s_first, s_second, s_third);
        Assert.Equal(s_first, schedule.TakeToStore(1));
        schedule.MarkStored(s_first);
        Assert.Equal(s_first, schedule.TakeForCall());
        schedule.ReturnFromCall(s_first, ChunkSchedule.MaxFailures);
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: true));
    }

    [Fact]
    public void What_others_refuse_they_may_get_again_and_what_they_fail_at_twice_they_do_not()
    {
        var schedule = Stored(s_first);
        foreach (var failures in (int[])[0, 0, 1, 0, 1])
        {
            Assert.Equal(s_first, schedule.TakeForCall());
            schedule.ReturnFromCall(s_first, failures);
        }
        Assert.Null(schedule.TakeForCall());
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: true));
    }

    [Fact]
    public void The_lead_does_not_wait_for_others()
    {
        var schedule = Stored(s_first, s_second);
        Assert.Equal(s_first, schedule.TakeForCall());
        Assert.Equal(s_second, schedule.TakeForLead(othersHelp: true));
        Assert.True(schedule.Complete(s_second));
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: true)); // which another replica is at
        Assert.Null(schedule.TakeForLead(othersHelp: true));
        Assert.True(schedule.Complete(s_first));
        Assert.False(schedule.Complete(s_first));
        Assert.True(schedule.IsComplete);
    }

    [Fact]
    public void Halves_take_the_place_of_a_chunk_that_nobody_works_at()
    {
        var schedule = Stored(s_first, s_second);
        Assert.Equal(s_first, schedule.TakeForLead(othersHelp: true));
        Assert.False(schedule.TryReplace(s_first, [Make(0, 1), Make(1, 2)]));
        Assert.Equal(s_second, schedule.TakeForCall());
        Assert.True(schedule.TryReplace(s_second, [Make(2, 4), Make(4, 6)]));
        Assert.False(schedule.Complete(s_second));
        Assert.Null(schedule.TakeForCall());
        Assert.Equal(["00002-00004", "00004-00006"], schedule.NextToCut(5, enough: 2).Select(chunk => chunk.Name));
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

    private static ChunkSchedule Stored(params Chunk[] chunks)
    {
        var schedule = Cut(chunks);
        Store(schedule);
        return schedule;
    }

    private static void Store(ChunkSchedule schedule)
    {
        while (schedule.TakeToStore(int.MaxValue) is { } chunk)
            schedule.MarkStored(chunk);
    }

    private static Chunk Make(int first, int end) =>
        new(first, 3 * first, [.. Enumerable.Range(first, end - first + 1).Select(segment => segment * 150)], [], IsLast: false, CutFrom: null, CutTo: null);
}
