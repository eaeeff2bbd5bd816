using System.Diagnostics;
using System.Text;
using Reelseal.Storage;

namespace Reelseal.Tests.Storage;

/// <summary>The behaviour that both stores share.</summary>
public abstract class ObjectStoreTests
{
    protected const int Limit = 300_000; // milliseconds

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<IObjectStore> CreateAsync();

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(9_000_001)]
    public async Task An_object_is_read_back_as_written(int length)
    {
        var store = await CreateAsync();
        var content = RandomBytes(length);

        var eTag = await store.PutAsync("videos/a/00000.ts", new MemoryStream(content), WriteCondition.None, Token);

        await using var stored = await store.GetAsync("videos/a/00000.ts", range: null, unlessETag: null, Token);
        Assert.NotNull(stored);
        Assert.False(stored.NotModified);
        Assert.Equal(content, await ReadAsync(stored));
        Assert.Matches("^\"[^\"]+\"$", eTag);
        Assert.Equal((eTag, length, "videos/a/00000.ts"), (stored.Entry.ETag, stored.Entry.Length, stored.Entry.Key));
        Assert.Equal(DateTimeOffset.UtcNow, stored.Entry.LastModified, TimeSpan.FromSeconds(10));
        Assert.Equal(
            stored.Entry with { LastModified = default, Age = default },
            (await store.HeadAsync("videos/a/00000.ts", Token))! with { LastModified = default, Age = default });
    }

    [Fact(Timeout = Limit)]
    public async Task A_missing_object_is_null()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a/b", "");

        foreach (var key in (string[])["c", "a", "a/c", "a/b/c", "a/b/c/d"])
        {
            Assert.Null(await store.HeadAsync(key, Token));
            Assert.Null(await store.GetAsync(key, range: null, unlessETag: null, Token));
            Assert.Null(await store.GetAsync(key, new ByteRange(0, 1), "\"x\"", Token));
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(0, 1)]
    [InlineData(0, 10)]
    [InlineData(9, 1)]
    [InlineData(3, 4)]
    public async Task A_range_is_read(int offset, int length)
    {
        var store = await CreateAsync();
        await WriteAsync(store, "digits", "0123456789");

        await using var stored = await store.GetAsync("digits", new ByteRange(offset, length), unlessETag: null, Token);

        Assert.Equal("0123456789".Substring(offset, length), Encoding.UTF8.GetString(await ReadAsync(stored!)));
        Assert.Equal(10, stored!.Entry.Length);
        Assert.Equal(length, stored.Content.Length);
    }

    [Theory(Timeout = Limit)]
    [InlineData(10, 1)]
    [InlineData(0, 11)]
    [InlineData(9, 2)]
    [InlineData(1000, 1)]
    [InlineData(-1, 2)]
    [InlineData(0, 0)]
    [InlineData(1, long.MaxValue)]
    public async Task A_range_outside_of_the_object_is_refused(long offset, long length)
    {
        var store = await CreateAsync();
        await WriteAsync(store, "digits", "0123456789");

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.GetAsync("digits", new ByteRange(offset, length), unlessETag: null, Token));
    }

    [Fact(Timeout = Limit)]
    public async Task An_object_that_the_reader_already_has_comes_without_content()
    {
        var store = await CreateAsync();
        var first = await WriteAsync(store, "a.m3u8", "one");

        await using (var same = await store.GetAsync("a.m3u8", range: null, first, Token))
        {
            Assert.True(same!.NotModified);
            Assert.Equal(first, same.Entry.ETag);
            Assert.Throws<InvalidOperationException>(() => same.Content);
        }

        var second = await WriteAsync(store, "a.m3u8", "two");
        await using var changed = await store.GetAsync("a.m3u8", range: null, first, Token);
        Assert.False(changed!.NotModified);
        Assert.Equal(second, changed.Entry.ETag);
        Assert.Equal("two"u8.ToArray(), await ReadAsync(changed));
    }

    [Fact(Timeout = Limit)]
    public async Task A_new_object_is_written_once()
    {
        var store = await CreateAsync();

        var first = await WriteAsync(store, "a", "one", WriteCondition.IfNew);
        var second = await WriteAsync(store, "a", "two", WriteCondition.IfNew);

        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal("one", await ReadAsync(store, "a"));
        await store.DeleteAsync(["a"], Token);
        Assert.NotNull(await WriteAsync(store, "a", "three", WriteCondition.IfNew));
    }

    [Fact(Timeout = Limit)]
    public async Task An_object_is_replaced_only_if_it_has_not_changed()
    {
        var store = await CreateAsync();
        var first = await WriteAsync(store, "a", "one");

        var second = await WriteAsync(store, "a", "two", WriteCondition.IfUnchanged(first!));
        Assert.NotNull(second);
        Assert.NotEqual(first, second, StringComparer.Ordinal);
        Assert.Null(await WriteAsync(store, "a", "three", WriteCondition.IfUnchanged(first!)));
        Assert.Equal("two", await ReadAsync(store, "a"));

        await store.DeleteAsync(["a"], Token);
        Assert.Null(await WriteAsync(store, "a", "four", WriteCondition.IfUnchanged(second)));
        Assert.Null(await WriteAsync(store, "never", "four", WriteCondition.IfUnchanged(second)));
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Fact(Timeout = Limit)]
    public async Task A_writer_with_a_condition_of_its_own_loses_even_with_the_same_content()
    {
        var store = await CreateAsync();

        Assert.NotNull(await WriteAsync(store, "a", "same", WriteCondition.IfNew));

        Assert.Null(await WriteAsync(store, "a", "same", WriteCondition.IfNew));
    }

    [Fact(Timeout = Limit)]
    public async Task Content_is_written_from_its_start_and_stays_open()
    {
        var store = await CreateAsync();
        using var content = new MemoryStream("content"u8.ToArray()) { Position = 5 };

        await store.PutAsync("a", content, WriteCondition.None, Token);
        await store.PutAsync("b", content, WriteCondition.None, Token);

        Assert.Equal("content", await ReadAsync(store, "a"));
        Assert.Equal("content", await ReadAsync(store, "b"));
        Assert.True(content.CanRead);
    }

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(9_000_001)]
    public async Task An_object_is_copied_inside_the_store(int length)
    {
        var store = await CreateAsync();
        var content = RandomBytes(length);
        await store.PutAsync("work/a b/00000.ts", new MemoryStream(content), WriteCondition.IfNew, Token);

        Assert.True(await store.CopyAsync("work/a b/00000.ts", "videos/a/00007.ts", Token));

        await using var copy = await store.GetAsync("videos/a/00007.ts", range: null, unlessETag: null, Token);
        Assert.Equal(content, await ReadAsync(copy!));
        Assert.Equal(["videos/a/00007.ts", "work/a b/00000.ts"], await KeysAsync(store, ""));
    }

    [Fact(Timeout = Limit)]
    public async Task A_copy_replaces_what_was_there_and_a_missing_object_is_not_copied()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a", "one");
        var before = await WriteAsync(store, "b", "two");

        Assert.False(await store.CopyAsync("c", "b", Token));
        Assert.False(await store.CopyAsync("../a", "b", Token));
        Assert.Equal("two", await ReadAsync(store, "b"));
        Assert.True(await store.CopyAsync("a", "b", Token));

        Assert.Equal("one", await ReadAsync(store, "b"));
        Assert.Null(await WriteAsync(store, "b", "three", WriteCondition.IfUnchanged(before!)));
        await Assert.ThrowsAsync<ArgumentException>(() => store.CopyAsync("a", "../b", Token));
    }

    [Fact(Timeout = Limit)]
    public async Task A_reader_never_sees_half_of_one_version_and_half_of_another()
    {
        var store = await CreateAsync();
        var versions = Enumerable.Range(0, 8).Select(version => Enumerable.Repeat((byte)version, 200_000 + (version * 10_000)).ToArray()).ToArray();
        await store.PutAsync("a", new MemoryStream(versions[0]), WriteCondition.None, Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        stop.CancelAfter(TimeSpan.FromSeconds(2));
        var reads = 0;

        var writer = Task.Run(
            async () =>
            {
                for (var round = 0; !stop.IsCancellationRequested; round++)
                    await store.PutAsync("a", new MemoryStream(versions[round % versions.Length]), WriteCondition.None, Token);
            },
            Token);
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await using var stored = await store.GetAsync("a", range: null, unlessETag: null, Token);
                    var content = await ReadAsync(stored!);
                    Assert.Equal(versions[content[0]], content);
                    Assert.Equal(stored!.Entry.Length, content.Length);
                    Interlocked.Increment(ref reads);
                }
            },
            Token));
        await Task.WhenAll([writer, .. readers]);

        Assert.True(reads > 10, $"Only {reads} reads.");
    }

    [Fact(Timeout = Limit)]
    public async Task Objects_are_listed_in_the_order_of_their_keys_whatever_folders_they_are_in()
    {
        var store = await CreateAsync();
        string[] keys = ["a", "a b", "a!/x", "a-b", "a.b", "a/b", "a/b-c", "a/b.json", "a/bb/c", "a0", "aa", "b/a/a/a", "b/a/b"];
        foreach (var key in keys[1..].Reverse()) // in a directory "a" cannot be both
            await WriteAsync(store, key, key);

        Assert.Equal(keys[1..].Order(StringComparer.Ordinal), await KeysAsync(store, ""), StringComparer.Ordinal);
        Assert.Equal(["a/b", "a/b-c", "a/b.json", "a/bb/c"], await KeysAsync(store, "a/"));
        Assert.Equal(["a/b", "a/b-c", "a/b.json", "a/bb/c"], await KeysAsync(store, "a/b"));
        Assert.Equal(["a/bb/c"], await KeysAsync(store, "a/bb"));
        Assert.Equal(["b/a/a/a", "b/a/b"], await KeysAsync(store, "b"));
        Assert.Empty(await KeysAsync(store, "c"));
        Assert.Empty(await KeysAsync(store, "a/b/c/d/"));
        Assert.Empty(await KeysAsync(store, "../"));
        await foreach (var entry in store.ListAsync("", Token))
            Assert.Equal(
                (await store.HeadAsync(entry.Key, Token))! with { LastModified = default, Age = default },
                entry with { LastModified = default, Age = default });

        Assert.Equal(["a/bb/c", "a0"], await store.ListAsync("", startAfter: "a/b.json", Token).Select(entry => entry.Key).Take(2).ToListAsync(Token));
        Assert.Equal(["a/b.json", "a/bb/c"], await store.ListAsync("a/", startAfter: "a/b-c", Token).Select(entry => entry.Key).ToListAsync(Token));
        Assert.Empty(await store.ListAsync("a/", startAfter: "b", Token).ToListAsync(Token));
    }

    [Fact(Timeout = Limit)]
    public async Task The_age_of_an_object_grows_and_starts_again_with_each_write()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a", "one");
        await Task.Delay(TimeSpan.FromSeconds(3), Token);

        Assert.InRange((await store.HeadAsync("a", Token))!.Age.TotalSeconds, 2, 20); // S3 counts in whole seconds
        var since = Stopwatch.StartNew();
        await WriteAsync(store, "a", "two");
        await using var read = await store.GetAsync("a", range: null, unlessETag: null, Token);
        Assert.InRange(read!.Entry.Age.TotalSeconds, 0, since.Elapsed.TotalSeconds + 1);
    }

    [Fact(Timeout = Limit)]
    public async Task More_objects_than_fit_one_answer_are_listed_and_deleted()
    {
        var store = await CreateAsync();
        var keys = Enumerable.Range(0, 1_050).Select(number => $"videos/{number % 3}/{number:d5}.ts").Order(StringComparer.Ordinal).ToList();
        var sixteen = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token };
        await Parallel.ForEachAsync(keys, sixteen, async (key, _) => await WriteAsync(store, key, key));
        await WriteAsync(store, "other", "");

        Assert.Equal(keys, await KeysAsync(store, "videos/"));
        await store.DeleteAsync([.. keys, "videos/never-was"], Token);

        Assert.Equal(["other"], await KeysAsync(store, ""));
    }

    [Fact(Timeout = Limit)]
    public async Task Objects_deleted_while_they_are_listed_cause_no_error()
    {
        var store = await CreateAsync();
        foreach (var key in (string[])["a/1/x", "a/2/x", "a/3/x"])
            await WriteAsync(store, key, "");

        var listed = new List<string>();
        await foreach (var entry in store.ListAsync("a/", Token))
        {
            listed.Add(entry.Key);
            await store.DeleteAsync(["a/2/x", "a/3/x"], Token);
        }

        Assert.Equal("a/1/x", listed[0]); // whether the others are still listed is open
        Assert.Equal(["a/1/x"], await KeysAsync(store, ""));
    }

    [Theory(Timeout = Limit)]
    [InlineData("a b+c%20d%2Fe&f=g;h")]
    [InlineData("a.../b..c/d.")]
    [InlineData("x/~!@#$^*()_-[]{}|:'\",<>?`")]
    [InlineData("x/.hidden")]
    public async Task A_key_may_hold_any_printable_character(string key)
    {
        var store = await CreateAsync();

        Assert.NotNull(await WriteAsync(store, key, "x", WriteCondition.IfNew));

        Assert.Equal("x", await ReadAsync(store, key));
        Assert.Equal([key], await KeysAsync(store, ""));
        Assert.Equal([key], await KeysAsync(store, key[..3]));
        await store.DeleteAsync([key], Token);
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Theory(Timeout = Limit)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("a/..")]
    [InlineData("a/./b")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("a\\b")]
    [InlineData("..\\outside")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("ä")]
    [InlineData(".writing/x")]
    [InlineData(".hidden")]
    public async Task An_impossible_key_names_no_object(string key)
    {
        var store = await CreateAsync();

        Assert.False(ObjectKey.IsValid(key));
        Assert.Null(await store.HeadAsync(key, Token));
        Assert.Null(await store.GetAsync(key, range: null, unlessETag: null, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(store, key, "x"));
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Fact]
    public void A_key_has_at_most_1024_bytes_and_255_in_a_segment()
    {
        var segment = new string('a', 255);

        Assert.True(ObjectKey.IsValid($"{segment}/{segment}/{segment}/{segment}"));
        Assert.False(ObjectKey.IsValid($"{segment}/{segment}/{segment}/{segment}/a"));
        Assert.False(ObjectKey.IsValid(segment + "a"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_cancelled_write_throws_and_writes_nothing()
    {
        var store = await CreateAsync();
        await WriteAsync(store, "a", "one");
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.HeadAsync("a", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.GetAsync("a", range: null, unlessETag: null, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.PutAsync("a", new MemoryStream("two"u8.ToArray()), WriteCondition.None, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.DeleteAsync(["a"], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.ListAsync("", cancelled).GetAsyncEnumerator(cancelled).MoveNextAsync());
        Assert.Equal("one", await ReadAsync(store, "a"));
    }

    [Fact(Timeout = Limit)]
    public async Task Cancelling_also_ends_the_reading()
    {
        var store = await CreateAsync();
        await store.PutAsync("a", new MemoryStream(new byte[5_000_000]), WriteCondition.None, Token);
        using var caller = new CancellationTokenSource();
        using var reader = new CancellationTokenSource();
        var buffer = new byte[10];

        await using var first = await store.GetAsync("a", range: null, unlessETag: null, caller.Token);
        await using var second = await store.GetAsync("a", range: null, unlessETag: null, CancellationToken.None);
        await first!.Content.ReadExactlyAsync(buffer, Token);
        await second!.Content.ReadExactlyAsync(buffer, Token);
        await caller.CancelAsync();
        await reader.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Content.CopyToAsync(Stream.Null, Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Content.CopyToAsync(Stream.Null, reader.Token));
    }

    protected static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    protected static async Task<string?> WriteAsync(IObjectStore store, string key, string content, WriteCondition condition = default)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(content));
        return await store.PutAsync(key, stream, condition, Token);
    }

    protected static async Task<string?> ReadAsync(IObjectStore store, string key)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, Token);
        return stored is null ? null : Encoding.UTF8.GetString(await ReadAsync(stored));
    }

    protected static async Task<byte[]> ReadAsync(StoredObject stored)
    {
        using var memory = new MemoryStream();
        await stored.Content.CopyToAsync(memory, Token);
        return memory.ToArray();
    }

    protected static async Task<IReadOnlyList<string>> KeysAsync(IObjectStore store, string prefix)
    {
        var keys = new List<string>();
        await foreach (var entry in store.ListAsync(prefix, Token))
            keys.Add(entry.Key);
        return keys;
    }
}
