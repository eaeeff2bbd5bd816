using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>The list of videos.</summary>
public sealed class LibraryTests(Stage stage)
{
    private const int Limit = 120_000;

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
    public async Task What_Show_more_has_shown_stays_while_a_video_is_being_made()
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
}
