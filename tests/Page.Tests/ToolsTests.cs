using System.Text.Json;
using Reelseal.Testing;
using Reelseal.Tokens;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>What can be done with the video that is watched: its subtitles, its poster, and a file to keep; each only by those who may.</summary>
public sealed class ToolsTests(Stage stage)
{
    private const int Limit = 300_000;
    private const string Greeting = "WEBVTT\n\n00:00.000 --> 00:20.000\nGuten Abend\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Subtitles_are_added_replaced_and_removed_and_what_is_wrong_with_a_file_is_said()
    {
        await using var own = await OwnVideoAsync("Subtitled");
        var (visit, dialog) = (own.Visit, own.Visit.Id("subtitling"));
        await visit.Id("edit-subtitles").ClickAsync();
        await Expect(dialog.Locator("ul")).ToBeHiddenAsync();

        await ChooseAsync("de", Greeting, "Add");
        await Expect(dialog.GetByRole(AriaRole.Status)).ToHaveTextAsync("German added. Players show it within a minute.");
        Assert.Contains("TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"Deutsch\",LANGUAGE=\"de\"", await own.PlaylistAsync(), StringComparison.Ordinal);

        await dialog.GetByRole(AriaRole.Button, new() { Name = "Replace Deutsch" }).ClickAsync();
        await visit.Id("subtitles-name").FillAsync("Für Gehörlose");
        await visit.Id("subtitles-file").SetInputFilesAsync(FileOf("1\n00:00:01,000 --> 00:00:02,000\nGute Nacht\n"));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Replace", Exact = true }).ClickAsync();
        await Expect(dialog.Locator("li")).ToHaveCountAsync(1);
        await Expect(dialog.Locator("li p").First).ToHaveTextAsync("Für Gehörlose");
        Assert.Contains("NAME=\"Für Gehörlose\",LANGUAGE=\"de\"", await own.PlaylistAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("NAME=\"Deutsch\"", await own.PlaylistAsync(), StringComparison.Ordinal);

        // A language that is not in the list, for signs only.
        await visit.Id("subtitles-language").SelectOptionAsync("other");
        await dialog.Locator("[name=tag]").FillAsync("gsw");
        await dialog.GetByLabel("Only what everybody must read").CheckAsync();
        await visit.Id("subtitles-file").SetInputFilesAsync(FileOf(Greeting));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Expect(dialog.Locator("li")).ToHaveCountAsync(2);
        Assert.Contains("LANGUAGE=\"gsw\",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES", await own.PlaylistAsync(), StringComparison.Ordinal);

        await ChooseAsync("fr", "WEBVTT\n\n00:01.000 --> 00:02.000\n<script>alert(1)</script>\n", "Add");
        await Expect(dialog.GetByRole(AriaRole.Status)).ToContainTextAsync("Line 3: the subtitle holds <script>");
        await Expect(dialog.Locator("li")).ToHaveCountAsync(2);

        await dialog.GetByRole(AriaRole.Button, new() { Name = "Remove Für Gehörlose" }).ClickAsync();
        await Expect(dialog.Locator("li")).ToHaveCountAsync(1);
        Assert.DoesNotContain("LANGUAGE=\"de\"", await own.PlaylistAsync(), StringComparison.Ordinal);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await visit.Id("edit-subtitles").ClickAsync();
        await Expect(dialog.Locator("li")).ToHaveCountAsync(1); // it is known without a reload
        visit.AssertNoComplaints();

        async Task ChooseAsync(string language, string text, string action)
        {
            await visit.Id("subtitles-file").SetInputFilesAsync(FileOf(text));
            await visit.Id("subtitles-language").SelectOptionAsync(language);
            await dialog.GetByRole(AriaRole.Button, new() { Name = action, Exact = true }).ClickAsync();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task The_moment_that_is_shown_becomes_the_poster_or_a_picture_does()
    {
        await using var own = await OwnVideoAsync("Pictured");
        var (visit, dialog) = (own.Visit, own.Visit.Id("poster-choice"));
        await visit.PressPlayAsync();
        await visit.SeekAsync(2);
        await visit.Page.WaitForFunctionAsync("() => media().readyState >= 2 && !media().seeking");

        await visit.Id("edit-poster").ClickAsync();
        await Expect(dialog.Locator("[data-what]")).ToHaveTextAsync("The moment at 0:02");
        Assert.True(await visit.Page.EvaluateAsync<bool>(
            """
            () => {
              const canvas = document.querySelector("#poster-choice canvas");
              return new Set(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).size > 10;
            }
            """));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Use as poster" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Status)).ToContainTextAsync("This is the poster now.");
        var first = await own.PosterAsync();
        Assert.Contains("/poster-", first, StringComparison.Ordinal);

        var picture = Path.Combine(stage.Files, "blue.png");
        await Ffmpeg.RunAsync("-f", "lavfi", "-i", "color=blue:s=320x180", "-frames:v", "1", "-y", picture);
        await visit.Id("poster-file").SetInputFilesAsync(picture);
        await Expect(dialog.Locator("[data-what]")).ToHaveTextAsync("blue.png");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Use as poster" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Status)).ToContainTextAsync("This is the poster now.");
        var second = await own.PosterAsync();
        Assert.NotEqual(first, second);
        await visit.Page.WaitForFunctionAsync(
            "poster => [...document.images].some(image => image.src.includes(poster) && image.complete && image.naturalWidth > 0)", second);

        // What no browser shows is not sent, and the moment is still there.
        await visit.Id("poster-file").SetInputFilesAsync(FileOf("Buy milk."));
        await Expect(dialog.Locator(".fault")).ToContainTextAsync("cannot show the picture");
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Use as poster" })).ToBeDisabledAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Reset" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Use as poster" })).ToBeEnabledAsync();
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_is_kept_under_the_title_of_the_video()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await visit.PlayAsync(stage);
        await visit.Id("download").ClickAsync();
        await Expect(visit.Page.Locator(".menu:popover-open button")).ToContainTextAsync(["360p · ", "234p · "]);

        var download = await visit.Page.RunAndWaitForDownloadAsync(() => visit.Page.GetByRole(AriaRole.Button, new() { Name = "234p" }).ClickAsync());

        Assert.Equal($"{Film.Title}.mp4", download.SuggestedFilename);
        var file = Path.Combine(stage.Files, "kept.mp4");
        await download.SaveAsAsync(file);
        Assert.Equal("234", (await Ffmpeg.ProbeAsync("-select_streams", "v", "-show_entries", "stream=height", "-of", "csv=p=0", file)).Trim());
        Assert.Equal($"{stage.System.Edge}/site/", visit.Page.Url);
        visit.AssertNoComplaints();
    }

    [Theory(Timeout = Limit)]
    [InlineData("video:play", "")]
    [InlineData("video:play video:download", "Download 360p")]
    [InlineData("video:play video:ingest", "Subtitles, Poster")]
    [InlineData("video:play video:ingest video:download", "Subtitles, Poster, Download")]
    public async Task Each_tool_is_offered_to_those_who_may_use_it(string scopes, string tools)
    {
        await stage.StartedAsync();
        var token = stage.System.Tokens.Mint(new() { Scopes = scopes.Split(' ') });
        await using var visit = await Visit.OpenAsync(stage, $"{stage.System.Edge}/site/#video={stage.Film}&token={token}");
        await visit.PressPlayAsync();
        await visit.PlaysAsync(); // the page has asked by then
        if (tools.Length > 0)
            await Expect(visit.Id("tools")).ToBeVisibleAsync();

        var offered = await visit.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll("#tools > button")].filter(button => button.checkVisibility())
              .map(button => button.textContent.split(" · ")[0])
            """);

        Assert.Equal(tools, string.Join(", ", offered));
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_link_that_was_shared_offers_no_tools()
    {
        await stage.StartedAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", stage.System.Tokens.Mint(new() { Scopes = [Scopes.Share] }));
        var until = DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeSeconds();
        var link = JsonDocument.Parse(await http.GetStringAsync(
            $"{stage.System.Gateway}/function/sign-playlist/videos/{stage.Film}/share?until={until}", Cancellation)).RootElement;
        await using var visit = await Visit.OpenAsync(
            stage, $"{stage.System.Edge}/site/#video={stage.Film}&until={until}&share={link.GetProperty("share").GetString()}");
        await visit.PressPlayAsync();
        await visit.PlaysAsync();
        await Expect(visit.Id("tools")).ToBeHiddenAsync();
    }

    private static FilePayload FileOf(string text) => new() { Name = "file.txt", MimeType = "text/plain", Buffer = System.Text.Encoding.UTF8.GetBytes(text) };

    /// <summary>A video that a test may change, being watched.</summary>
    private async Task<OwnVideo> OwnVideoAsync(string title)
    {
        await stage.StartedAsync();
        var id = VideoId.New();
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new("Bearer", stage.System.Tokens.Mint(new() { Scopes = [Scopes.Ingest] }));
        using (var request = new HttpRequestMessage(HttpMethod.Post, $"{stage.System.Gateway}/function/ingest-video/?title={title}"))
        {
            request.Headers.Add("X-Call-Id", id.ToString());
            request.Content = new StreamContent(File.OpenRead(await stage.ShortVideoAsync($"{title}.mp4", seconds: 6)));
            using var answer = await http.SendAsync(request, Cancellation);
            answer.EnsureSuccessStatusCode();
        }
        var visit = await Visit.OpenAsync(stage);
        await visit.Id($"play-{id}").ClickAsync();
        await visit.PlaysAsync();
        return new(stage, http, id, visit);
    }

    private sealed record OwnVideo(Stage Stage, HttpClient Http, VideoId Id, Visit Visit) : IAsyncDisposable
    {
        private Uri Address => new($"{Stage.System.Gateway}/function/ingest-video/videos/{Id}");

        public Task<string> PlaylistAsync() => File.ReadAllTextAsync(Path.Combine(Stage.StoreDirectory, ObjectKeys.Multivariant(Id)), Cancellation);

        public async Task<string> PosterAsync() =>
            JsonDocument.Parse(await Http.GetStringAsync(Address, Cancellation)).RootElement.GetProperty("poster").GetString()!;

        public async ValueTask DisposeAsync()
        {
            using var answer = await Http.DeleteAsync(Address, CancellationToken.None);
            Http.Dispose();
            await Visit.DisposeAsync();
        }
    }
}
