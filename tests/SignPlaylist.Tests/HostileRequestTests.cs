using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Reelseal.Testing;

namespace SignPlaylist.Tests;

/// <summary>Whatever a caller sends, the fault is the caller's: no value in any place makes a 5xx.</summary>
public sealed class HostileRequestTests
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";

    [Fact(Timeout = 300_000)]
    public async Task No_value_in_a_path_a_query_a_header_or_a_body_makes_a_5xx()
    {
        var hostile = new HostileRequests();
        await using var server = await SignPlaylistServer.StartAsync(change: services => services.AddSingleton<IStartupFilter>(hostile));
        await PlaylistEndpointTests.PutVideoAsync(server);

        var (count, failures) = await hostile.SendAsync(
            server.Address, server.Routes, new Dictionary<string, string> { ["video"] = Video, ["path"] = "multivariant.m3u8" },
            [$"Authorization: Bearer {server.Token(Video)}\r\n", $"{OriginProof.Header}: {SignPlaylistServer.OriginSecret}\r\n", ""],
            TestContext.Current.CancellationToken);

        Assert.Empty(failures);
        Assert.InRange(count, 5000, int.MaxValue); // it did send them
        foreach (var name in (string[])["until", "proof", "token", "cookies"])
            Assert.Contains(name, hostile.QueryParameters);
        Assert.Empty(server.Log); // nor a line that strangers could fill the log with
    }
}
