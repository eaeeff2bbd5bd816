using System.Text.Json.Nodes;
using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>The list of videos.</summary>
public sealed class LibraryTests(Stage stage)
{
    private const int Limit = 300_000;

    private Task<Visit> OpenAsync(Shelf shelf, int width = 1100) =>
        Visit.OpenAsync(stage, options: new() { ViewportSize = new() { Width = width, Height = 900 } }, prepare: shelf.AnswerAsync);

    [Fact(Timeout = Limit)]
    public async Task Cards_are_equally_high_whatever_the_shape_of_their_posters()
    {
        await stage.StartedAsync();
        var shelf = new Shelf { Poster = (360, 640) };
        foreach (var title in (string[])["One", "Two", "Three", "Four"])
            shelf.Add(title);
        await using var visit = await OpenAsync(shelf);

        await visit.Page.WaitForFunctionAsync(
            "() => document.querySelectorAll('.card img').length === 4 && [...document.images].every(image => image.complete)");

        var heights = await visit.Page.EvaluateAsync<double[]>("() => [...document.querySelectorAll('.picture')].map(picture => picture.offsetHeight)");
        Assert.All(heights, height => Assert.InRange(height, 100, 200));
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task Cards_that_Show_more_has_shown_stay_while_a_video_is_being_made()
    {
        await stage.StartedAsync();
        var shelf = new Shelf();
        var made = shelf.Add("In the making", "transcoding");
        for (var i = 1; i < 30; i++)
            shelf.Add($"Number {i}");
        await using var visit = await OpenAsync(shelf);
        await visit.Id("more").ClickAsync();
        await Expect(visit.Page.Locator(".card")).ToHaveCountAsync(24);

        made["progress"] = 0.9;
        await Expect(visit.Page.GetByText("90 %")).ToBeVisibleAsync(); // it was loaded again

        await Expect(visit.Page.Locator(".card")).ToHaveCountAsync(24);
        Assert.Equal("Play Number 12", await visit.Page.EvaluateAsync<string>("() => document.activeElement.ariaLabel"));
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_card_says_when_how_large_and_how_good_how_far_and_why_not()
    {
        await stage.StartedAsync();
        var shelf = new Shelf();
        shelf.Add("Ready", "ready", ("size", 12_400_000), ("renditions", new JsonArray(
            new JsonObject { ["type"] = "video", ["width"] = 608, ["height"] = 1080 },
            new JsonObject { ["type"] = "video", ["width"] = 234, ["height"] = 416 })));
        var made = shelf.Add("In the making", "transcoding", ("remaining", 200));
        var failed = shelf.Add("Broken", "failed", ("error", "The video is damaged: only 3 s of the 60 s of its picture can be decoded."));
        shelf.Add("Early", "transcoding", ("playable", true), ("duration", 30));
        await using var visit = await OpenAsync(shelf);
        ILocator Card(string title) => visit.Page.Locator(".card").Filter(new() { HasText = title });

        await Expect(Card("Ready")).ToContainTextAsync("Oct 4, 2024 · 12 MB · 608p");
        await Expect(Card("In the making").GetByRole(AriaRole.Progressbar)).ToHaveAttributeAsync("value", "0.4");
        await Expect(Card("In the making")).ToContainTextAsync("Transcoding · 40 % · about 3 min left");
        await Expect(Card("Broken").Locator(".mark")).ToHaveTextAsync("Failed");
        await Expect(Card("Broken")).ToContainTextAsync("only 3 s of the 60 s");
        await Expect(Card("Early").GetByRole(AriaRole.Button, new() { Name = "Play Early" })).ToBeVisibleAsync();

        await Card("Broken").GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await Card("Broken").GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await visit.Id("deleting").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(visit.Id("deleting")).ToBeHiddenAsync();
        while (shelf.Changes.Count < 2)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(
            [$$"""POST / {"source":"uploads/{{failed["id"]}}"}""", $"DELETE /videos/{failed["id"]}"], shelf.Changes);
        Assert.NotNull(made);
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task All_videos_are_searched_and_sorted_not_only_those_that_are_shown()
    {
        await stage.StartedAsync();
        var shelf = new Shelf();
        for (var i = 1; i <= 30; i++)
            shelf.Add($"Number {i}");
        shelf.Add("An äpfel film");
        await using var visit = await OpenAsync(shelf);
        await Expect(visit.Page.Locator(".card")).ToHaveCountAsync(12);

        await visit.Id("search").FillAsync("film ÄPF");
        await Expect(visit.Page.Locator(".card h3")).ToHaveTextAsync(["An äpfel film"]);
        await visit.Id("search").FillAsync("nothing of it");
        await Expect(visit.Id("empty")).ToHaveTextAsync("No title has these words.");
        await visit.Id("search").FillAsync("");
        await visit.Id("sort").SelectOptionAsync("title");
        await Expect(visit.Page.Locator(".card h3").First).ToHaveTextAsync("An äpfel film");
        await Expect(visit.Page.Locator(".card h3").Nth(2)).ToHaveTextAsync("Number 2"); // and not 10
        await visit.Id("sort").SelectOptionAsync("longest");
        await Expect(visit.Page.Locator(".card h3").First).ToHaveTextAsync("An äpfel film");
        await visit.Id("sort").SelectOptionAsync("oldest");
        await Expect(visit.Page.Locator(".card h3").Nth(1)).ToHaveTextAsync("Number 30");
        visit.AssertNoComplaints();
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_is_renamed_from_its_menu()
    {
        await stage.StartedAsync();
        var shelf = new Shelf();
        var video = shelf.Add("Old");
        await using var visit = await OpenAsync(shelf);

        await visit.ChooseFromMenuAsync("Old", "Rename");
        await Expect(visit.Id("new-title")).ToHaveValueAsync("Old");
        await visit.Id("new-title").FillAsync("חדש & new");
        video["title"] = "חדש & new";
        await visit.Id("new-title").PressAsync("Enter");

        await Expect(visit.Page.Locator(".card h3")).ToHaveTextAsync("חדש & new");
        await Expect(visit.Page.Locator(".card h3")).ToHaveAttributeAsync("dir", "auto");
        Assert.Equal([$$"""PATCH /videos/{{video["id"]}} {"title":"חדש & new"}"""], shelf.Changes);
        Assert.Equal("More for חדש & new", await visit.Page.EvaluateAsync<string>("() => document.activeElement.ariaLabel"));
        visit.AssertNoComplaints();
    }
}
