using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using System.Text;
using Reelseal.Local;
using Reelseal.Local.Functions;
using Reelseal.Local.Keys;
using Reelseal.Storage;
using Reelseal.Testing;
using Reelseal.Tokens;

namespace Reelseal.EndToEnd.Tests;

/// <summary>sign-playlist in the 256 MiB that stack.yml gives it: many viewers at once may ask for the longest playlists there are, uncompressed.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SignMemoryTests
{
    private const int ContainerMiB = 256;

    /// <summary>A day of two-second segments.</summary>
    private const int Segments = 43_200;

    [Fact(Timeout = 240_000)]
    public async Task A_day_of_two_second_segments_is_signed_for_many_at_once_within_the_containers_memory()
    {
        Published.Require();
        var cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryDirectory();
        using var secrets = Secrets.Create(SigningKeyKind.Rsa); // all of its signatures are equally long
        var store = new DirectoryObjectStore(folder.Path, TimeSpan.FromSeconds(30));
        await using var function = await FunctionProcess.StartAsync(
            new()
            {
                Name = LocalSystem.SignPlaylist,
                Executable = Path.Combine(new LocalOptions().FunctionsDirectory, LocalSystem.SignPlaylist, "Root"),
                SecretsDirectory = secrets.Directory,
                Environment = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["STORE_DIRECTORY"] = folder.Path, ["CLOUDFRONT_URL"] = "https://d111111abcdef8.cloudfront.net", ["KEY_PAIR_ID"] = secrets.KeyPair.Id,
                    // In a container the runtime takes three quarters of its memory for the heap, and no more.
                    ["DOTNET_GCHeapHardLimit"] = (ContainerMiB * 3 / 4 * 1024 * 1024).ToString("x", CultureInfo.InvariantCulture),
                },
            },
            cancellation);
        using var http = new HttpClient { BaseAddress = function.Address, Timeout = TimeSpan.FromMinutes(3) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", new TokenMint(secrets.TokenKey, TimeProvider.System).Mint(new() { Scopes = [Scopes.Play] }));
        var day = Encoding.ASCII.GetBytes("#EXTM3U\n" + string.Concat(Enumerable.Range(0, Segments).Select(number => $"#EXTINF:2.000000,\n{number:D5}.ts\n")));

        // The same for twelve viewers, then forty different ones.
        var one = await PutAsync(day);
        var lengths = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => LengthAsync(one)));
        Assert.Single(lengths.Distinct());
        Assert.InRange(lengths[0], Segments * 300L, Segments * 1000L);
        var different = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => PutAsync(day)));
        Assert.All(await Task.WhenAll(different.Select(LengthAsync)), length => Assert.Equal(lengths[0], length));

        // Eight mebibytes of URIs of one byte would be two gigabytes: refused in words, as often as it is asked for.
        var tiny = new byte[8 << 20];
        for (var at = 0; at < tiny.Length; at += 2)
            (tiny[at], tiny[at + 1]) = ((byte)'a', (byte)'\n');
        "#EXTM3U\n"u8.CopyTo(tiny);
        var keys = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => PutAsync(tiny)));
        await Task.WhenAll(keys.Select(async key =>
        {
            using var answer = await http.GetAsync(key, cancellation);
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            Assert.Contains("too many to sign", await answer.Content.ReadAsStringAsync(cancellation), StringComparison.Ordinal);
        }));

        Assert.InRange(PeakMiB(function.Id), 1, ContainerMiB);
        Assert.DoesNotContain("OutOfMemory", function.Log.ToString(), StringComparison.Ordinal);

        async Task<string> PutAsync(byte[] content)
        {
            var key = $"videos/{VideoId.New()}/a/720p/playlist.m3u8";
            Assert.NotNull(await store.PutAsync(key, new MemoryStream(content), WriteCondition.None, cancellation));
            return key;
        }

        async Task<long> LengthAsync(string key)
        {
            using var answer = await http.GetAsync(key, HttpCompletionOption.ResponseHeadersRead, cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            var buffer = new byte[64 << 10];
            var length = 0L;
            while (await body.ReadAsync(buffer, cancellation) is > 0 and var read)
                length += read;
            return length;
        }
    }

    /// <summary>The most memory that a process has held, file pages that it mapped included.</summary>
    private static double PeakMiB(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
