using System.Diagnostics;
using System.Net;
using System.Text;
using IngestVideo.Status;
using IngestVideo.Tests.Chunks;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>A work directory without room is the machine's fault: 507, and nothing left behind.</summary>
public sealed class FullDiskTests
{
    private const int Limit = 300_000;

    [Theory(Timeout = Limit)]
    [InlineData("raw")]
    [InlineData("form")]
    [InlineData("reference")]
    public async Task A_source_that_does_not_fit_on_the_disk_is_answered_507(string way)
    {
        using var disk = SmallDisk.Mount(megabytes: 1);
        await using var host = await IngestHost.StartAsync(("WORK_DIRECTORY", disk.Folder));
        var id = VideoId.New();
        var source = new byte[3 << 20];
        "\0\0\0\u0020ftypmp42"u8.CopyTo(source);

        using var response = way switch
        {
            "raw" => await host.PostAsync(new MemoryStream(source), id),
            "form" => await host.Client.PostAsync(
                new Uri("/", UriKind.Relative), new MultipartFormDataContent { { new ByteArrayContent(source), "file", "video.mp4" } }),
            _ => await ByReferenceAsync(host, id, source),
        };

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.InsufficientStorage, "no room");
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Folder));
        if (way == "reference") // the upload stays, to be tried again, and the status says why
            Assert.Equal([$"status/{id}.json", $"uploads/{id}"], await host.KeysAsync());
        else
            await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_disk_that_fills_up_while_encoding_is_answered_507()
    {
        using var disk = SmallDisk.Mount(megabytes: 17);
        await using var host = await IngestHost.StartAsync(("WORK_DIRECTORY", disk.Folder));
        await File.WriteAllBytesAsync(Path.Combine(disk.Folder, "another's"), new byte[2 << 20]);
        var id = VideoId.New();

        using var response = await host.PostAsync(await Clip.SimpleAsync(), id);

        await IngestTests.AssertProblemAsync(response, HttpStatusCode.InsufficientStorage, "no room");
        Assert.Equal([$"status/{id}.json"], await host.KeysAsync());
        Assert.Contains("no room", (await host.WaitForAsync(id, status => status.State == VideoState.Failed)).Error, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(disk.Folder, "another's")], Directory.EnumerateFileSystemEntries(disk.Folder));
        Assert.Empty(RunningPrograms.WorkingIn(disk.Folder));
    }

    [Fact(Timeout = Limit)]
    public async Task A_small_disk_and_a_slow_store_still_give_the_whole_video()
    {
        // ffmpeg itself is silent where a segment cannot be written to its end, and ends with success.
        var clip = await NoisyAsync();
        // The required free space, the source, and room for the two segments that wait for a third, that one and a half.
        using var disk = SmallDisk.Mount(megabytes: 16 + (int)(new FileInfo(clip).Length >> 20) + 18);
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        var ladder = Path.Combine(root, "ladder.json");
        await File.WriteAllTextAsync(ladder, """{"rungs":[{"name":"only","width":320,"height":180,"kilobitsPerSecond":6000}]}""");
        var real = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        await using var host = await IngestHost.StartAsync(
            root,
            services => services.AddSingleton<IObjectStore>(
                new ChangedStore(real, key => key.EndsWith(".ts", StringComparison.Ordinal) ? Task.Delay(200) : Task.CompletedTask)),
            ("WORK_DIRECTORY", disk.Folder), ("LADDER_FILE", ladder));
        var video = await host.IngestAsync(clip);

        await StreamAssert.IsCorrectAsync(video);
        var bytes = Directory.EnumerateFiles(video.Folder, "*.ts", SearchOption.AllDirectories).Sum(path => new FileInfo(path).Length);
        Assert.True(bytes > 20 << 20, $"{bytes} bytes would have fitted as they are.");
    }

    [Fact(Timeout = Limit)]
    public async Task Packets_of_chunks_that_find_no_room_beside_the_source_cost_no_video()
    {
        var clip = await NoisyAsync();
        using var disk = SmallDisk.Mount(megabytes: 16 + (int)(new FileInfo(clip).Length >> 20) + 12);
        await using var cluster = await ChunkCluster.StartAsync(workers: 0, ("WORK_DIRECTORY", disk.Folder));
        cluster.OnCall = (context, _) => Task.FromResult(context.Response.StatusCode = StatusCodes.Status429TooManyRequests);

        await StreamAssert.IsCorrectAsync(await cluster.Lead.IngestAsync(clip));

        await cluster.AssertNoWorkAsync();
        Assert.Contains(cluster.Lead.Warnings, line => line.Contains("it cannot be encoded in chunks: There is no room", StringComparison.Ordinal));
    }

    /// <summary>About 20 MB, which is less than its renditions.</summary>
    private static Task<string> NoisyAsync() => Clip.MakeAsync(
        "noisy.mp4", "-f lavfi -i color=gray:s=320x180:r=25:d=48 -vf noise=alls=80:allf=t -c:v libx264 -preset ultrafast -crf 30 -g 250 -pix_fmt yuv420p");

    private static async Task<HttpResponseMessage> ByReferenceAsync(IngestHost host, VideoId id, byte[] source)
    {
        await host.Store.PutAsync($"uploads/{id}", new MemoryStream(source), WriteCondition.None, CancellationToken.None);
        return await host.Client.PostAsync("/", new StringContent($$"""{"source":"uploads/{{id}}"}""", Encoding.UTF8, "application/json"));
    }

    /// <summary>A file system of a given size, in memory.</summary>
    private sealed class SmallDisk : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("reelseal-disk-").FullName;

        public static SmallDisk Mount(int megabytes)
        {
            var disk = new SmallDisk();
            var (exitCode, errors) = Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Folder);
            if (exitCode != 0)
                Directory.Delete(disk.Folder);
            Assert.SkipWhen(exitCode != 0, $"A small file system cannot be mounted here: {errors.Trim()}");
            return disk;
        }

        public void Dispose()
        {
            Run("umount", "--lazy", Folder);
            Directory.Delete(Folder);
        }

        private static (int ExitCode, string Errors) Run(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, errors);
        }
    }
}
