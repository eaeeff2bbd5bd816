namespace Reelseal.Page.Tests;

/// <summary>
/// Players of others, with their default settings, at a video that several replicas make in chunks, before it is complete: they come from the first segment to
/// the end, over each join of two chunks, without an error, a jump or a lost picture, in transport streams and in fragmented MP4.
/// </summary>
public sealed class GrowingPlayerTests(Stage stage, GrowingPlayers players) : IClassFixture<GrowingPlayers>
{
    public static TheoryData<string> Names => new(GrowingPlayers.Programs.Keys);

    [Theory(Timeout = 600_000)]
    [MemberData(nameof(Names))]
    public async Task A_player_that_joins_late_begins_at_the_start_and_plays_over_each_join_to_the_end(string player)
    {
        await stage.StartedAsync();
        Assert.SkipUnless(File.Exists(GrowingPlayers.Programs[player]), $"{player} is not installed.");

        Assert.All(await players.PlayAsync(stage, player), playback =>
        {
            playback.AssertWhole(GrowingPlayers.Seconds);
            // More where a player has changed the quality.
            Assert.True(playback.Pictures is null or >= GrowingPlayers.Seconds * GrowingPlayers.FrameRate, $"{playback.Pictures} pictures");
        });
    }
}
