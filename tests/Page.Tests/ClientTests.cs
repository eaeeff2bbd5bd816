using Reelseal.Local;
using Reelseal.Local.Playback;
using Reelseal.Tokens;

namespace Reelseal.Page.Tests;

/// <summary>
/// Third-party players on a page of another origin, as a developer would set them up: through the edge with a ticket, and through the gateway with a token.
/// </summary>
public sealed class ClientTests(Stage stage)
{
    private const string Html =
        "<!doctype html><meta charset='utf-8'><title>player</title><link rel='icon' href='data:,'><video muted controls width='640'></video>";

    public static TheoryData<string, string> Ways =>
        new(from client in (string[])["hls.js", "shaka"] from way in (string[])["ticket", "token in the query", "token in a header"] select (client, way));

    [Theory(Timeout = 300_000)]
    [MemberData(nameof(Ways))]
    public async Task The_film_plays(string client, string way)
    {
        await stage.StartedAsync();
        var script = client == "shaka"
            ? Path.Combine(Repository.Root, "tests", "Page.Tests", "node_modules", "shaka-player", "dist", "shaka-player.compiled.js")
            : Path.Combine(new LocalOptions().SiteDirectory, "player", "hls", "hls.js");
        Assert.SkipUnless(File.Exists(script), $"{client} is not installed: make test installs it.");
        await using var site =
            await LoopbackServer.StartAsync(0, _ => { }, _ => { }, context => ServeAsync(context, script), TestContext.Current.CancellationToken);
        using var own = new VideoClient(stage.System.Gateway, stage.System.Tokens);
        var (url, token) = way switch
        {
            "ticket" => ((await own.GetTicketAsync(stage.Film, until: null, TestContext.Current.CancellationToken)).Url.AbsoluteUri, ""),
            "token in the query" => (own.GatewayPlaylist(stage.Film).AbsoluteUri, ""),
            _ => ($"{stage.System.Gateway}/function/sign-playlist/videos/{stage.Film}/multivariant.m3u8",
                stage.System.Tokens.Mint(new() { Scopes = [Scopes.Play] })),
        };
        await using var visit = await Visit.OpenAsync(stage, site.Address);

        await visit.Page.EvaluateAsync(client == "shaka" ? Shaka : HlsJs, new { url, token, gateway = stage.System.Gateway });
        await visit.AssertMovingAsync();

        Assert.True(await visit.Page.EvaluateAsync<int>("() => document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames") > 5);
        visit.AssertNoComplaints();
    }

    private static Task ServeAsync(HttpContext context, string script)
    {
        context.Response.ContentType = context.Request.Path == "/player.js" ? "text/javascript" : "text/html";
        return context.Request.Path == "/player.js" ? context.Response.SendFileAsync(script) : context.Response.WriteAsync(Html);
    }

    private const string HlsJs =
        """
        async ({ url, token, gateway }) => {
          const { default: Hls } = await import("/player.js");
          const hls = new Hls(token ? {
            xhrSetup(request, address) {
              request.open("GET", address);
              if (address.startsWith(gateway)) request.setRequestHeader("Authorization", `Bearer ${token}`);
            },
          } : {});
          hls.loadSource(url);
          const video = document.querySelector("video");
          hls.attachMedia(video);
          await video.play();
        }
        """;

    private const string Shaka =
        """
        async ({ url, token, gateway }) => {
          await new Promise((resolve, reject) =>
            document.head.append(Object.assign(document.createElement("script"), { src: "/player.js", onload: resolve, onerror: reject })));
          shaka.polyfill.installAll();
          const player = new shaka.Player();
          const video = document.querySelector("video");
          await player.attach(video);
          if (token) player.getNetworkingEngine().registerRequestFilter((_, request) => {
            if (request.uris[0].startsWith(gateway)) request.headers.Authorization = `Bearer ${token}`;
          });
          await player.load(url);
          await video.play();
        }
        """;
}
