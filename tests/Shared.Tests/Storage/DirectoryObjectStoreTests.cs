using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Tests.Storage;

public sealed class DirectoryObjectStoreTests : ObjectStoreTests, IDisposable
{
    private readonly TemporaryDirectory _outer = new();

    private string Root => Path.Combine(_outer.Path, "store");

    public void Dispose() => _outer.Dispose();

    protected override Task<IObjectStore> CreateAsync() => Task.FromResult<IObjectStore>(new DirectoryObjectStore(Root, TimeSpan.FromSeconds(60)));

    [Fact(Timeout = Limit)]
    public async Task Nothing_but_objects_and_their_folders_is_left()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "videos/a/x", "1");
        await WriteAsync(store, "videos/a/x", "2", WriteCondition.IfNew);
        await WriteAsync(store, "videos/b/y/z", "3");
        await store.DeleteAsync(["videos/a/x", "videos/a/never"], Token);

        Assert.Equal(["videos", "videos/b", "videos/b/y", "videos/b/y/z"], Left());

        await store.DeleteAsync(["videos/b/y/z"], Token);
        Assert.Empty(Left());
    }

    [Fact(Timeout = Limit)]
    public async Task No_key_leads_out_of_the_directory()
    {
        var store = await CreateAsync();
        await File.WriteAllTextAsync(Path.Combine(_outer.Path, "secret"), "secret", Token);

        foreach (var key in (string[])["../secret", "a/../../secret", "/../secret", Path.Combine(_outer.Path, "secret"), "..\\secret", "./../secret"])
        {
            Assert.Null(await store.GetAsync(key, range: null, unlessETag: null, Token));
            await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(store, key, "changed"));
            await Assert.ThrowsAsync<ArgumentException>(() => store.DeleteAsync([key], Token));
        }
        Assert.Empty(await KeysAsync(store, "../"));
        Assert.Empty(await KeysAsync(store, "/"));
        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Combine(_outer.Path, "secret"), Token));
    }

    [Fact(Timeout = Limit)]
    public async Task Every_version_has_a_new_ETag_even_of_the_same_content_and_with_the_clock_set_back()
    {
        var store = await CreateAsync();
        var seen = new HashSet<string?>(StringComparer.Ordinal);

        for (var round = 0; round < 200; round++)
            Assert.True(seen.Add(await WriteAsync(store, "a", "same")));
        File.SetLastWriteTimeUtc(Path.Combine(Root, "a"), DateTime.UtcNow.AddHours(1));
        for (var round = 0; round < 10; round++)
            Assert.True(seen.Add(await WriteAsync(store, "a", "same")));

        Assert.True((await store.HeadAsync("a", Token))!.LastModified > DateTimeOffset.UtcNow.AddMinutes(59));
        await store.DeleteAsync(["a"], Token);
        Assert.True(seen.Add(await WriteAsync(store, "a", "same")));
    }

    [Fact(Timeout = Limit)]
    public async Task A_reader_keeps_the_version_that_it_opened()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a", "one");

        await using var stored = await store.GetAsync("a", range: null, unlessETag: null, Token);
        await WriteAsync(store, "a", "another");
        await store.DeleteAsync(["a"], Token);

        Assert.Equal("one"u8.ToArray(), await ReadAsync(stored!));
    }

    [Fact(Timeout = Limit)]
    public async Task A_hanging_writer_delays_others_of_the_same_key_for_a_bounded_time()
    {
        var store = new DirectoryObjectStore(Root, TimeSpan.FromMilliseconds(300));
        using var release = new SemaphoreSlim(0);
        var hanging = store.PutAsync("a", new HangingStream(release), WriteCondition.None, Token);

        Assert.Equal("x", await WriteAsync(store, "b", "x") is null ? null : "x"); // another key is not held up
        Assert.Null(await ReadAsync(store, "a"));
        Assert.Equal(["b"], await KeysAsync(store, ""));
        var timeout = await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a", "x"));
        Assert.True(timeout.TimedOut);
        Assert.True((await Assert.ThrowsAsync<UpstreamException>(() => store.DeleteAsync(["a"], Token))).TimedOut);

        release.Release();
        Assert.NotNull(await hanging);
        Assert.Equal("slow", await ReadAsync(store, "a"));
        Assert.Equal(["a", "b"], Left());
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_cannot_also_be_a_folder()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a", "x");
        await WriteAsync(store, "b/c", "x");

        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "a/b", "x"))).StatusCode);
        Assert.Equal(502, (await Assert.ThrowsAsync<UpstreamException>(() => WriteAsync(store, "b", "x"))).StatusCode);
        await store.DeleteAsync(["b", "a/b"], Token);
        Assert.Equal(["a", "b", "b/c"], Left());
    }

    [Fact(Timeout = Limit)]
    public async Task Content_that_cannot_be_read_changes_nothing()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a", "one");

        await Assert.ThrowsAnyAsync<Exception>(() => store.PutAsync("a", new BreakingStream(), WriteCondition.None, Token));
        await Assert.ThrowsAnyAsync<Exception>(() => store.PutAsync("b/c", new BreakingStream(), WriteCondition.None, Token));

        Assert.Equal("one", await ReadAsync(store, "a"));
        Assert.Equal(["a"], Left());
    }

    [Fact(Timeout = Limit)]
    public async Task Folders_appear_and_disappear_under_many_writers()
    {
        var stores = Enumerable.Range(0, 4).Select(_ => new DirectoryObjectStore(Root, TimeSpan.FromSeconds(60))).ToList();

        await Task.WhenAll(stores.SelectMany((store, number) => Enumerable.Range(0, 3).Select(lane => Task.Run(
            async () =>
            {
                for (var round = 0; round < 60; round++)
                {
                    Assert.NotNull(await WriteAsync(store, $"x/y/{number}-{lane}", "x", WriteCondition.IfNew));
                    await store.DeleteAsync([$"x/y/{number}-{lane}"], Token);
                }
            },
            Token))));

        Assert.Empty(Left());
    }

    private List<string> Left()
    {
        var everything = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        return
        [
            .. Directory.EnumerateFileSystemEntries(Root, "*", everything).Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal),
        ];
    }

    private sealed class HangingStream(SemaphoreSlim release) : MemoryStream("slow"u8.ToArray())
    {
        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            await release.WaitAsync(cancellationToken);
            await base.CopyToAsync(destination, bufferSize, cancellationToken);
        }
    }

    private sealed class BreakingStream() : MemoryStream(new byte[100])
    {
        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            destination.WriteByte(1);
            throw new IOException("The disk is broken.");
        }
    }
}
