using static Microsoft.Playwright.Assertions;

namespace Reelseal.Page.Tests;

/// <summary>The page's Content-Security-Policy works. All other tests show that it is not too strict.</summary>
public sealed class PolicyTests(Stage stage)
{
    [Fact(Timeout = 120_000)]
    public async Task Only_its_own_scripts_and_styles_run_and_it_connects_to_no_strangers()
    {
        await stage.StartedAsync();
        await using var visit = await Visit.OpenAsync(stage);
        await Expect(visit.Id($"play-{stage.Film}")).ToBeVisibleAsync();

        var directives = await visit.Page.EvaluateAsync<string[]>(
            """
            async () => {
              const violated = [];
              addEventListener("securitypolicyviolation", event => violated.push(event.effectiveDirective));
              const script = document.createElement("script");
              script.textContent = "window.wasRun = true";
              document.body.append(script);
              const style = document.createElement("style");
              style.textContent = "body { color: red }";
              document.body.append(style);
              document.body.insertAdjacentHTML("beforeend", "<img src='https://elsewhere.example/x.png'><p onclick='1' id='handled'></p>");
              await fetch("http://127.0.0.1:9/").catch(() => {});
              document.getElementById("handled").click();
              await new Promise(resolve => setTimeout(resolve, 300));
              return [...new Set(violated)].sort().concat(String(window.wasRun));
            }
            """);

        Assert.Equal("connect-src img-src script-src-attr script-src-elem style-src-elem undefined", string.Join(' ', directives));
    }

    [Fact(Timeout = 120_000)]
    public async Task The_page_and_its_configuration_can_be_read_by_no_other_page_and_framed_by_none()
    {
        await stage.StartedAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        foreach (var path in (string[])["/site/", "/site/config.json", "/site/page.js"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, stage.System.Edge + path) { Headers = { { "Origin", "https://elsewhere.example" } } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
            Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task The_player_can_be_loaded_by_any_page_and_framed_by_none_that_is_not_listed()
    {
        await stage.StartedAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        foreach (var path in (string[])["/site/player/reelseal-player.js", "/site/player/player.css", "/site/player/hls/hls.js", "/site/player/embed.html"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, stage.System.Edge + path) { Headers = { { "Origin", "https://elsewhere.example" } } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
            Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }
    }
}
