using System.Globalization;

namespace Reelseal.Page.Tests;

/// <summary>Players of others, with their default settings, at a video that is still being encoded.</summary>
public sealed class GrowingPlayerTests(Stage stage, GrowingPlayers players) : IClassFixture<GrowingPlayers>
{
    public static TheoryData<string> Names => new(GrowingPlayers.Programs.Keys);

    [Theory(Timeout = 240_000)]
    [MemberData(nameof(Names))]
    public async Task A_player_that_joins_late_begins_at_the_start_and_plays_to_the_end(string player)
    {
        await stage.StartedAsync();
        Assert.SkipUnless(File.Exists(GrowingPlayers.Programs[player]), $"{player} is not installed.");

        Assert.All(await players.PlayAsync(stage, player), played =>
        {
            // A single range, without a jump.
            Assert.True(played.Split(" to ") is [_, _], played);
            double[] times = [.. played.Split(" to ").Select(time => double.Parse(time, CultureInfo.InvariantCulture))];
            Assert.InRange(times[0], -0.5, 1);
            Assert.InRange(times[1], GrowingPlayers.Seconds - 0.5, GrowingPlayers.Seconds + 0.5);
        });
    }
}
