using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>How the page looks, and for whom: light, dark, narrow, by keyboard, and to a screen reader.</summary>
public sealed class LookTests(Stage stage)
{
    private const int Limit = 240_000;

    /// <summary>The file that a picture of the page is written to, for the README; none by default.</summary>
    private static readonly string? s_picture = Environment.GetEnvironmentVariable("PAGE_PICTURE");

    public static TheoryData<string, int, int> Looks => new() { { "light", 1100, 900 }, { "dark", 1100, 900 }, { "light", 320, 640 } };

    [Theory(Timeout = Limit)]
    [InlineData(1366, 768)]
    [InlineData(360, 640)]
    public async Task A_video_that_is_opened_is_seen_whole_with_its_title_and_controls_and_takes_keys(int width, int height)
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(
            stage, options: new() { ViewportSize = new() { Width = width, Height = height }, ReducedMotion = ReducedMotion.Reduce });
        await visit.PlayAsync(stage);

        var (title, player, picture) = ((await visit.Id("watching-title").BoundingBoxAsync())!, (await visit.Id("player").BoundingBoxAsync())!,
            (await visit.Id("video").BoundingBoxAsync())!);
        Assert.True(title.Y >= 0, $"The title begins at {title.Y}.");
        Assert.True(player.Y + player.Height <= height, $"The player ends at {player.Y + player.Height}.");
        Assert.Equal(16 / 9.0, picture.Width / picture.Height, 0.01);

        await visit.Page.Keyboard.PressAsync(" ");
        await Expect(visit.Id("play")).ToHaveAttributeAsync("aria-label", "Play");
        Assert.Equal(title.Y, (await visit.Id("watching-title").BoundingBoxAsync())!.Y); // the page does not scroll
        visit.AssertNoComplaints();
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Looks))]
    public async Task The_page_has_no_serious_accessibility_problem_and_fits_its_width(string colours, int width, int height)
    {
        await stage.StartedAsync();
        var axe = Path.Combine(Local.Repository.Root, "tests", "Page.Tests", "node_modules", "axe-core", "axe.min.js");
        Assert.SkipUnless(File.Exists(axe), "axe-core is not installed: make test installs it.");
        await using var visit = await Visit.OpenAsync(stage, options: new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = colours == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            BypassCSP = false,
        });
        await visit.PlayAsync(stage);
        await visit.SeekAsync(20);
        await visit.PlaysAsync();
        await visit.Id("play").ClickAsync();

        await visit.Page.EvaluateAsync(await File.ReadAllTextAsync(axe, TestContext.Current.CancellationToken)); // not a script of the page: its policy stays
        Assert.Equal("", await visit.FaultsAsync());
        Assert.Equal(width, await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        if (s_picture is not null && width > 320)
            await visit.Page.ScreenshotAsync(
                new() { Path = colours == "light" ? s_picture : Path.ChangeExtension(s_picture, $".{colours}.png"), FullPage = true });
        else if (s_picture is not null)
            await visit.Page.ScreenshotAsync(new() { Path = Path.ChangeExtension(s_picture, ".narrow.png"), FullPage = true });

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = $"Share {Film.Title}" }).First.ClickAsync();
        await Expect(visit.Id("share-until")).ToBeVisibleAsync();
        Assert.Equal("", await visit.FaultsAsync());
        visit.AssertNoComplaints();
    }
}
