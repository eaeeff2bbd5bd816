using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Whatever a caller sends, the fault is the caller's: no value in any place makes a 5xx.</summary>
public sealed class HostileValueTests
{
    private const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";

    [Fact(Timeout = 300_000)]
    public async Task No_value_in_a_path_a_query_a_header_or_a_body_makes_a_5xx()
    {
        var hostile = new HostileRequests();
        await using var host = await IngestHost.StartAsync(
            Directory.CreateTempSubdirectory("reelseal-test-").FullName, services => services.AddSingleton<IStartupFilter>(hostile), ("MAX_TRANSCODES", "20"));

        var (count, failures) = await hostile.SendAsync(
            host.Address, host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>(), new Dictionary<string,
                string> { ["id"] = Video },
            [$"Authorization: Bearer {IngestHost.Token()}\r\n", ""], TestContext.Current.CancellationToken);

        Assert.Empty(failures);
        Assert.InRange(count, 5000, int.MaxValue); // it did send them
        foreach (var name in (string[])["after", "limit", "callback"])
            Assert.Contains(name, hostile.QueryParameters);
        // Nothing that strangers could fill the log with: an uploader's refused ingest is one line. Kestrel has another, now and then, where a sender hangs up
        // while the rest of a body is read (https://github.com/dotnet/aspnetcore/issues/52324).
        Assert.DoesNotContain(
            host.Warnings, line => line != "Connection processing ended abnormally."
                && (!line.StartsWith("Ingest of ", StringComparison.Ordinal) || line.Contains("\n   at ", StringComparison.Ordinal)));
    }
}
