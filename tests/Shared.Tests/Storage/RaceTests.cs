using System.Text;
using Reelseal.Storage;
using Reelseal.Testing;

namespace Reelseal.Tests.Storage;

/// <summary>Of twenty writers in five processes exactly one wins, in every round.</summary>
public sealed class RaceTests(CephRgw rgw)
{
    private const int Limit = 300_000; // milliseconds
    private const int Rounds = 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60); // the machine may be busy

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public Task A_directory_has_one_winner() => ADirectoryHasOneWinnerAsync(Rounds);

    [Fact(Timeout = 100 * Limit)]
    [Trait("Category", "Soak")]
    public Task A_directory_has_one_winner_in_a_thousand_rounds() => ADirectoryHasOneWinnerAsync(1000);

    [Fact(Timeout = Limit)]
    public Task S3_has_one_winner() => S3HasOneWinnerAsync(Rounds);

    [Fact(Timeout = 100 * Limit)]
    [Trait("Category", "Soak")]
    public Task S3_has_one_winner_in_a_thousand_rounds() => S3HasOneWinnerAsync(1000);

    [Fact(Timeout = Limit)]
    public async Task A_writer_killed_at_any_moment_leaves_the_directory_consistent_and_unlocked()
    {
        using var directory = new TemporaryDirectory();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["STORE_DIRECTORY"] = directory.Path, ["S3_TIMEOUT"] = "60s" };
        var store = new DirectoryObjectStore(directory.Path, s_patience);
        await using var writers = await Writers.StartAsync(environment, Token);
        for (var round = 0; round < 15; round++)
        {
            await writers.RaceAndKillOneAsync("race/a", TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * 15), environment, Token);
            var content = await ReadAsync(store, "race/a");
            Assert.Equal(WholeOf(content![..32]), content);
        }

        // The first write of a new process removes what killed processes left behind.
        await WriteAsync(new DirectoryObjectStore(directory.Path, s_patience), "race/b");
        Assert.Equal(
            ["race", "race/a", "race/b"],
            Directory.GetFileSystemEntries(directory.Path, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(directory.Path, path))
                .Order(StringComparer.Ordinal).ToList());
    }

    [Fact(Timeout = Limit)]
    public async Task The_remains_of_a_killed_writer_block_nobody_and_are_removed()
    {
        using var directory = new TemporaryDirectory();
        var work = Directory.CreateDirectory(Path.Combine(directory.Path, ".writing")).FullName;
        await File.WriteAllTextAsync(Path.Combine(work, "0123.lock"), "", Token);
        await File.WriteAllTextAsync(Path.Combine(work, "0123.tmp"), "half", Token);
        await File.WriteAllTextAsync(Path.Combine(work, "4567.tmp"), "half", Token);
        var store = new DirectoryObjectStore(directory.Path, s_patience);

        await foreach (var entry in store.ListAsync("", Token))
            Assert.Fail($"{entry.Key} is listed.");
        await WriteAsync(store, "a");

        Assert.Equal(["a"], Directory.GetFileSystemEntries(directory.Path).Select(path => Path.GetFileName(path)).ToList());
    }

    private static async Task ADirectoryHasOneWinnerAsync(int rounds)
    {
        using var directory = new TemporaryDirectory();
        await OneWinnerEachAsync(
            new DirectoryObjectStore(directory.Path, s_patience),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["STORE_DIRECTORY"] = directory.Path, ["S3_TIMEOUT"] = "60s" },
            rounds);

        Assert.Equal(["race"], Directory.GetFileSystemEntries(directory.Path).Select(path => Path.GetFileName(path)).ToList());
    }

    private static async Task OneWinnerEachAsync(IObjectStore store, IReadOnlyDictionary<string, string> environment, int rounds)
    {
        await using var writers = await Writers.StartAsync(environment, Token);
        for (var round = 0; round < rounds; round++)
        {
            var first = Assert.Single(await writers.RaceAsync($"race/{round}", "-", Token));
            await IsStoredAsync(store, $"race/{round}", first);
            var second = Assert.Single(await writers.RaceAsync($"race/{round}", first.ETag, Token));
            await IsStoredAsync(store, $"race/{round}", second);
        }
        // Without a condition every writer succeeds, and one of them wins.
        var all = await writers.RaceAsync("race/all", "*", Token);
        Assert.Equal(Writers.Count, all.Count);
        var last = await store.HeadAsync("race/all", Token);
        var (name, _) = all.Single(one => one.ETag == last!.ETag);
        Assert.Equal(WholeOf(name), await ReadAsync(store, "race/all"));
    }

    private static async Task IsStoredAsync(IObjectStore store, string key, (string Name, string ETag) winner)
    {
        Assert.Equal(winner.ETag, (await store.HeadAsync(key, Token))!.ETag);
        Assert.Equal(WholeOf(winner.Name), await ReadAsync(store, key));
    }

    private static string WholeOf(string name) => string.Concat(Enumerable.Repeat(name, Writers.ObjectSize / name.Length));

    private static async Task WriteAsync(DirectoryObjectStore store, string key)
    {
        using var content = new MemoryStream("x"u8.ToArray());
        Assert.NotNull(await store.PutAsync(key, content, WriteCondition.None, Token));
    }

    private static async Task<string?> ReadAsync(IObjectStore store, string key)
    {
        await using var stored = await store.GetAsync(key, range: null, unlessETag: null, Token);
        if (stored is null)
            return null;
        using var memory = new MemoryStream();
        await stored.Content.CopyToAsync(memory, Token);
        return Encoding.ASCII.GetString(memory.ToArray());
    }

    private async Task S3HasOneWinnerAsync(int rounds)
    {
        var bucket = await rgw.CreateBucketAsync();
        await OneWinnerEachAsync(
            bucket.CreateStore(s_patience),
            new Dictionary<string, string>(bucket.Environment, StringComparer.Ordinal) { ["S3_TIMEOUT"] = "60s" },
            rounds);
    }
}
