using Reelseal.Testing;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>How the page looks, and for whom: light, dark, narrow, by keyboard, and to a screen reader.</summary>
public sealed class LookTests(Stage stage)
{
    private const int Limit = 300_000;

    /// <summary>The file that a picture of the page is written to, for the README; none by default.</summary>
    private static readonly string? s_picture = Environment.GetEnvironmentVariable("PAGE_PICTURE");

    /// <summary>The folder that a picture of each state of the watched video is written to; none by default.</summary>
    private static readonly string? s_states = Environment.GetEnvironmentVariable("PAGE_STATES");

    public static TheoryData<string, int, int> Screens =>
        new(from colours in (string[])["light", "dark"]
            from screen in ((int Width, int Height)[])[(320, 640), (768, 1024), (1280, 800), (1366, 768)]
            select (colours, screen.Width, screen.Height));

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
        await AxeAsync();
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
        await visit.PressPlayAsync();

        await visit.Page.EvaluateAsync(await AxeAsync()); // not a script of the page: its policy stays
        Assert.Equal("", await visit.FaultsAsync());
        Assert.Equal(width, await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        if (s_picture is not null && width > 320)
            await visit.Page.ScreenshotAsync(
                new() { Path = colours == "light" ? s_picture : Path.ChangeExtension(s_picture, $".{colours}.png"), FullPage = true });
        else if (s_picture is not null)
            await visit.Page.ScreenshotAsync(new() { Path = Path.ChangeExtension(s_picture, ".narrow.png"), FullPage = true });

        await (await visit.ControlAsync("settings")).ClickAsync();
        Assert.Equal("", await visit.FaultsAsync());
        visit.AssertNoComplaints();
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Looks))]
    public async Task Every_state_of_the_page_is_accessible_and_fits_its_width(string colours, int width, int height)
    {
        await stage.StartedAsync();
        var axe = await AxeAsync();
        var shelf = new Shelf();
        shelf.Add("Ready");
        shelf.Add("In the making, with a title that is longer than a card is wide and goes on for two lines", "transcoding");
        shelf.Add("Early", "transcoding", ("playable", true), ("duration", 30));
        shelf.Add("Broken", "failed", ("error", "The video is damaged."));
        var options = new BrowserNewContextOptions
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = colours == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        };
        await using var visit = await Visit.OpenAsync(stage, options: options, prepare: shelf.AnswerAsync);
        await visit.Page.EvaluateAsync(axe);
        async Task CheckAsync(string state)
        {
            Assert.Equal($"{state}: ", $"{state}: {await visit.FaultsAsync()}");
            Assert.Equal($"{state}: {width}", $"{state}: {await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth")}");
        }

        await Expect(visit.Page.Locator(".card")).ToHaveCountAsync(4);
        await CheckAsync("the list");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "More for Ready" }).ClickAsync();
        await Expect(visit.Page.Locator(".menu:popover-open button").First).ToBeFocusedAsync();
        await CheckAsync("a menu");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Rename Ready" }).ClickAsync();
        await CheckAsync("renaming");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Share Ready" }).ClickAsync();
        await Expect(visit.Id("share-most")).Not.ToBeEmptyAsync();
        await CheckAsync("sharing");
        await visit.Id("share-make").ClickAsync();
        await Expect(visit.Id("share-link")).ToBeVisibleAsync();
        await CheckAsync("a link");
        await visit.Id("share-revoke").ClickAsync();
        await CheckAsync("revoking");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Remove Broken" }).ClickAsync();
        await CheckAsync("deleting");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Id("file").SetInputFilesAsync((FilePayload[])[
            new() { Name = "refused.mp4", MimeType = "video/mp4", Buffer = new byte[10] },
            new() { Name = "second.mp4", MimeType = "video/mp4", Buffer = new byte[10] }]);
        await Expect(visit.Page.Locator(".job")).ToHaveCountAsync(2);
        await CheckAsync("uploads");
        await visit.Id("search").FillAsync("nothing has this");
        await CheckAsync("nothing found");
        await visit.Context.RouteAsync("**/site/config.json", route => route.FulfillAsync(new() { Json = new { gateway = stage.System.Gateway } }));
        await visit.Page.ReloadAsync();
        await Expect(visit.Id("signing-in")).ToBeVisibleAsync();
        await visit.Page.EvaluateAsync(axe);
        await CheckAsync("signing in");
        await visit.Page.GotoAsync("about:blank");
        await visit.Page.GotoAsync($"{stage.System.Edge}/site/#video={stage.Film}&until=1700000000&share=x");
        await Expect(visit.Id("notice")).ToBeVisibleAsync();
        await visit.Page.EvaluateAsync(axe);
        await CheckAsync("a link that has ended");
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Screens))]
    public async Task What_can_be_changed_of_a_video_is_accessible_and_fits_every_screen(string colours, int width, int height)
    {
        await stage.StartedAsync();
        var axe = await AxeAsync();
        await using var visit = await Visit.OpenAsync(stage, options: new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = colours == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        await visit.Page.EvaluateAsync(axe);
        await visit.PlayAsync(stage);
        await visit.SeekAsync(20);
        await visit.PlaysAsync();
        await visit.PressPlayAsync();

        await Expect(visit.Id("tools")).ToBeVisibleAsync();
        await CheckAsync("tools");
        await visit.Id("download").ClickAsync();
        await Expect(visit.Page.Locator(".menu:popover-open button").First).ToBeFocusedAsync();
        await CheckAsync("download");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Id("edit-poster").ClickAsync();
        await CheckAsync("poster");
        var picture = Path.Combine(stage.Files, "tall.png");
        await Ffmpeg.RunAsync("-f", "lavfi", "-i", "testsrc2=s=360x640", "-frames:v", "1", "-y", picture);
        await visit.Id("poster-file").SetInputFilesAsync(picture);
        await Expect(visit.Id("poster-choice").Locator("[data-what]")).ToHaveTextAsync("tall.png");
        await CheckAsync("poster-picture");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Id("edit-subtitles").ClickAsync();
        await CheckAsync("subtitles");
        await visit.Id("subtitles-language").SelectOptionAsync("other");
        await visit.Id("subtitling").GetByRole(AriaRole.Button, new() { Name = "Replace English" }).ClickAsync();
        await visit.Id("subtitles-file").SetInputFilesAsync(
            new FilePayload { Name = "notes.txt", MimeType = "text/plain", Buffer = "Buy milk."u8.ToArray() });
        await visit.Id("subtitling").GetByRole(AriaRole.Button, new() { Name = "Replace", Exact = true }).ClickAsync();
        await Expect(visit.Id("subtitling").Locator(".fault")).ToContainTextAsync("neither WebVTT");
        await CheckAsync("subtitles-refused");
        visit.AssertNoComplaints();

        async Task CheckAsync(string state)
        {
            if (s_states is not null)
                await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(s_states, $"{state}-{width}x{height}-{colours}.png") });
            Assert.Equal($"{state}: ", $"{state}: {await visit.FaultsAsync()}");
            Assert.Equal($"{state}: {width}", $"{state}: {await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth")}");
        }
    }

    private static async Task<string> AxeAsync()
    {
        var axe = Path.Combine(Local.Repository.Root, "tests", "Page.Tests", "node_modules", "axe-core", "axe.min.js");
        Assert.SkipUnless(File.Exists(axe), "axe-core is not installed: make test installs it.");
        return await File.ReadAllTextAsync(axe, TestContext.Current.CancellationToken);
    }
}
