namespace Reelseal.Local.Tests;

/// <summary>An HTTP server that answers as a test says and remembers what it was asked.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly LoopbackServer _server;

    private StubServer(LoopbackServer server) => _server = server;

    public string Address => _server.Address;

    public static async Task<StubServer> StartAsync(RequestDelegate serve) =>
        new(await LoopbackServer.StartAsync(0, kestrel => kestrel.Limits.MaxRequestBodySize = null, _ => { }, serve, TestContext.Current.CancellationToken));

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
