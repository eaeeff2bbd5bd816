namespace Reelseal.Page.Tests;

/// <summary>Every player comes to the end of every video, and says so, whichever of its tracks ends first.</summary>
public sealed class EndingTests(Stage stage, EndingVideos videos) : IClassFixture<EndingVideos>
{
    private const int Limit = 300_000;

    [Theory(Timeout = Limit)]
    [InlineData("reelseal-player", "Chromium")]
    [InlineData("hls.js", "Chromium")]
    [InlineData("hls.js", "Firefox")]
    [InlineData("shaka-player", "Chromium")]
    public async Task A_player_comes_to_the_end_of_a_video(string player, string browser)
    {
        await stage.StartedAsync();
        Assert.SkipUnless(browser != "Firefox" || File.Exists(Firefox.Program), $"{Firefox.Program} is not installed.");
        Assert.SkipUnless(PlayerPage.Scripts.GetValueOrDefault(player) is not { } script || File.Exists(script), $"{player} is not installed.");

        var played = (await videos.PlayAsync(stage, player, OpenAsync)).ToList();

        Assert.Equal(8, played.Count);
        Assert.All(played, play =>
        {
            play.Playback.AssertWhole(play.Video.Seconds);
            Assert.Equal(play.Video.Seconds, play.Playback.Duration, 0.2);
        });

        async Task<IAsyncDisposable> OpenAsync(string address) => browser == "Firefox"
            ? await Firefox.OpenAsync(address, TestContext.Current.CancellationToken)
            : await Visit.OpenAsync(stage, address);
    }
}
