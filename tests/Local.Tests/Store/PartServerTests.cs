using System.Net;
using Reelseal.Local.Store;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Local.Tests.Store;

/// <summary>The store's own address for parts: what S3 answers under the CORS rule of infra.</summary>
public sealed class PartServerTests : IAsyncLifetime
{
    private const string Page = "http://127.0.0.1:8081";
    private const string Key = "uploads/0b9f5a0e-6f0b-4b43-9d2e-3f8b1c5a7e21";

    private readonly TemporaryDirectory _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private PartServer _server = null!;
    private DirectoryMultipartStore _parts = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var store = new DirectoryObjectStore(_folder.Path, TimeSpan.FromSeconds(5));
        _server = await PartServer.StartAsync(_folder.Path, store, Page, _ => { }, Cancellation);
        _parts = new(_folder.Path, new(_server.Address), store, TimeProvider.System);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_part_is_taken_at_its_address_and_its_etag_may_be_read_by_the_page()
    {
        var upload = await _parts.BeginAsync(Key, Cancellation);
        using var answer = await PutAsync(await _parts.AddressOfPartAsync(Key, upload, 1, DateTimeOffset.UtcNow.AddMinutes(1), Cancellation), Page);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Page, answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("ETag", answer.Headers.GetValues("Access-Control-Expose-Headers").Single());
        var part = Assert.Single((await _parts.ListPartsAsync(Key, upload, Cancellation))!);
        Assert.Equal((1, answer.Headers.ETag!.Tag, 5L), (part.Number, part.ETag, part.Length));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_preflight_allows_put_to_the_page_and_nothing_to_others()
    {
        using var allowed = await PreflightAsync(Page);
        using var refused = await PreflightAsync("https://elsewhere.example");

        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        Assert.Equal("PUT", allowed.Headers.GetValues("Access-Control-Allow-Methods").Single());
        Assert.Equal("content-type", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single());
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("partNumber=1", "partNumber=2")]
    [InlineData("signature=", "signature=A")]
    [InlineData("uploads/", "videos/")]
    [InlineData("expires=", "expires=9")]
    [InlineData("?", "?partNumber=1&")]
    public async Task A_changed_part_URL_is_refused_and_the_page_can_read_the_refusal(string part, string changed)
    {
        var upload = await _parts.BeginAsync(Key, Cancellation);
        var address = await _parts.AddressOfPartAsync(Key, upload, 1, DateTimeOffset.UtcNow.AddMinutes(1), Cancellation);
        using var answer = await PutAsync(new(address.AbsoluteUri.Replace(part, changed, StringComparison.Ordinal)), Page);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.True(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Empty((await _parts.ListPartsAsync(Key, upload, Cancellation))!);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<HttpResponseMessage> PutAsync(Uri address, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new StringContent("bytes"), Headers = { { "Origin", origin } } };
        return await _http.SendAsync(request, Cancellation);
    }

    private async Task<HttpResponseMessage> PreflightAsync(string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, $"{_server.Address}/{Key}")
        {
            Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "PUT" }, { "Access-Control-Request-Headers", "content-type" } },
        };
        return await _http.SendAsync(request, Cancellation);
    }
}
