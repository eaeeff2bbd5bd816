namespace Reelseal.Page.Tests;

/// <summary>Playing and uploading in Firefox.</summary>
public sealed class FirefoxTests(Stage stage)
{
    private const int Limit = 300_000;

    [Fact(Timeout = Limit)]
    public async Task A_video_is_uploaded_and_the_film_plays_with_its_controls()
    {
        await stage.StartedAsync();
        Assert.SkipUnless(File.Exists(Firefox.Program), $"{Firefox.Program} is not installed.");
        var cancellation = TestContext.Current.CancellationToken;
        var file = await stage.ShortVideoAsync("from Firefox.mp4");
        await using var firefox = await Firefox.OpenAsync($"{stage.System.Edge}/site/", cancellation);
        await firefox.WaitAsync($"document.getElementById('play-{stage.Film}')", cancellation);

        await firefox.EvaluateAsync($"document.getElementById('play-{stage.Film}').click()", cancellation);
        await firefox.WaitAsync(
            "(player => !player.paused && player.currentTime > 2 && player.media.videoWidth > 0)(document.querySelector('reelseal-player'))", cancellation);
        await firefox.EvaluateAsync("document.querySelector('reelseal-player').currentTime = 40", cancellation);
        await firefox.WaitAsync("document.querySelector('reelseal-player').currentTime > 41", cancellation);
        await firefox.EvaluateAsync("document.querySelector('reelseal-player').shadowRoot.getElementById('play').click()", cancellation);
        await firefox.WaitAsync("document.querySelector('reelseal-player').paused", cancellation);

        await firefox.SetFilesAsync("#file", [file], cancellation);
        await firefox.WaitAsync("document.querySelector('.job-state')?.textContent === 'from Firefox.mp4 is ready.'", cancellation);
        await firefox.WaitAsync("document.querySelectorAll('.card').length === 2", cancellation);
        await firefox.EvaluateAsync(
            "[...document.querySelectorAll('[popover] button')].find(button => button.ariaLabel === 'Delete from Firefox').click()", cancellation);
        await firefox.EvaluateAsync("document.querySelector('#deleting [data-answer=yes]').click()", cancellation);
        await firefox.WaitAsync("document.querySelectorAll('.card').length === 1", cancellation);
    }
}
