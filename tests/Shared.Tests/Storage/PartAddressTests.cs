using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Tests.Storage;

/// <summary>Addresses of the parts of uploads into a directory.</summary>
public sealed class PartAddressTests
{
    [Fact]
    public async Task The_address_of_a_part_is_good_until_its_last_second_and_not_in_it()
    {
        using var folder = new TemporaryDirectory();
        var clock = new FakeTimeProvider(new(2027, 1, 15, 8, 20, 0, TimeSpan.Zero));
        var store = new DirectoryMultipartStore(folder.Path, new("http://unused"), new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(5)), clock);
        var key = ObjectKeys.Upload(VideoId.New());
        var upload = await store.BeginAsync(key, CancellationToken.None);
        var address = await store.AddressOfPartAsync(key, upload, 1, clock.GetUtcNow().AddHours(1), CancellationToken.None);
        var query = QueryHelpers.ParseQuery(address.Query);
        string? Value(string name) => query.TryGetValue(name, out var value) ? value.ToString() : null;
        Task<string?> SendAsync() => store.ReceivePartAsync(key, Value, new MemoryStream([1]), CancellationToken.None);

        clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(await SendAsync());
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await SendAsync());
    }
}
